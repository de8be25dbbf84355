# SPDX-License-Identifier: BSD-2-Clause
"""`serve --retry`, as a pod runs it: what is missing is told, by the log and by /readyz, and it recovers without a restart."""

import fcntl
import os
import re
import subprocess
from pathlib import Path

import network
import pytest
from outcome import BUSY, NOT_FOUND, USAGE, tool  # noqa: F401: a fixture
from serving import Server, sum_of
from test_counts import frame

NOBODY = 65532
# Between two attempts, and some time for a busy machine.
PATIENCE = 20


class Pod(Server):
    """A server that has to say what it lacks. Its log is a file, as a container's is."""

    def __init__(self, process: subprocess.Popen, netns: str, log: Path):
        super().__init__(process, netns)
        self.file = log

    def log(self) -> list[str]:
        return self.file.read_text().splitlines()

    def wait_until_it_listens(self, addresses: int = 1) -> None:
        self.hear("xdpstat: listening on .*")
        self.urls = [line.removeprefix("xdpstat: listening on ") for line in self.log() if "listening on" in line]

    def readiness(self) -> tuple[int, str]:
        answer = self.get("/readyz")
        return answer.status, answer.text.strip()

    def lacks(self, pattern: str) -> None:
        """Alive, not ready, and both the log and /readyz say why."""
        network.until(lambda: re.search(pattern, self.readiness()[1]), f"/readyz says {pattern}: {self.readiness()}", PATIENCE)
        assert self.readiness()[0] == 503 and self.get("/healthz").status == 200
        self.hear(f"xdpstat: not ready: .*{pattern}.*")

    def hear(self, pattern: str) -> None:
        """Waits for a line of the log."""
        network.until(lambda: any(re.fullmatch(pattern, line) for line in self.log()), f"{pattern}: {self.log()}", PATIENCE)

    def recovers(self) -> None:
        network.until(lambda: self.readiness() == (200, "ready"), f"it is ready: {self.readiness()}", PATIENCE)
        self.hear("xdpstat: ready")
        assert self.process.poll() is None

    def told(self, words: str) -> int:
        """How many lines of the log have had these words."""
        return sum(words in line for line in self.log())

    def up(self, device: str) -> int:
        return self.metrics()[f'xdpstat_up{{device="{device}"}}']


@pytest.fixture
def start(tool, xdpstat, tmp_path):  # noqa: F811
    """start("--attach", "eth0") is a pod in the tool's namespace; `before` are words that it is started through."""
    pods = []

    def run(*words, before=(), root=None, listen="127.0.0.1:0") -> Pod:
        command = [*network.inside(tool.netns), *before, xdpstat.binary, "serve", "--retry", "--web.listen-address", listen,
                   "--pin-root", root or tool.pin_root, *words]  # fmt: skip
        log = tmp_path / f"log{len(pods)}"
        with open(log, "w") as file:
            process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=file)
        xdpstat.running.append(process)
        pods.append(pod := Pod(process, tool.netns, log))
        if listen.endswith(":0"):
            pod.wait_until_it_listens()
        return pod

    yield run
    for pod in pods:
        if pod.process.poll() is None:
            assert pod.stop() == 0


@pytest.fixture
def place(tmp_path_factory):
    """A folder on no bpf file system, and what is mounted in it unmounted at the end."""
    folder = tmp_path_factory.mktemp("node")
    folder.chmod(0o755)
    for parent in (folder.parent, folder.parent.parent):
        parent.chmod(0o755)  # for who is not root
    yield folder
    for mounted in sorted((one for one in folder.rglob("*") if os.path.ismount(one)), key=lambda one: -len(one.parts)):
        network.run("umount", mounted)


def mount_bpffs(folder: Path, *options: str) -> Path:
    folder.mkdir(exist_ok=True)
    network.run("mount", "-t", "bpf", "-o", ",".join(["mode=0755", *options]), "bpf", folder)
    return folder


def unprivileged() -> list[str]:
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all", "--no-new-privs"]


