# SPDX-License-Identifier: BSD-2-Clause
"""The manifests for Kubernetes, OpenShift and bpfman: rendered, checked strictly, and agreeing with each other and the tree."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from manifests import BY_HAND, DEPLOY, FOLDERS, ROOT, VERSION, documents, errors_in, kustomizations, name_of, pick, render

RENDERED = kustomizations("Kustomization")
COMPONENTS = kustomizations("Component")
OWN = DEPLOY / "kubernetes" / "overlays" / "daemonset"
READER = DEPLOY / "kubernetes" / "overlays" / "bpfman"
ALONE = DEPLOY / "openshift" / "user-workload-monitoring.yaml"


def pod_of(document: dict) -> dict | None:
    return document["spec"]["template"]["spec"] if document["kind"] in ("DaemonSet", "Job") else None


def containers_of(pod: dict) -> list[dict]:
    return pod.get("initContainers", []) + pod["containers"]


def copied(tmp_path: Path) -> Path:
    """A copy of ours, for a kustomization of a user's own beside it: paths in one have to be relative."""
    for name in FOLDERS:
        subprocess.run(["cp", "-r", DEPLOY / name, tmp_path / name], check=True)
    return tmp_path


def with_component(component: Path, base: Path, copy: Path) -> list[dict]:
    own = copy / f"{name_of(component)} on {name_of(base)}".replace("/", "-").replace(" ", "_")
    own.mkdir()
    written = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../{name_of(base)}"],
        "components": [f"../{name_of(component)}"],
    }
    (own / "kustomization.yaml").write_text(yaml.safe_dump(written))
    return render(own)


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files that a kustomization takes whole, and those that it takes as patches."""
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())
    resources = [folder / name for name in listed.get("resources", [])]
    patches = [folder / patch["path"] for patch in listed.get("patches", []) if "path" in patch]
    return [path for path in resources if path.is_file()], patches


WHOLE = sorted({path for folder in RENDERED + COMPONENTS for path in files_of(folder)[0]} | {ALONE})
JOB, PROFILE = (OWN.parent / "remove-from-node", "Job", "xdpstat-remove"), (DEPLOY / "openshift" / "bpfman", "SelinuxProfile", "xdpstat-reader")
DAEMON_SET, BPFMAN = (OWN, "DaemonSet", "xdpstat"), (DEPLOY / "bpfman", "ClusterBpfApplication", "xdpstat")
WRONG = [
    (DAEMON_SET, "spec/template/spec/hostNetworks", True, "spec.template.spec.hostNetworks: unknown field"),
    (DAEMON_SET, "spec/template/spec/containers/0/securityContext/runAsUser", "0", "wants integer"),
    ((OWN, "NetworkPolicy", "xdpstat"), "spec/ingress/0/port", 1, "unknown field"),
    ((OWN, "Namespace", "xdpstat"), "metadata/label", {}, "metadata.label: unknown field"),
    ((OWN, "ServiceAccount", "xdpstat"), "kind", "ServiceAcount", "no schema for v1/ServiceAcount"),
    (BPFMAN, "spec/programs/0/xdp/interfaces", [], "unknown field"),
    (BPFMAN, "spec/programs/0/xdp/links/0/priority", 1001, "above 1000"),
    ((DEPLOY / "openshift", "SecurityContextConstraints", "xdpstat"), "allowHostNetworks", True, "unknown field"),
    ((DEPLOY / "openshift", "PrometheusRule", "xdpstat"), "spec/groups/0/rules/0/exp", "1", "unknown field"),
    ((DEPLOY / "openshift", "PodMonitor", "xdpstat"), "spec/podMetricsEndpoints/0/bearer", "x", "unknown field"),
    (PROFILE, "spec/allows", {}, "'allows' was unexpected"),
    (PROFILE, "metadata/label", {}, "unknown field"),
    (JOB, "spec/backoff", 3, "'backoff' was unexpected"),
    (JOB, "spec/template/spec/node", "a", "unknown field"),
]


def changed(place: tuple[Path, str, str], path: str, value) -> dict:
    document = copy.deepcopy(pick(render(place[0]), *place[1:]))
    at = document
    *parents, last = [int(word) if word.isdigit() else word for word in path.split("/")]
    for word in parents:
        at = at[word]
    at[last] = value
    return document


@pytest.fixture(scope="module")
def errors(tmp_path_factory) -> dict[str, list[str]]:
    """Of all that is rendered, of each file by itself, and of what is wrong on purpose."""
    copy = copied(tmp_path_factory.mktemp("copy"))
    groups = {name_of(folder): render(folder) for folder in RENDERED}
    groups |= {f"{name_of(one)} on {name_of(base)}": with_component(one, base, copy) for one in COMPONENTS for base in (OWN, READER)}
    groups |= {name_of(path): documents(path.read_text()) for path in WHOLE}
    groups |= {f"wrong {number}": [changed(*wrong[:3])] for number, wrong in enumerate(WRONG)}
    assert all(groups.values())
    return errors_in(groups, tmp_path_factory.mktemp("checked"))


@pytest.mark.parametrize("folder", RENDERED, ids=name_of)
def test_what_is_rendered_is_valid(errors, folder):
    assert errors[name_of(folder)] == []


@pytest.mark.parametrize("base", [OWN, READER], ids=name_of)
@pytest.mark.parametrize("component", COMPONENTS, ids=name_of)
def test_each_component_goes_with_each_shape(errors, component, base):
    assert errors[f"{name_of(component)} on {name_of(base)}"] == []


@pytest.mark.parametrize("component", COMPONENTS, ids=name_of)
def test_each_component_changes_something(component, tmp_path):
    assert with_component(component, OWN, copied(tmp_path)) != render(OWN)


@pytest.mark.parametrize("file", WHOLE, ids=name_of)
def test_each_manifest_by_itself_is_valid(errors, file):
    assert errors[name_of(file)] == []


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_wrong_manifest_is_found(errors, number):
    (found,) = errors[f"wrong {number}"]
    assert WRONG[number][-1] in found


def test_every_file_is_used():
    """Or docs/openshift.md says how: test_pages.py."""
    used = {path.resolve() for folder in RENDERED + COMPONENTS for part in files_of(folder) for path in part}
    present = {path for name in FOLDERS for path in (DEPLOY / name).rglob("*") if path.is_file()}
    assert present - used == {folder / "kustomization.yaml" for folder in RENDERED + COMPONENTS} | {ALONE}


def test_a_kind_is_checked_by_hand_only_where_it_is_used():
    used = [one for folder in RENDERED for one in render(folder)] + [one for file in WHOLE for one in documents(file.read_text())]
    assert set(BY_HAND) <= {f"{one['apiVersion']}/{one['kind']}" for one in used}


# One source.
def generate(*arguments: str, tree: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, tree / "scripts" / "generate-manifests", *arguments], capture_output=True, text=True)


def test_what_is_generated_is_what_its_sources_say():
    outcome = generate("--check")
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "source, old, new, made",
    [
        ("prometheus/xdpstat.alerts.yml", "expr: xdpstat_up == 0", "expr: xdpstat_up == 2", "prometheus-rule.yaml"),
        ("prometheus/xdpstat.rules.yml", "# The whole fleet.", "# All.", "prometheus-rule.yaml"),
        ("grafana/xdpstat.json", '"unit": "pps"', '"unit": "bps"', "dashboard.yaml"),
        ("container/seccomp.json", '"errnoRet": 38', '"errnoRet": 39', "seccomp-profile.yaml"),
        ("openshift/monitoring/dashboard.yaml", '"span": 2', '"span": 3', "dashboard.yaml"),
    ],
)
def test_a_source_that_changes_is_noticed_and_written(source, old, new, made, tmp_path):
    (tmp_path / "scripts").mkdir()
    subprocess.run(["cp", ROOT / "scripts" / "generate-manifests", tmp_path / "scripts"], check=True)
    subprocess.run(["cp", "-r", DEPLOY, tmp_path / "deploy"], check=True)
    file = tmp_path / "deploy" / source
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    outcome = generate("--check", tree=tmp_path)
    assert outcome.returncode == 1 and made in outcome.stderr and len(outcome.stderr.splitlines()) == 1
    assert generate(tree=tmp_path).returncode == 0
    assert generate("--check", tree=tmp_path).returncode == 0


def test_the_rules_are_those_of_prometheus():
    """As Prometheus would read them, and not only as text."""
    groups = [group for name in ("rules", "alerts") for group in yaml.safe_load((DEPLOY / "prometheus" / f"xdpstat.{name}.yml").read_text())["groups"]]
    assert pick(render(OWN.parent / "prometheus-operator"), "PrometheusRule")["spec"]["groups"] == groups


def test_the_console_draws_every_panel_but_the_heat_map():
    """The kinds of panel that it knows: openshift/monitoring-plugin, legacy-dashboard.tsx."""
    board = yaml.safe_load(pick(render(DEPLOY / "openshift"), "ConfigMap", "dashboard-xdpstat")["data"]["xdpstat.json"])
    drawn = [panel for row in board["rows"] for panel in row["panels"]]
    assert {panel["type"] for panel in drawn} == {"singlestat", "graph", "table"}
    source = yaml.safe_load((DEPLOY / "grafana" / "xdpstat.json").read_text())["panels"]
    asked = {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in source if panel["type"] not in ("row", "heatmap")}
    assert {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in drawn} == asked
    assert all(panel["styles"] for panel in drawn if panel["type"] == "table")


def test_images_are_of_this_version():
    images = {container["image"] for folder in RENDERED for one in render(folder) if (pod := pod_of(one)) for container in containers_of(pod)}
    assert images == {f"xdpstat:{VERSION}"}
    bytecode = {one["spec"]["byteCode"]["image"]["url"] for folder in RENDERED for one in render(folder) if one["kind"] == "ClusterBpfApplication"}
    assert bytecode == {f"xdpstat-bytecode:{VERSION}"}


def test_program_and_maps_are_those_of_the_object():
    source = (ROOT / "bpf" / "xdp_counter.bpf.c").read_text()
    programs = re.findall(r'^SEC\("xdp[^"]*"\)\nint (\w+)\(', source, re.MULTILINE)
    maps = re.findall(r'^} (\w+) SEC\("\.maps"\);', source, re.MULTILINE)
    for folder in (DEPLOY / "bpfman", DEPLOY / "bpfman" / "each-interface"):
        rendered = render(folder)
        loaded = {one["metadata"]["name"]: one["spec"]["programs"] for one in rendered if one["kind"] == "ClusterBpfApplication"}
        assert all([program["name"] for program in each] == programs for each in loaded.values())
        volumes = [volume["csi"]["volumeAttributes"] for volume in pod_of(pick(rendered, "DaemonSet"))["volumes"]]
        assert {volume["csi.bpfman.io/program"] for volume in volumes} == set(loaded)
        assert all(volume["csi.bpfman.io/maps"] == ",".join(maps) for volume in volumes)


def test_each_interface_is_mounted_by_its_name():
    rendered = render(DEPLOY / "bpfman" / "each-interface")
    attached = {
        one["metadata"]["name"]: one["spec"]["programs"][0]["xdp"]["links"][0]["interfaceSelector"]["interfaces"]
        for one in rendered
        if one["kind"] == "ClusterBpfApplication"
    }
    pod = pod_of(pick(rendered, "DaemonSet"))
    programs = {volume["name"]: volume["csi"]["volumeAttributes"]["csi.bpfman.io/program"] for volume in pod["volumes"]}
    mounts = pod["containers"][0]["volumeMounts"]
    assert len(mounts) == len(attached) == len(programs)
    for mount in mounts:
        assert attached[programs[mount["name"]]] == [Path(mount["mountPath"]).name]


# What a pod may.
@pytest.mark.parametrize("folder", RENDERED, ids=name_of)
def test_a_pod_may_no_more_than_it_needs(folder):
    pods = [pod for one in render(folder) if (pod := pod_of(one))]
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
        # bpfman-operator v0.6.0, config/bpfman-deployment/daemonset.yaml: the reader goes where bpfman does, all others everywhere.
        roles = [{"key": f"node-role.kubernetes.io/{role}", "operator": "Exists", "effect": "NoSchedule"} for role in ("control-plane", "master")]
        reads = any("csi" in volume for volume in pod.get("volumes", []))
        assert pod["tolerations"] == (roles if reads else [{"operator": "Exists"}])
        assert not {"hostPID", "hostIPC"} & set(pod)
        # One on each node, wherever others are.
        assert not {"topologySpreadConstraints", "affinity"} & set(pod)
        for container in containers_of(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
            assert context["capabilities"]["drop"] == ["ALL"] and "privileged" not in context
            assert container["resources"]["requests"] == {"cpu": "10m", "memory": "16Mi"}


def rights_of(folder: Path) -> tuple:
    pod = pod_of(next(one for one in render(folder) if pod_of(one)))
    container = containers_of(pod)[0]
    return pod["securityContext"]["runAsUser"], pod.get("hostNetwork", False), container["securityContext"]["capabilities"].get("add", [])


def test_rights_of_each_shape():
    overlays = OWN.parent
    assert rights_of(DEPLOY / "kubernetes" / "base") == (65532, False, [])
    assert rights_of(READER) == (65532, False, [])
    assert rights_of(DEPLOY / "bpfman" / "each-interface") == (65532, False, [])
    assert rights_of(DEPLOY / "openshift" / "bpfman") == (65532, False, [])
    assert rights_of(OWN) == (0, True, ["BPF", "NET_ADMIN"])
    assert rights_of(overlays / "sys-admin") == (0, True, ["SYS_ADMIN", "NET_ADMIN"])
    assert rights_of(overlays / "remove") == (0, False, ["BPF"])
    assert rights_of(overlays / "remove-from-node") == (0, False, ["BPF"])


# What OpenShift gives to the namespace, in its annotation openshift.io/sa.scc.mcs, and puts into an SCC that says no level.
LEVEL = "s0:c27,c4"


def selinux_of(pod: dict, scc: dict) -> dict | None:
    """The context that the pod is given under the strategy MustRunAs, or None where it is refused: of one that says something itself
    every part has to be that of the SCC (openshift/apiserver-library-go, pkg/securitycontextconstraints/selinux/mustrunas.go)."""
    assert scc["seLinuxContext"]["type"] == "MustRunAs"
    wanted = {"level": LEVEL, **scc["seLinuxContext"]["seLinuxOptions"]}
    asked = [one["securityContext"].get("seLinuxOptions") for one in (pod, *containers_of(pod))]
    return wanted if all(one is None or one == wanted for one in asked) else None


def test_a_context_without_the_level_of_the_namespace_is_refused():
    (scc,) = documents((DEPLOY / "openshift" / "scc.yaml").read_text())
    pod = pod_of(changed((DEPLOY / "openshift", "DaemonSet", "xdpstat"), "spec/template/spec/securityContext/seLinuxOptions", {"type": "spc_t"}))
    assert selinux_of(pod, scc) is None


def test_the_scc_allows_what_the_pod_asks_for_and_no_more():
    rendered = render(DEPLOY / "openshift")
    scc, pod = pick(rendered, "SecurityContextConstraints"), pod_of(pick(rendered, "DaemonSet"))
    (container,) = pod["containers"]
    assert scc["allowedCapabilities"] == container["securityContext"]["capabilities"]["add"]
    assert scc["volumes"] == [kind for volume in pod["volumes"] for kind in volume if kind != "name"]
    assert scc["runAsUser"] == {"type": "MustRunAs", "uid": pod["securityContext"]["runAsUser"]}
    assert selinux_of(pod, scc) == {"type": "spc_t", "level": LEVEL}
    assert pod["securityContext"]["seccompProfile"]["type"].lower() in scc["seccompProfiles"]
    assert {name for name, value in scc.items() if name.startswith("allow") and value is True} == {"allowHostNetwork", "allowHostPorts", "allowHostDirVolumePlugin"}
    assert pick(rendered, "ClusterRole", "xdpstat-scc")["rules"][0]["resourceNames"] == [scc["metadata"]["name"]]
    annotations = pick(rendered, "DaemonSet")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["openshift.io/required-scc"] == scc["metadata"]["name"]


def test_openshift_counts_cards_and_not_the_bridge_of_the_default_route():
    own, there = (pod_of(pick(render(folder), "DaemonSet"))["containers"][0]["args"] for folder in (OWN, DEPLOY / "openshift"))
    *same, chosen = there
    assert own == [*same, "--interface-default-route"]
    regex = chosen.removeprefix("--interface-regex=")
    (link,) = pick(render(DEPLOY / "openshift" / "bpfman"), "ClusterBpfApplication")["spec"]["programs"][0]["xdp"]["links"]
    assert link["interfaceSelector"] == {"interfacesDiscoveryConfig": {"interfaceAutoDiscovery": True, "allowedInterfaces": [f"/^({regex})$/"]}}
    assert all(re.fullmatch(regex, name) for name in ("eth0", "ens3", "eno1", "enp1s0f0", "enp1s0f0np0", "enx525400123456"))
    assert not [name for name in ("br-ex", "bond0", "ens3.100", "eni0a1b2c", "genev_sys_6081", "ovn-k8s-mp0", "lo", "veth1a2b") if re.fullmatch(regex, name)]
    # The same as the page advises.
    assert chosen in (ROOT / "docs" / "kubernetes.md").read_text()


OWN_PODS = [OWN, OWN.parent / "sys-admin", OWN.parent / "remove", OWN.parent / "remove-from-node", DEPLOY / "openshift", DEPLOY / "openshift" / "remove"]


@pytest.mark.parametrize("folder", OWN_PODS, ids=name_of)
def test_the_pins_are_not_mounted_below_sys(folder):
    """There the AppArmor profile that containerd and Docker give by default forbids to write: `deny /sys/fs/[^c]*/** wklx`."""
    (pod,) = [pod for one in render(folder) if (pod := pod_of(one))]
    (volume,) = pod["volumes"]
    assert volume["hostPath"] == {"path": "/sys/fs/bpf", "type": "Directory"}
    for container in containers_of(pod):
        (mount,) = container["volumeMounts"]
        assert not mount["mountPath"].startswith("/sys")
        assert [word for word in container["args"] if word.startswith("--pin-root")] == [f"--pin-root={mount['mountPath']}/xdpstat"]
        assert container["env"] == [{"name": "LIBXDP_BPFFS", "value": mount["mountPath"]}]


@pytest.mark.parametrize("folder", [OWN, OWN.parent / "sys-admin", DEPLOY / "openshift"], ids=name_of)
def test_in_the_nodes_network_the_probe_tells_whether_it_has_reached_the_pod(folder):
    pod = pod_of(pick(render(folder), "DaemonSet"))
    (container,) = pod["containers"]
    (root,) = [word.removeprefix("--pin-root=") for word in container["args"] if word.startswith("--pin-root=")]
    assert pod["hostNetwork"] and container["readinessProbe"]["httpGet"] == {"path": f"/readyz?pin-root={root}", "port": "metrics"}
    assert container["readinessProbe"]["periodSeconds"] == 10, "what the base says besides"


def test_the_job_for_one_node_is_what_each_node_does():
    (for_all,) = pod_of(render(OWN.parent / "remove")[0])["initContainers"]
    (for_one,) = pod_of(render(OWN.parent / "remove-from-node")[0])["containers"]
    assert for_all == for_one


def test_removing_on_openshift_is_within_the_same_scc():
    kept = pod_of(pick(render(DEPLOY / "openshift"), "DaemonSet"))["securityContext"]
    (removing,) = render(DEPLOY / "openshift" / "remove")
    assert {**pod_of(removing)["securityContext"], "runAsNonRoot": False} == kept
    (scc,) = documents((DEPLOY / "openshift" / "scc.yaml").read_text())
    assert selinux_of(pod_of(removing), scc) == {"type": "spc_t", "level": LEVEL}
    for container in containers_of(pod_of(removing)):
        assert set(container["securityContext"]["capabilities"]["add"]) <= set(scc["allowedCapabilities"])
    assert removing["spec"]["template"]["metadata"]["annotations"]["openshift.io/required-scc"] == scc["metadata"]["name"]


@pytest.mark.parametrize("name, file", [("seccomp-profile", "xdpstat.json"), ("seccomp-profile-operator", "operator/xdpstat.json")])
def test_the_seccomp_profile_is_for_every_pod(name, file, tmp_path):
    component, copy = DEPLOY / "kubernetes" / "components" / name, copied(tmp_path)
    for overlay in ("daemonset", "bpfman", "remove", "remove-from-node"):
        (pod,) = [pod for one in with_component(component, OWN.parent / overlay, copy) if (pod := pod_of(one))]
        assert pod["securityContext"]["seccompProfile"] == {"type": "Localhost", "localhostProfile": file}
    (scc,) = documents((DEPLOY / "openshift" / "scc.yaml").read_text())
    assert f"localhost/{file}" in scc["seccompProfiles"]


def test_the_selinux_profile_is_the_one_that_the_pod_names():
    rendered = render(DEPLOY / "openshift" / "bpfman")
    profile = pick(rendered, "SelinuxProfile", "xdpstat-reader")["metadata"]
    wanted = pod_of(pick(rendered, "DaemonSet"))["securityContext"]["seLinuxOptions"]["type"]
    # security-profiles-operator v0.9.1 and v1.0.0, GetPolicyUsage(): a resource of the whole cluster, named without a namespace.
    assert "namespace" not in profile and wanted == f"{profile['name']}.process"


MONITORS = ("PodMonitor", "ServiceMonitor")


@pytest.mark.parametrize("base", [OWN, READER], ids=name_of)
@pytest.mark.parametrize("component", COMPONENTS, ids=name_of)
def test_a_component_brings_one_monitor_or_none(component, base, tmp_path):
    """Two of them would scrape each pod twice."""
    monitors = [one["kind"] for one in with_component(component, base, copied(tmp_path)) if one["kind"] in MONITORS]
    brought = {"pod-monitor": ["PodMonitor"], "service-monitor": ["ServiceMonitor"], "monitoring": ["PodMonitor"]}
    assert monitors == brought.get(component.name, [])


@pytest.mark.parametrize("folder", RENDERED, ids=name_of)
def test_what_is_rendered_is_scraped_once(folder):
    assert len([one for one in render(folder) if one["kind"] in MONITORS]) <= 1


@pytest.mark.parametrize("folder", [OWN, READER, DEPLOY / "openshift", OWN.parent / "sys-admin"], ids=name_of)
def test_what_monitors_finds_the_pods_and_their_port(folder, tmp_path):
    with_monitor = with_component(DEPLOY / "kubernetes" / "components" / "service-monitor", folder, copied(tmp_path))
    daemon_set = pick(with_monitor, "DaemonSet")
    labels = daemon_set["spec"]["template"]["metadata"]["labels"]
    (port,) = daemon_set["spec"]["template"]["spec"]["containers"][0]["ports"]
    listened = [word for word in daemon_set["spec"]["template"]["spec"]["containers"][0]["args"] if word.startswith("--web.listen-address=")]
    assert listened == [f"--web.listen-address=:{port['containerPort']}"]
    service, monitor = pick(with_monitor, "Service"), pick(with_monitor, "ServiceMonitor")
    assert service["spec"]["selector"].items() <= labels.items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["spec"]["ports"][0]["targetPort"] == port["name"] and service["spec"]["ports"][0]["port"] == port["containerPort"]
    assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    policy = pick(with_monitor, "NetworkPolicy")
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port["name"]}]
    pod_monitor = yaml.safe_load((DEPLOY / "kubernetes/components/pod-monitor/pod-monitor.yaml").read_text())
    assert pod_monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (endpoint,) = pod_monitor["spec"]["podMetricsEndpoints"]
    assert endpoint == {**monitor["spec"]["endpoints"][0], "port": port["name"]}
    (dropped,) = [one["regex"] for one in endpoint["relabelings"] if one.get("action") == "labeldrop"]
    assert dropped.split("|") == ["pod", "container", "endpoint"]
    # What the rules leave out, for whoever has monitors of his own.
    assert f"without ({dropped.replace('|', ', ')})" in (DEPLOY / "prometheus" / "xdpstat.rules.yml").read_text()


def test_the_overlay_for_old_runtimes_differs_in_nothing_but_the_capability_and_the_proof():
    own, old = (pod_of(pick(render(folder), "DaemonSet")) for folder in (OWN, OWN.parent / "sys-admin"))
    assert [word for word in own["containers"][0]["args"] if word != "--by-size"] == old["containers"][0]["args"]
    for pod in (own, old):
        del pod["containers"][0]["args"], pod["containers"][0]["securityContext"]["capabilities"]
    assert own == old
