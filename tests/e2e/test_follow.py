# SPDX-License-Identifier: BSD-2-Clause
"""`serve --attach --interface-regex`: the counter comes and goes with the interfaces, as netlink tells of them."""

import os
import re
import signal
import time
from pathlib import Path

import network
import pytest
from outcome import NOT_FOUND, PERMISSION, USAGE, tool  # noqa: F401: a fixture
from serving import Server, sum_of
from test_serve_privileges import mask, states

FRAME = bytes.fromhex("02000000000a02000000000b0800") + b"\x45\0\0\x2e" + bytes(5) + b"\x11" + bytes(36)


class Following(Server):
    """A server that says on its standard output what it attaches to and lets go of."""

    def hear(self, pattern: str) -> str:
        """Waits for a line, past others."""
        while line := self.process.stdout.readline():
            if re.fullmatch(pattern, line.strip()):
                return line
        raise AssertionError(f"it ended with code {self.process.wait()} and without {pattern}")

    def packets(self, device: str) -> int:
        return sum_of(self.metrics(), "xdpstat_packets_total", device=device)

    def rss(self) -> int:
        """Bytes of memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@pytest.fixture
def follow(tool):
    """follow("--interface-regex", "x.*") is a server with --attach that follows."""
    servers = []

    def start(*words) -> Following:
        server = Following(tool.start("serve", "--attach", "--web.listen-address", "127.0.0.1:0", *words), tool.netns)
        servers.append(server)
        server.wait_until_it_listens(1)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            assert server.stop() == 0


def rx_packets(tool, name: str) -> int:
    return network.Endpoint(tool.netns, name, "", "", "").counters()["rx_packets"]


def mappings(server: Following) -> int:
    """Maps that the server has in memory."""
    return Path(f"/proc/{server.process.pid}/maps").read_text().count("bpf-map")


def test_a_hundred_interfaces_come_and_go_within_a_minute(tool, follow, send):
    """Each is counted from its first frame on; nothing is left of those that went, and the others do not notice."""
    tool.veth("keep0", "peer0")
    tool("attach", "keep0")
    server = follow("--interface-regex", "xsv[0-9]+|keep0")
    started = server.descriptors()
    steady = send.start(network.Endpoint(tool.netns, "peer0", "", "", ""), frame=FRAME, count=100_000_000)
    os.setpriority(os.PRIO_PROCESS, steady.pid, 19)
    before = {series: value for series, value in server.metrics().items() if "info{" in series}
    kept = {}
    start = time.monotonic()
    for number in range(100):
        name, peer = f"xsv{number}", f"xsp{number}"
        end = network.Endpoint(tool.netns, peer, "", "", "")
        tool.veth(name, peer, up=False)
        server.hear(f"{name}: attached in native mode")
        tool.ip("link", "set", "dev", name, "up")
        tool.ip("link", "set", "dev", peer, "up")
        send(end, frame=FRAME, count=100 + number)
        network.until(lambda: server.packets(name) == rx_packets(tool, name) >= 100 + number, f"{name} is counted")
        tool.ip("link", "delete", "dev", name)
        if number == 20:
            network.until(lambda: tool.folders() == {"keep0"}, "those that went are let go of")
            server.metrics()
            network.until(lambda: server.descriptors() == started, "the connections of these tests are closed")
            kept = {"rss": server.rss(), "descriptors": server.descriptors(), "mappings": mappings(server)}
    assert time.monotonic() - start < 60
    network.until(lambda: tool.folders() == {"keep0"}, "those that went are let go of")
    samples = server.metrics()
    network.until(lambda: server.descriptors() == kept["descriptors"], "the connections of these tests are closed")
    assert mappings(server) == kept["mappings"] == 2
    assert server.rss() < kept["rss"] + 2**20
    assert not any("xsv" in series for series in samples)
    assert {series: samples.get(series) for series in before if "keep0" in series} == {s: v for s, v in before.items() if "keep0" in s}
    steady.terminate()
    steady.communicate()
    network.settled(network.Endpoint(tool.netns, "keep0", "", "", ""))
    assert server.packets("keep0") == tool.packets("keep0") > 1000


def test_a_burst_of_interfaces(tool, follow):
    """More at once than are attached to in the time that they take to come."""
    server = follow("--interface-regex", "xsv[0-9]+")
    (batch := Path(f"/run/xs-e2e-{os.getpid()}.batch")).write_text(
        "".join(f"link add name xsv{number} type veth peer name xsp{number}\n" for number in range(50)))  # fmt: skip
    tool.ip("-batch", str(batch))
    network.until(lambda: len(tool.folders()) == 50 and not any(f.startswith("%") for f in tool.folders()), "all are attached to", 30)
    assert all(one["mode"] == "native" for one in tool.status().values())
    batch.write_text("".join(f"link delete dev xsv{number}\n" for number in range(50)))
    tool.ip("-batch", str(batch))
    batch.unlink()
    network.until(lambda: tool.folders() == set(), "all are let go of", 30)
    assert server.process.poll() is None


def test_those_of_the_start_and_those_that_are_excluded(tool, follow):
    for name in ("xsv0", "xsv1", "xsv2"):
        tool.veth(name, name.replace("v", "p"))
    server = follow("--interface-regex", "xsv.*", "--interface-exclude-regex", "xsv1")
    assert tool.folders() == {"xsv0", "xsv2"}
    tool("attach", "xsp0")
    devices = {re.search('device="([^"]*)"', series)[1] for series in server.metrics() if "device=" in series}
    assert devices == {"xsv0", "xsv2"}, "what another attached is served where it matches"


def test_only_excluded(tool, follow):
    tool.veth("xsv0", "xsp0")
    server = follow("--interface-exclude-regex", "lo|xsp.*")
    assert tool.folders() == {"xsv0"}
    tool.veth("later0", "xsp1")
    server.hear("later0: attached in native mode")


def test_names_that_begin_or_cease_to_match(tool, follow):
    tool.veth("other", "xsp0")
    server = follow("--interface-regex", "xsv.*")
    assert tool.folders() == set()
    tool.ip("link", "set", "dev", "other", "name", "xsv0")
    server.hear("xsv0: attached in native mode")
    program = tool.xdp("xsv0")["prog"]["id"]
    tool.ip("link", "set", "dev", "xsv0", "name", "xsv1")
    server.hear("xsv1: already attached in native mode")
    assert tool.folders() == {"xsv1"} and tool.xdp("xsv1")["prog"]["id"] == program
    tool.ip("link", "set", "dev", "xsv1", "name", "other")
    server.hear("other: gone, and let go of")
    assert tool.folders() == set() and tool.xdp("other") is None


def test_what_another_attached_is_not_let_go_of_while_it_is_there(tool, follow):
    tool.veth("xsv0", "xsp0")
    tool("attach", "xsv0")
    server = follow("--interface-regex", "xsv.*")
    tool.ip("link", "set", "dev", "xsv0", "name", "other")
    tool.veth("xsv1", "xsp1")
    server.hear("xsv1: attached in native mode")
    assert tool.xdp("other") and "other" in tool.status()


def test_an_interface_that_moves_to_another_namespace_and_back(tool, follow, make_namespace):
    server = follow("--interface-regex", "xsv.*")
    other = make_namespace("other")
    for _ in range(3):
        tool.veth("xsv0", "xsp0")
        server.hear("xsv0: attached in native mode")
        tool.ip("link", "set", "dev", "xsv0", "netns", other)
        server.hear("xsv0: gone, and let go of")
        assert tool.folders() == set()
        network.run(*network.inside(other), "ip", "link", "set", "dev", "xsv0", "netns", f"/run/netns/{tool.netns}")
        server.hear("xsv0: attached in native mode")
        tool.ip("link", "delete", "dev", "xsv0")
        server.hear("xsv0: gone, and let go of")


def test_deleted_and_recreated_under_the_same_name(tool, follow, send):
    server = follow("--interface-regex", "xsv.*")
    for number in range(10):
        tool.veth("xsv0", "xsp0", up=False)
        server.hear("xsv0: attached in native mode")
        tool.ip("link", "set", "dev", "xsv0", "up")
        tool.ip("link", "set", "dev", "xsp0", "up")
        send(network.Endpoint(tool.netns, "xsp0", "", "", ""), frame=FRAME, count=10)
        network.until(lambda: server.packets("xsv0") == rx_packets(tool, "xsv0") >= 10, "it is counted from 0")
        tool.ip("link", "delete", "dev", "xsv0")
    network.until(lambda: tool.folders() == set(), "it is let go of")


def test_a_hand_detaches_and_a_reload_attaches_again(tool, follow):
    tool.veth("xsv0", "xsp0")
    server = follow("--interface-regex", "xsv.*")
    tool("detach", "xsv0")
    tool.veth("xsv1", "xsp1")
    server.hear("xsv1: attached in native mode")
    assert tool.folders() == {"xsv1"}
    server.process.send_signal(signal.SIGHUP)
    server.hear("xsv0: attached in native mode")
    assert tool.folders() == {"xsv0", "xsv1"}


def test_what_is_left_of_interfaces_that_went_while_no_server_ran(tool, follow):
    for name in ("xsv0", "other"):
        tool.veth(name, f"{name}p")
        tool("attach", name)
        tool.ip("link", "delete", "dev", name)
    follow("--interface-regex", "xsv.*")
    assert tool.folders() == {"other"}


def test_what_cannot_be_attached_to_is_told_and_takes_nobody_with_it(tool, follow):
    tool.ip("tuntap", "add", "dev", "xsv9", "mode", "tun")
    server = follow("--interface-regex", "xsv.*")
    assert any("xsv9" in line and "no Ethernet header" in line for line in server.lines)
    tool.veth("xsv0", "xsp0")
    server.hear("xsv0: attached in native mode")
    assert tool.folders() == {"xsv0"}


def test_counting_goes_on_when_the_server_is_gone(tool, follow):
    tool.veth("xsv0", "xsp0")
    server = follow("--interface-regex", "xsv.*")
    before = tool.xdp("xsv0")
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    again = follow("--interface-regex", "xsv.*")
    assert tool.xdp("xsv0") == before and again.metrics()['xdpstat_up{device="xsv0"}'] == 1


def test_two_servers_follow_the_same(tool, follow):
    one, two = (follow("--interface-regex", "xsv.*") for _ in range(2))
    for number in range(5):
        tool.veth("xsv0", "xsp0")
        network.until(lambda: all(server.metrics().get('xdpstat_up{device="xsv0"}') == 1 for server in (one, two)), "both serve it")
        tool.ip("link", "delete", "dev", "xsv0")
        network.until(lambda: tool.folders() == set(), "it is let go of")
    assert one.process.poll() is None and two.process.poll() is None


@pytest.mark.parametrize("words, kept", [
    ([], ["CAP_BPF", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_PERFMON"]),
    (["--fixed"], []),
], ids=str)  # fmt: skip
def test_the_thread_that_follows_keeps_no_more_rights_than_are_said(tool, follow, words, kept):
    tool.veth("xsv0", "xsp0")
    server = follow("--interface-regex", "xsv.*", *words)
    said = next(line for line in server.lines if "keeps" in line)
    assert f"keeps {' '.join(kept)}," in said if kept else "keeps no capability" in said
    assert len(states(server)) == 2 + bool(kept)
    for state in states(server):
        assert (state["NoNewPrivs"], state["Seccomp"]) == ("1", "2")
        assert int(state["CapEff"], 16) == int(state["CapPrm"], 16) == mask(kept)
    assert server.metrics()['xdpstat_up{device="xsv0"}'] == 1


def test_refusals(tool):
    line = tool.refused(USAGE, "serve", "--attach", "--interface-regex", "xs(v")
    assert "'xs(v'" in line and "regular expression" in line
    assert "--interface-regex" in tool("serve", "--attach", code=USAGE).stderr
    tool.veth("xsv0", "xsp0")
    command = ["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-bpf,-sys_admin"]
    result = network.subprocess.run([*network.inside(tool.netns), *command, tool.xdpstat.binary, "serve", "--attach", "--interface-regex", ".*",
                                     "--pin-root", str(tool.pin_root)], capture_output=True, text=True, timeout=30)  # fmt: skip
    assert result.returncode == PERMISSION and "CAP_BPF" in result.stderr
    assert tool.folders() == set()
    tool.refused(NOT_FOUND, "detach", "xsv0")