def test_a_wrong_interface(tool, start, send):  # noqa: F811
    """As the name stands in the manifest, and the interface comes later."""
    pod = start("wrong0", "--attach")
    pod.lacks("no such interface")
    assert pod.up("wrong0") == 0
    (problem,) = pod.get("/api/v1/snapshot").json()["problems"]
    assert problem["interface"] == "wrong0" and "no such interface" in problem["problem"]
    tool.veth("wrong0", "peer0")
    pod.recovers()
    before = network.Endpoint(tool.netns, "wrong0", "", "", "").counters()["rx_packets"]
    send(network.Endpoint(tool.netns, "peer0", "", "", ""), frame=bytes(60), count=100)
    assert sum_of(pod.metrics(), "xdpstat_packets_total", device="wrong0") >= 100 and before < 100
    # It goes, and comes again.
    tool.ip("link", "delete", "dev", "wrong0")
    network.until(lambda: pod.readiness()[0] == 503, "it is seen that it went")
    tool.veth("wrong0", "peer0")
    network.until(lambda: pod.readiness()[0] == 200, "it is counted again", PATIENCE)
    assert pod.told("cannot find interface wrong0") <= 4, "told when it changes, not at each attempt"


def test_a_wrong_regular_expression(tool, start):  # noqa: F811
    pod = start("--attach", "--interface-regex", "wrong[0-9]")
    pod.lacks("no name matches.*there are: lo")
    tool.veth("wrong0", "peer0")
    pod.recovers()
    assert tool.status()["wrong0"]["mode"] == "native"


def test_no_bpf_file_system_on_the_node(tool, start, place, send):  # noqa: F811
    tool.veth("node0", "peer0")
    root = place / "bpf" / "xdpstat"
    root.parent.mkdir()
    pod = start("node0", "--attach", root=root)
    reader = start("node0", root=root)
    pod.lacks("does not lie on a bpf file system")
    reader.lacks("nothing is attached")
    mount_bpffs(root.parent)
    pod.recovers()
    reader.recovers()
    assert pod.up("node0") == reader.up("node0") == 1
    pod.stop()
    tool.xdpstat("detach", "node0", "--pin-root", root, netns=tool.netns)


def test_a_file_system_that_may_not_be_written_to(tool, start, place):  # noqa: F811
    tool.veth("node0", "peer0")
    mounted = mount_bpffs(place / "bpf", "ro")
    pod = start("node0", "--attach", root=mounted / "xdpstat")
    pod.lacks("Read-only file system")
    network.run("mount", "-o", "remount,rw", mounted)
    pod.recovers()
    pod.stop()
    tool.xdpstat("detach", "node0", "--pin-root", mounted / "xdpstat", netns=tool.netns)


def test_an_interface_that_another_program_holds(tool, start, pin_root, bpf_object):  # noqa: F811
    tool.veth("held0", "peer0")
    stranger = pin_root.parent / "stranger"
    network.run("bpftool", "prog", "load", bpf_object, stranger, "type", "xdp")
    bpftool = [*network.inside(tool.netns), "bpftool", "net"]
    network.run(*bpftool, "attach", "xdpdrv", "pinned", stranger, "dev", "held0")
    stranger.unlink()
    pod = start("held0", "--attach")
    pod.lacks("holds it")
    network.run(*bpftool, "detach", "xdpdrv", "dev", "held0")
    pod.recovers()


def test_a_capability_that_the_runtime_does_not_know(tool, start):  # noqa: F811
    """An old one gives no CAP_BPF: told. CAP_SYS_ADMIN stands in for it."""
    tool.veth("old0", "peer0")
    without = start("old0", "--attach", "--by-size", before=["setpriv", "--bounding-set=-all,+net_admin", "--inh-caps=-all"])
    without.lacks("missing CAP_BPF")
    without.stop()
    caps = "--bounding-set=-all,+net_admin,+sys_admin"
    instead = start("old0", "--attach", "--by-size", before=["setpriv", caps, "--inh-caps=-all"])
    assert instead.readiness() == (200, "ready")
    # It keeps what it needs to do it again.
    tool("detach", "old0")
    network.until(lambda: tool.status().get("old0", {}).get("mode") == "native", "it is attached again", PATIENCE)


def test_pins_that_the_reader_may_not_open(tool, start):  # noqa: F811
    tool.veth("pins0", "peer0")
    tool("attach", "pins0")
    reader = start("pins0", "--by-size", before=unprivileged())
    reader.lacks("Permission denied")
    # Read-only is enough: where the maps cannot be mapped they are read by system call.
    tool("attach", "pins0", "--pin-group", NOBODY)
    reader.recovers()
    assert reader.up("pins0") == 1


