# SPDX-License-Identifier: BSD-2-Clause
"""The pods of the rendered manifests, run by `podman kube play`: as their kind and with their rights, on an interface with traffic.

What podman 4.3 does not do is changed in what it is given, and nothing else: it knows no DaemonSet and no Job, it fails where a pod has
both the node's network and ports, runs probes by systemd, and takes a seccomp profile only by the annotation that Kubernetes had
for it before 1.19. A volume of bpfman's is a folder of a bpf file system here, as bpfman's driver makes one.
"""

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import network
import podman as engine
import pytest
import yaml
from conftest import need
from serving import Client
from test_counts import flood, frame

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "deploy"))
from manifests import DEPLOY, VERSION, has_kubectl, pick, render  # noqa: E402

OVERLAYS = DEPLOY / "kubernetes" / "overlays"
PORT = 10435
USER = 65532
# As runc prints them: the bits of CAP_NET_ADMIN (12), CAP_SYS_ADMIN (21) and CAP_BPF (39).
CAPABILITIES = {"NET_ADMIN": 1 << 12, "SYS_ADMIN": 1 << 21, "BPF": 1 << 39}


def with_pod_of(document: dict) -> dict:
    """The kinds that podman knows: a Deployment for a DaemonSet, and a Job's pod by itself."""
    template = document["spec"]["template"]
    if document["kind"] == "Job":
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": document["metadata"]["name"]}, "spec": template["spec"]}
    spec = {key: value for key, value in document["spec"].items() if key != "updateStrategy"}
    return {**document, "kind": "Deployment", "spec": spec}


def playable(document: dict, bpffs: Path) -> dict:
    changed = with_pod_of(copy.deepcopy(document))
    template = changed if changed["kind"] == "Pod" else changed["spec"]["template"]
    template["metadata"].setdefault("annotations", {})["seccomp.security.alpha.kubernetes.io/pod"] = "localhost/xdpstat.json"
    pod = template["spec"]
    pod["hostNetwork"] = True  # of the test's namespace, which podman is in
    pod.pop("nodeName", None)  # podman would keep it for a node of its own
    (container,) = pod["containers"]
    container["image"] = f"localhost/{container['image']}"
    for key in ("ports", "livenessProbe", "readinessProbe"):
        container.pop(key, None)
    for volume in pod["volumes"]:
        if volume.get("hostPath", {}).get("path") == "/sys/fs/bpf":
            volume["hostPath"]["path"] = str(bpffs)  # not the machine's own
    return changed


class Pods:
    """Those of one node: a network namespace, which podman is put into so that it is the node's for the pods, and a folder for
    the BPF file system."""

    def __init__(self, podman: engine.Podman, link: network.Link, folder: Path):
        self.engine = podman
        self.link = link
        self.netns = link.receiver.netns
        self.folder = folder
        self.bpffs = folder / "node" / "bpf"
        self.played: list[Path] = []
        shutil.copy(DEPLOY / "container" / "seccomp.json", folder / "xdpstat.json")

    def run(self, *words: object) -> subprocess.CompletedProcess:
        command = [*network.inside(self.netns), *self.engine.command, *map(str, words)]
        outcome = subprocess.run(command, env=self.engine.environment, capture_output=True, text=True, timeout=120)
        assert outcome.returncode == 0, f"{' '.join(command)}: {outcome.returncode}: {outcome.stderr}"
        return outcome

    def podman(self, *words: object) -> str:
        return self.run(*words).stdout.strip()

    def play(self, document: dict) -> str:
        """Starts it, and returns the id of its container."""
        file = self.folder / f"{len(self.played)}.yaml"
        file.write_text(yaml.safe_dump(playable(document, self.bpffs)))
        self.played.append(file)
        said = self.podman("kube", "play", f"--seccomp-profile-root={self.folder}", file).split()
        return said[said.index("Container:") + 1]

    def down(self) -> None:
        self.podman("kube", "down", self.played.pop())

    def log(self, container: str) -> list[str]:
        """Both streams, as a node keeps them, each in its order."""
        outcome = self.run("logs", container)
        return (outcome.stdout + outcome.stderr).splitlines()

    def status_of(self, container: str) -> dict[str, str]:
        """The kernel's view of its process."""
        pid = self.podman("inspect", "--format={{.State.Pid}}", container)
        return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)

    def get(self, path: str):
        with Client(self.netns, ("127.0.0.1", PORT)) as client:
            return client.ask(path)

    def answers(self, path: str, status: int) -> bool:
        try:
            return self.get(path).status == status
        except OSError:
            return False

    def ready(self, path: str) -> None:
        network.until(lambda: self.answers(path, 200), f"{path} is 200", timeout=30)

    def counted(self, device: str) -> int:
        wanted = f'xdpstat_packets_total{{device="{device}",'
        return sum(int(line.rsplit(" ", 1)[1]) for line in self.get("/metrics").text.splitlines() if line.startswith(wanted))


