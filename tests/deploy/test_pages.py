# SPDX-License-Identifier: BSD-2-Clause
"""The pages on clusters: their kustomizations are rendered and checked, what they show of kustomize is what it prints, and what they
name is there."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from manifests import DEPLOY, FOLDERS, ROOT, documents, errors_in, has_kubectl, kustomize, require

PAGES = [ROOT / "docs" / f"{name}.md" for name in ("kubernetes", "openshift", "bpfman")]
BLOCK = re.compile(r"^```yaml\n(?P<yaml>.*?)^```|(?P<shown>(?:^ {4}[^\n]*\n)+)", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str | None]]:
    """The page's kustomizations; each with the commands of kubectl that are shown with their output before the next one."""
    found = []
    for match in BLOCK.finditer(page.read_text()):
        if match["yaml"] and "kind: Kustomization" in match["yaml"]:
            found.append((match["yaml"], None))
        elif match["shown"] and "$ kubectl kustomize" in match["shown"]:
            found[-1] = (found[-1][0], re.sub(r"^ {4}", "", match["shown"], flags=re.MULTILINE))
    return found


EXAMPLES = [(page, number) for page in PAGES for number in range(len(blocks(page)))]
SHOWN = [(page, number) for page, number in EXAMPLES if blocks(page)[number][1]]


def name_of(value) -> str:
    return value.name if isinstance(value, Path) else str(value)


def place(example: str, folder: Path) -> Path:
    (folder / "xdpstat" / "deploy").mkdir(parents=True)
    for name in FOLDERS:
        subprocess.run(["cp", "-r", DEPLOY / name, folder / "xdpstat" / "deploy" / name], check=True)
    # Its first line says where it is.
    own = folder / re.match(r"# ([\w/]*kustomization\.yaml)\n", example)[1]
    own.parent.mkdir(exist_ok=True)
    own.write_text(example)
    return own.parent


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> dict[str, list[str]]:
    """What is wrong with what the examples make."""
    rendered = {
        f"{page.name} {number}": documents(kustomize(place(blocks(page)[number][0], tmp_path_factory.mktemp("example")))) for page, number in EXAMPLES
    }
    assert len(rendered) == 15 and all(rendered.values())
    return errors_in(rendered, tmp_path_factory.mktemp("checked"))


@pytest.mark.parametrize("page, number", EXAMPLES, ids=name_of)
def test_each_example_is_valid(checked, page, number):
    assert checked[f"{page.name} {number}"] == []


@pytest.mark.parametrize("page, number", EXAMPLES, ids=name_of)
def test_each_example_does_something(page, number, tmp_path):
    example = blocks(page)[number][0]
    (overlay,) = yaml.safe_load(example)["resources"]
    made = kustomize(place(example, tmp_path))
    assert made != kustomize(DEPLOY.parent / overlay.removeprefix("../").removeprefix("xdpstat/"))
    if "newName" in example:
        assert "image: registry.example.org/xdpstat:" in made and not re.search(r"(image|url): xdpstat", made)


@pytest.mark.parametrize("page, number", SHOWN, ids=name_of)
def test_what_is_shown_is_what_kustomize_prints(page, number, tmp_path):
    require(has_kubectl(), "kubectl, 1.21 or later")
    example, shown = blocks(page)[number]
    command, output = shown.removeprefix("$ ").split("\n", 1)
    outcome = subprocess.run(["sh", "-c", command], cwd=place(example, tmp_path), capture_output=True, text=True)
    assert outcome.stdout == output


def test_the_first_page_shows_what_is_made():
    assert len(SHOWN) == 2


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_names_is_there(page):
    text = page.read_text()
    named = re.findall(r"(?<![\w/])(?:xdpstat/)?(deploy/[\w/.-]+\w)", text)
    named += [f"deploy/kubernetes/{path}" for path in re.findall(r"`((?:overlays|components)/[\w-]+)`", text)]
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_all_overlays_and_components_are_on_the_page():
    tables = PAGES[0].read_text().split("## All parts", 1)[1].split("\n## ", 1)[0]
    for kind in ("overlays", "components"):
        assert not [path.name for path in (DEPLOY / "kubernetes" / kind).iterdir() if f"`{path.name}`" not in tables]


def test_the_scrape_configuration_of_the_page_is_one(tmp_path, tool):
    """But for its discovery, which Debian's Prometheus is built without."""
    (example,) = [match["yaml"] for match in BLOCK.finditer(PAGES[0].read_text()) if match["yaml"] and "scrape_configs" in match["yaml"]]
    config = yaml.safe_load(example)
    (job,) = config["scrape_configs"]
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": ["xdpstat"]}}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    outcome = subprocess.run([tool("promtool"), "check", "config", "--lint=all", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    operated = yaml.safe_load((DEPLOY / "kubernetes/components/pod-monitor/pod-monitor.yaml").read_text())
    relabeling, _ = operated["spec"]["podMetricsEndpoints"][0]["relabelings"]
    by_name = {"source_labels": relabeling["sourceLabels"], "target_label": relabeling["targetLabel"]}
    assert job["relabel_configs"][-1] == by_name


@pytest.mark.parametrize("page", PAGES[:2], ids=name_of)
def test_nothing_is_detached_before_the_pods_have_ended(page):
    """A pod that still runs attaches again: deleting its DaemonSet does not wait for it, unless it is told to."""
    commands = re.findall(r"^ {4}(?:kubectl|oc) (.*)$", page.read_text(), re.MULTILINE)
    first = next(number for number, command in enumerate(commands) if "delete daemonset/xdpstat" in command)
    assert "--cascade=foreground" in commands[first]
    waited = "-n xdpstat wait pod --for=delete -l app.kubernetes.io/name=xdpstat --timeout=120s"
    assert commands[first + 1 : first + 3] == [waited, "apply -k remove"]
    assert commands[first + 4] == "delete -k . --ignore-not-found"


def test_what_no_kustomization_takes_is_told_of():
    assert "deploy/openshift/user-workload-monitoring.yaml" in PAGES[1].read_text()