def test_a_volume_without_our_maps(tool, start, place, bpf_object, send):  # noqa: F811
    """bpfman mounts the maps that it was asked for, alone in a bpf file system, in a folder of the container."""
    tool.veth("eth7", "peer0")
    volume = mount_bpffs(place / "eth7")
    network.run("bpftool", "map", "create", volume / "flows", "type", "hash", "key", "4", "value", "8", "entries", "1", "name", "flows")
    reader = start("--by-size", root=place, before=unprivileged())
    reader.lacks("eth7 holds flows, but no stats_map")
    network.run("bpftool", "prog", "load", bpf_object, volume / "prog", "type", "xdp", "pinmaps", volume)
    bpftool = [*network.inside(tool.netns), "bpftool", "net"]
    network.run(*bpftool, "attach", "xdpdrv", "pinned", volume / "prog", "dev", "eth7")
    (volume / "prog").unlink()
    for pin in ("stats_map", "traffic_map"):
        os.chmod(volume / pin, 0o660)
        os.chown(volume / pin, 0, NOBODY)
    reader.recovers()
    before = network.Endpoint(tool.netns, "eth7", "", "", "").counters()["rx_packets"]
    send(network.Endpoint(tool.netns, "peer0", "", "", ""), frame=bytes(60), count=100)
    samples = reader.metrics()
    assert samples['xdpstat_up{device="eth7"}'] == 1
    assert sum_of(samples, "xdpstat_packets_total", device="eth7") >= 100 > before
    network.run(*bpftool, "detach", "xdpdrv", "dev", "eth7")


def test_a_map_that_is_not_there_yet(tool, start, place):  # noqa: F811
    volume = mount_bpffs(place / "maps")
    pin = volume / "flows"
    reader = start("--map", pin)
    reader.lacks("its pin .*/flows is not there")
    network.run("bpftool", "map", "create", pin, "type", "array", "key", "4", "value", "8", "entries", "1", "name", "flows")
    reader.lacks("BTF")
    network.run("rm", pin)
    reader.lacks("is not there")


def test_two_loaders_on_one_node(tool, start):  # noqa: F811
    """With the same settings they share the counter. With others the second says so, until the first one's is detached."""
    tool.veth("two0", "peer0")
    first = start("two0", "--attach")
    first.get("/readyz")
    network.until(lambda: first.readiness()[0] == 200, "the first counts", PATIENCE)
    same = start("two0", "--attach")
    assert same.readiness() == (200, "ready")
    other = start("two0", "--attach", "--layout", "shared")
    other.hear(".*layout percpu, not shared.*")
    # What it serves is right, and so it is ready; it says all the same that its own settings are not those in use.
    status, said = other.readiness()
    assert status == 200 and said.startswith("ready, but cannot attach to two0: ") and "layout percpu, not shared" in said
    elsewhere = start("two0", "--attach", root=tool.pin_root.parent / "elsewhere")
    elsewhere.lacks("a counter that is not pinned here holds it")
    elsewhere.stop()
    # A counter that somebody detached is attached again: what is said in the manifest holds until the pod ends.
    other.stop()
    same.stop()
    tool("detach", "two0")
    network.until(lambda: tool.status().get("two0", {}).get("mode") == "native", "it is attached again", PATIENCE)
    other = start("two0", "--attach", "--layout", "shared")
    first.stop()
    tool("detach", "two0")
    network.until(lambda: tool.status().get("two0", {}).get("layout") == "shared", "the second has its turn", PATIENCE)
    network.until(lambda: other.readiness() == (200, "ready"), "and is ready", PATIENCE)


def test_two_on_one_port(tool, start):  # noqa: F811
    """With the node's network the second waits for the first one's end, as in a rolling update."""
    first = start()
    port = first.urls[0].rpartition(":")[2].strip("/")
    second = start(listen=f"127.0.0.1:{port}")
    third = start(listen=f"127.0.0.1:{port}")
    for waiting in (second, third):
        waiting.hear(".*another process listens there.*")
    assert third.stop() == BUSY, "a signal ends it"
    assert first.stop() == 0
    second.wait_until_it_listens()
    assert second.get("/healthz").status == 200


