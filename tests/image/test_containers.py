# SPDX-License-Identifier: BSD-2-Clause
"""The image as pods run it: a read-only root, two capabilities, the shipped filter of system calls, and a folder of pins that
outlives them all."""

from pathlib import Path

import network
import podman as engine
import pytest
from serving import Server, sum_of
from test_counts import flood, frame

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "deploy" / "container" / "seccomp.json"
NOBODY = 65532
PORT = 10435
# As the manifests say it: readOnlyRootFilesystem, allowPrivilegeEscalation: false, drop: [ALL], a Localhost profile.
CONFINED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges",
            "--security-opt", f"seccomp={PROFILE}"]  # fmt: skip
# The two: to load and to attach. In the group that may read the pins, so that they can be given to it without CAP_CHOWN.
LOADER = ["--user", "0", "--group-add", str(NOBODY), "--cap-add", "BPF", "--cap-add", "NET_ADMIN"]
SERVE = ["serve", "--retry", "--by-size", "--web.listen-address", f":{PORT}"]
# Not below /sys, where an AppArmor profile may forbid to write.
PINS = "/run/xdpstat/bpf"
LOAD = [*SERVE, "--attach", "--pin-group", str(NOBODY), "--pin-root", f"{PINS}/xdpstat"]


class Pod(Server):
    """What serves in a container."""

    def __init__(self, container: engine.Container):
        super().__init__(None, container.netns)
        self.container = container
        self.urls = [f"http://127.0.0.1:{PORT}/"]

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def gets_ready(self) -> "Pod":
        network.until(self.is_ready, f"it is ready: {self.container.log()}", 20)
        return self

    def counted(self, device: str) -> int:
        return sum_of(self.metrics(), "xdpstat_packets_total", device=device)


@pytest.fixture
def node(tmp_path):
    """The bpf file system of a node, which has no pins yet."""
    network.run("mount", "-t", "bpf", "-o", "mode=0700", "bpf", tmp_path)
    yield tmp_path
    network.run("umount", tmp_path)


def mounts_at(folder: Path) -> list[str]:
    """Also a folder that is mounted on itself, which os.path.ismount() takes for none."""
    return [mount for line in Path("/proc/self/mountinfo").read_text().splitlines() if (mount := line.split()[4]) == str(folder)]


@pytest.fixture
def bare_node(tmp_path_factory):
    """A node without a bpf file system yet, whose mounts its containers see."""
    folder = tmp_path_factory.mktemp("bare")
    network.run("mount", "--bind", folder, folder)
    network.run("mount", "--make-shared", folder)
    yield folder
    for mount in reversed(mounts_at(folder)):  # one over the other
        network.run("umount", mount)


@pytest.fixture
def run(podman, images):
    """run(netns, words, options) is a container of the image."""
    containers = []

    def start(netns: str, words: list, options: list) -> Pod:
        containers.append(container := engine.Container(podman, images["program"], netns, [*CONFINED, *options], words))
        return Pod(container)

    yield start
    for container in containers:
        container.remove()


@pytest.fixture
def load(run, node):
    """load(end) is a container that attaches to an interface of its network namespace."""
    return lambda end, *words, caps=(): run(end.netns, [*LOAD, *words, end.name], [*LOADER, *caps, "--volume", f"{node}:{PINS}"])


@pytest.fixture
def detached(podman, images, node):
    """Once a DaemonSet is removed for good: `detach --all`, as the Job does it."""
    ends = []
    yield lambda end, folder=node: ends.append((end, folder))
    for end, folder in ends:
        words = ["--rm", "--network", f"ns:/run/netns/{end.netns}", "--volume", f"{folder}:{PINS}"]
        said = podman("run", *words, *CONFINED, *LOADER, images["program"], "detach", "--all", "--pin-root", f"{PINS}/xdpstat")
        assert f"{end.name}: detached" in said
        assert not list((folder / "xdpstat").iterdir()) and "xdp" not in end.state()