@pytest.fixture
def pods(podman, images, make_link, tmp_path):
    """Pods of a node whose default route leads over an end of a link. Its mounts are shared, as systemd makes those of a node:
    else one that is made later does not reach a pod that runs."""
    need(has_kubectl(), "kubectl, 1.21 or later")
    assert images["program"] == f"localhost/xdpstat:{VERSION}"
    link = make_link(ipv6=False)
    link.receiver.run("ip", "route", "add", "default", "via", link.sender.ipv4)
    started = Pods(podman, link, tmp_path)
    started.bpffs.mkdir(parents=True)
    node = started.bpffs.parent
    network.run("mount", "--bind", node, node)
    network.run("mount", "--make-shared", node)
    network.run("mount", "-t", "bpf", "bpf", started.bpffs)
    yield started
    while started.played:
        started.down()
    network.run("umount", "--recursive", node)


def daemon_set(folder: Path) -> dict:
    return pick(render(folder), "DaemonSet")


def probes_of(document: dict) -> tuple[str, str]:
    (container,) = document["spec"]["template"]["spec"]["containers"]
    return container["livenessProbe"]["httpGet"]["path"], container["readinessProbe"]["httpGet"]["path"]


def sent(link: network.Link, send, count: int) -> int:
    """Sends so many of two kinds, and returns what has arrived in all since the link was made."""
    flood(link, send, [frame(link, 6, 64), frame(link, 17, 200)], count=count)
    return network.settled(link.receiver)["rx_packets"]


def shown(page: str, command: str, name: str) -> list[str]:
    """What a page shows as the output of a command, of the interface of this name."""
    (block,) = [part for part in re.findall(r"(?:^ {4}.*\n)+", (ROOT / "docs" / page).read_text(), re.MULTILINE) if part.startswith(f"    $ {command}")]
    return [line.strip().replace("eth0", name) for line in block.splitlines()[1:]]


def in_pod(command: str) -> list[str]:
    """What the page says to run in a pod."""
    (said,) = re.findall(rf"exec POD -- (/xdpstat {command} .*)", (ROOT / "docs" / "kubernetes.md").read_text())
    return said.split()


def remove(pods: Pods) -> None:
    """By the Job for one node."""
    job = pods.play(pick(render(OVERLAYS / "remove-from-node"), "Job", "xdpstat-remove"))
    network.until(lambda: pods.podman("inspect", "--format={{.State.Status}}", job) == "exited", "the Job has ended")
    assert pods.podman("inspect", "--format={{.State.ExitCode}}", job) == "0", pods.log(job)
    assert pods.log(job) == [f"{pods.link.receiver.name}: detached"]
    pods.down()