def test_another_server_on_the_port_is_not_taken_for_the_pod(tool, start):  # noqa: F811
    """As a probe asks in the node's network, where one that is no pod may have the port: it answers, and says that it is not meant."""
    tool.veth("port0", "peer0")
    elsewhere = tool.pin_root.parent / "elsewhere"
    stranger = start("port0", "--attach", root=elsewhere)
    assert stranger.get(f"/readyz?pin-root={elsewhere}").status == stranger.get("/readyz").status == 200
    port = stranger.urls[0].rpartition(":")[2].strip("/")
    pod = start("port0", "--attach", listen=f"127.0.0.1:{port}")
    pod.hear(".*another process listens there.*")
    ask = f"/readyz?pin-root={tool.pin_root}"
    refused = stranger.get(ask)
    assert (refused.status, refused.text.strip()) == (503, f"not ready: another server answers here, whose pin root is {elsewhere}")
    assert stranger.stop() == 0
    pod.wait_until_it_listens()
    network.until(lambda: "holds it" in pod.get(ask).text, "the pod answers for itself", PATIENCE)
    tool.xdpstat("detach", "port0", "--pin-root", elsewhere, netns=tool.netns)
    network.until(lambda: pod.get(ask).status == 200, "it counts", PATIENCE)
    assert pod.process.poll() is None
    elsewhere.rmdir()


def test_the_interfaces_of_the_default_routes(tool, start, xdpstat):  # noqa: F811
    for number, name in enumerate(("way0", "way1", "way2")):
        tool.veth(name, f"peer{number}")
        tool.ip("address", "add", f"10.88.{number}.1/24", "dev", name)
    assert "there is none; name the interfaces" in tool.refused(NOT_FOUND, "attach", "--interface-default-route")
    assert tool.refused(NOT_FOUND, "attach", "way2", "--interface-default-route").endswith("there is none")
    tool("detach", "way2")
    pod = start("--attach", "--interface-default-route")
    reader = start("--interface-default-route")
    pod.lacks("no default route leads over one")
    tool.ip("route", "add", "10.99.0.0/16", "via", "10.88.2.2")
    tool.ip("route", "add", "default", "via", "10.88.0.2")
    pod.recovers()
    reader.recovers()
    assert set(tool.status()) == {"way0"}
    # It comes to lead over another; the first is kept.
    tool.ip("route", "replace", "default", "via", "10.88.1.2")
    network.until(lambda: set(tool.status()) == {"way0", "way1"}, "the new way is counted")
    for one in (pod, reader):
        network.until(lambda: one.metrics().get('xdpstat_up{device="way1"}') == 1, "and served")  # noqa: B023
        assert 'xdpstat_up{device="way2"}' not in one.metrics()
    # Of IPv6, of several ways.
    tool.ip("route", "delete", "default")
    pod.stop()
    tool("detach", "--all")
    tool.ip("-6", "address", "add", "fd00:88::1/64", "dev", "way2", "nodad")
    tool.ip("-6", "route", "add", "default", "via", "fd00:88::2")
    tool.ip("route", "add", "default", "nexthop", "via", "10.88.0.2", "nexthop", "via", "10.88.1.2")
    assert tool("attach", "--interface-default-route").stdout.count("attached in native mode") == 3


def test_detached_at_the_end_by_choice(tool, start):  # noqa: F811
    tool.veth("end0", "peer0")
    tool.veth("end1", "peer1")
    tool("attach", "end1")
    pod = start("end0", "--attach", "--detach-at-end")
    assert pod.readiness() == (200, "ready") and set(tool.status()) == {"end0", "end1"}
    assert pod.stop() == 0
    assert set(tool.status()) == {"end1"} and tool.xdp("end0") is None


def test_it_waits_to_detach_for_another_that_is_at_it(tool, start):  # noqa: F811
    tool.veth("held0", "peer0")
    pod = start("held0", "--attach", "--detach-at-end")
    folder = os.open(tool.pin_root, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    pod.process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        pod.process.wait(timeout=1)
    # Who is impatient does not leave it half done.
    pod.process.terminate()
    os.close(folder)
    assert pod.process.wait(timeout=PATIENCE) == 0 and tool.status() == {}


def test_what_is_not_waited_for(tool):  # noqa: F811
    """Mistakes in the command line end it, with and without --retry; without it, so does what is missing."""
    tool.refused(USAGE, "serve", "--retry", "--web.listen-address", "nonsense")
    tool.refused(USAGE, "serve", "--retry", "--fixed")
    tool.refused(USAGE, "serve", "--attach", "lo", "--detach-at-end")
    tool.refused(USAGE, "serve", "--retry", "--detach-at-end")
    # Nothing has been attached before that is seen.
    tool.veth("left0", "peer0")
    tool.refused(USAGE, "serve", "left0", "--attach", "--retry", "--map-gauge", "absent.field")
    assert tool.xdp("left0") is None
    tool.refused(NOT_FOUND, "serve", "--retry", "--web.config.file", "/absent.yml")
    tool.refused(NOT_FOUND, "serve", "wrong0", "--attach", "--web.listen-address", "127.0.0.1:0")