def test_an_unprivileged_reader_says_what_was_sent(run, load, node, make_link, make_namespace, send, detached):
    link = make_link(ipv6=False)
    end = link.receiver
    loader = load(end).gets_ready()
    detached(end)
    assert f"{end.name}: attached in native mode" in loader.container.log()
    flood(link, send, [frame(link, 6, 64), frame(link, 17, 1000)], count=20_000)
    received = network.settled(end)["rx_packets"]
    assert loader.counted(end.name) == received == 40_000
    # Elsewhere, as nobody, without any capability, and the folder read-only: it reads the same maps.
    elsewhere = make_namespace("reader")
    reader = run(elsewhere, [*SERVE, "--pin-root", "/run/xdpstat"], ["--user", f"{NOBODY}:{NOBODY}", "--volume", f"{node}/xdpstat:/run/xdpstat:ro"])
    reader.gets_ready()
    assert reader.counted(end.name) == received
    assert sum_of(reader.metrics(), "xdpstat_packets_total", protocol="udp") == 20_000
    status = Path(f"/proc/{reader.container.state()['Pid']}/status").read_text()
    assert "CapPrm:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status and f"Uid:\t{NOBODY}" in status
    for pod in (reader, loader):
        assert pod.container.stop() < 5, "the first process of a container obeys SIGTERM"
        assert pod.container.state()["ExitCode"] == 0
    flood(link, send, [frame(link, 6, 64)], count=1000)
    assert load(end).gets_ready().counted(end.name) == network.settled(end)["rx_packets"] == 41_000, "no process counted meanwhile"


def test_a_rolling_update_loses_no_packet(load, make_link, send, detached):
    """Each pod adopts the link that the one before it has pinned. What the interface received is what was counted."""
    link = make_link(ipv6=False)
    end = link.receiver
    pod = load(end).gets_ready()
    detached(end)
    traffic = send.start(link.sender, frame=frame(link, 17, 200), count=100_000_000, pause=2000)
    network.until(lambda: pod.counted(end.name) > 1000, "packets are counted")
    for surge in (False, True, False):
        before = pod.counted(end.name)
        if surge:
            # The next one is there first, and waits for the port.
            after = load(end)
            network.until(lambda: "another process listens there" in after.container.log(), "it waits", 20)  # noqa: B023
            pod.container.stop()
        else:
            pod.container.stop()
            after = load(end)
        pod = after.gets_ready()
        assert f"{end.name}: already attached in native mode" in pod.container.log()
        assert pod.counted(end.name) > before
    traffic.kill()
    traffic.communicate()
    received = network.settled(end)["rx_packets"]
    assert pod.counted(end.name) == received > 10_000


def test_an_old_runtime_gives_sys_admin_for_bpf(run, node, make_link, detached):
    end = make_link(ipv6=False).receiver
    options = ["--user", "0", "--group-add", NOBODY, "--cap-add", "NET_ADMIN", "--volume", f"{node}:{PINS}"]
    without = run(end.netns, [*LOAD, end.name], options)
    network.until(lambda: "missing CAP_BPF" in without.container.log(), "it says so", 20)
    assert without.get("/readyz").status == 503 and "missing CAP_BPF" in without.get("/readyz").text
    without.container.stop()
    run(end.netns, [*LOAD, end.name], [*options, "--cap-add", "SYS_ADMIN"]).gets_ready()
    detached(end)


def test_a_node_without_a_bpf_file_system(run, bare_node, make_link, detached):
    """Told, until it is mounted, which the container sees by mount propagation."""
    end = make_link(ipv6=False).receiver
    pod = run(end.netns, [*LOAD, end.name], [*LOADER, "--volume", f"{bare_node}:{PINS}:rslave"])
    network.until(lambda: "does not lie on a bpf file system" in pod.container.log(), "it says so", 20)
    assert pod.get("/readyz").status == 503 and pod.get("/healthz").status == 200
    network.run("mount", "-t", "bpf", "-o", "mode=0700", "bpf", bare_node)
    pod.gets_ready()
    detached(end, bare_node)
    pod.container.stop()


def test_the_interface_of_the_default_route(run, node, make_link, detached):
    end = make_link(ipv6=False).receiver
    end.run("ip", "route", "add", "default", "via", "10.77.0.2")
    pod = run(end.netns, [*LOAD, "--interface-default-route"], [*LOADER, "--volume", f"{node}:{PINS}"]).gets_ready()
    detached(end)
    assert pod.metrics()[f'xdpstat_up{{device="{end.name}"}}'] == 1