@pytest.mark.parametrize("overlay, capabilities", [("daemonset", ("BPF", "NET_ADMIN")), ("sys-admin", ("SYS_ADMIN", "NET_ADMIN"))])
def test_the_daemonset_counts_with_its_rights_and_outlives_its_pod(pods, send, overlay, capabilities):
    name, before = pods.link.receiver.name, network.settled(pods.link.receiver)["rx_packets"]
    document = daemon_set(OVERLAYS / overlay)
    alive, ready = probes_of(document)
    container = pods.play(document)
    pods.ready(ready)
    assert pods.get(alive).status == 200
    if overlay == "daemonset":
        assert pods.log(container) == shown("kubernetes.md", "kubectl -n xdpstat logs", name)
        assert set(shown("kubernetes.md", "curl", name)) <= set(pods.get("/metrics").text.splitlines())
    status = pods.status_of(container)
    allowed = sum(CAPABILITIES[one] for one in capabilities)
    assert int(status["CapBnd"], 16) == allowed and int(status["CapEff"], 16) & ~allowed == 0
    assert (status["Uid"].split()[0], status["NoNewPrivs"], status["Seccomp"]) == ("0", "1", "2")
    assert sent(pods.link, send, 2_000) - before == pods.counted(name)

    pods.down()
    arrived = sent(pods.link, send, 1_000)
    pods.play(document)
    pods.ready(ready)
    assert pods.counted(name) == arrived - before, "what passed while no pod was there is counted"
    assert sent(pods.link, send, 1_000) - before == pods.counted(name)

    pods.down()
    assert pods.link.receiver.state().get("xdp")
    remove(pods)
    assert not pods.link.receiver.state().get("xdp")


def test_a_bpf_file_system_that_the_node_mounts_later_is_found(pods):
    document = daemon_set(OVERLAYS / "daemonset")
    ready = probes_of(document)[1]
    network.run("umount", pods.bpffs)
    container = pods.play(document)
    network.until(lambda: pods.answers(ready, 503), f"{ready} is 503", timeout=30)
    reason = pods.get(ready).text.strip()
    assert "it does not lie on a bpf file system" in reason and any(reason in line for line in pods.log(container))
    network.run("mount", "-t", "bpf", "bpf", pods.bpffs)
    pods.ready(ready)
    shown_there = pods.podman("exec", container, *in_pod("status")).splitlines()
    assert shown_there[1].split()[:2] == [pods.link.receiver.name, "native"]
    pods.down()
    remove(pods)


@pytest.fixture
def volume(pods, tmp_path):
    """The maps of a counter that bpftool loaded and attached, as bpfman's driver leaves them: on a bpf file system of their
    own, for the pod's group."""
    bpf_object = sorted((Path(os.environ["XDPSTAT_BUILD"]) / "bpf" / "bytecode").glob("xdp_counter.*.o"))[0]
    end, folder = pods.link.receiver, tmp_path / "volume"
    folder.mkdir()
    network.run("mount", "-t", "bpf", "bpf", folder)
    try:
        network.run("bpftool", "prog", "load", bpf_object, folder / "program", "type", "xdp", "pinmaps", folder)
        end.run("bpftool", "net", "attach", "xdpdrv", "pinned", folder / "program", "dev", end.name)
        (folder / "program").unlink()
        (folder / "xdp_coun_rodata").unlink()
        for pin in (folder, folder / "stats_map", folder / "traffic_map"):
            os.chown(pin, 0, USER)
        for pin in ("stats_map", "traffic_map"):
            os.chmod(folder / pin, 0o660)
        yield folder
        end.run("bpftool", "net", "detach", "xdpdrv", "dev", end.name)
    finally:
        network.run("umount", folder)


def test_the_reader_of_a_volume_counts_without_any_right(pods, volume, send):
    before = network.settled(pods.link.receiver)["rx_packets"]
    document = daemon_set(DEPLOY / "bpfman")
    pod = document["spec"]["template"]["spec"]
    (mount,) = pod["containers"][0]["volumeMounts"]
    pod["volumes"] = [{"name": mount["name"], "hostPath": {"path": str(volume), "type": "Directory"}}]
    container = pods.play(document)
    pods.ready(probes_of(document)[1])
    assert set(shown("bpfman.md", "curl", "")) <= set(pods.get("/metrics").text.splitlines())
    status = pods.status_of(container)
    assert (int(status["CapBnd"], 16), int(status["CapEff"], 16)) == (0, 0)
    assert status["Uid"].split() == [str(USER)] * 4 and status["NoNewPrivs"] == "1"
    assert sent(pods.link, send, 2_000) - before == pods.counted(Path(mount["mountPath"]).name)
