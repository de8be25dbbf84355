# SPDX-License-Identifier: BSD-2-Clause
"""Another version of the counter is exchanged for this one, in place and under traffic: not one frame is lost or counted twice."""

import json
import os
import random
import shutil
from pathlib import Path

import kill
import leaks
import network
import pytest
from conftest import built, need
from outcome import BUSY, INCOMPATIBLE, tool  # noqa: F401: a fixture
from serving import Server, sum_of
from test_counts import frame

CLASSES = ("icmp_packets", "tcp_packets", "udp_packets", "other_packets")
PINS = {"link", "prog", "stats_map", "traffic_map"}


class Old:
    """Counters of other versions, pinned as those would be."""

    def __init__(self, tool):  # noqa: F811
        self.tool = tool

    def object(self, variant: str) -> Path:
        if variant == "same":
            return Path(built("XDPSTAT_OBJECT"))
        path = Path(os.environ.get("XDPSTAT_OLD_OBJECTS", "")) / variant / "xdp_counter.bpf.o"
        need(path.is_file(), f"{path}, which the build makes")
        return path

    def __call__(self, variant: str, interface: str, slots: int | None = None) -> None:
        self.tool.pin_root.mkdir(exist_ok=True)
        slots = os.cpu_count() + 1 if slots is None else slots
        network.run(*network.inside(self.tool.netns), built("XDPSTAT_OLD_BUILD"), self.object(variant), interface,
                    self.tool.pin_root / interface, slots)  # fmt: skip


@pytest.fixture
def old(tool):  # noqa: F811
    return Old(tool)


@pytest.fixture
def wire(tool, make_link):  # noqa: F811
    """A link whose receiver lies in the tool's namespace, and on which nothing moves but what a test sends."""
    link = make_link(ipv6=False)
    before, tool.netns = tool.netns, link.receiver.netns
    yield link
    tool.xdpstat.end()
    tool("detach", "--all")
    tool.netns = before


def start_traffic(send, wire, frames=100_000_000):
    """Two kinds of frames, from both CPUs, some ten thousand a second: what is tested has to run beside them."""
    return [send.start(wire.sender, frame=frame(wire, protocol, 60 + 100 * cpu), count=frames, cpu=cpu, pause=2000)
            for cpu, protocol in enumerate((6, 17)[: os.cpu_count()])]  # fmt: skip


def stop_traffic(senders, wire) -> None:
    for process in senders:
        process.kill()
        process.communicate()
    network.settled(wire.receiver)


def shown(tool, name: str) -> dict:  # noqa: F811
    (row,) = json.loads(tool("show", name, "--json").stdout)["interfaces"]
    return row


def is_exact(tool, wire) -> None:  # noqa: F811
    """What is shown is what the interface received since it was attached to, before the first frame; the parts add up."""
    row = shown(tool, wire.receiver.name)
    stats, cells = row["stats"], row["traffic"]["cells"]
    received = wire.receiver.counters()
    assert stats["total_packets"] == received["rx_packets"] > 1000
    # Where a veth runs XDP it counts what is behind the Ethernet header.
    assert stats["total_bytes"] == received["rx_bytes"] + 14 * received["rx_packets"]
    assert stats["total_packets"] == sum(stats[field] for field in CLASSES) == sum(cell["packets"] for cell in cells)
    assert stats["total_bytes"] == sum(cell["bytes"] for cell in cells)
    assert stats["tcp_packets"] == sum(cell["packets"] for cell in cells if cell["transport"] == "tcp")


def is_clean(tool, name: str) -> None:  # noqa: F811
    assert tool.folders() == {name} and {path.name for path in (tool.pin_root / name).iterdir()} == PINS
    assert tool.links_of(name) == 1
    assert tool.status()[name]["program_id"] == tool.xdp(name)["prog"]["id"]


@pytest.mark.parametrize("variant, slots, note", [
    ("same", None, ""),
    ("same", 128, ""),
    ("added", None, "vlan_packets is counted no more"),
    ("moved", None, ""),
    ("removed", None, "ipv6_packets was not counted before: it counts from 0"),
])  # fmt: skip
def test_the_program_is_exchanged_in_place_and_not_one_frame_goes_uncounted(tool, old, wire, send, variant, slots, note):  # noqa: F811
    name = wire.receiver.name
    old(variant, name, slots)
    link = json.loads(network.run("bpftool", "-j", "link", "show", "pinned", tool.pin_root / name / "link").stdout)
    senders = start_traffic(send, wire)
    network.until(lambda: wire.receiver.counters()["rx_packets"] > 10_000, "frames arrive")
    result = tool("attach", name)
    assert result.stdout.startswith(f"{name}: upgraded in native mode\n") and "its counts go on" in result.stdout
    assert note in result.stdout
    before = wire.receiver.counters()["rx_packets"]
    network.until(lambda: wire.receiver.counters()["rx_packets"] > before + 10_000, "frames arrive")
    stop_traffic(senders, wire)
    is_exact(tool, wire)
    is_clean(tool, name)
    now = json.loads(network.run("bpftool", "-j", "link", "show", "pinned", tool.pin_root / name / "link").stdout)
    assert now["id"] == link["id"] and now["prog_id"] != link["prog_id"], "the link is the same, the program another"
    assert tool("attach", name).stdout == f"{name}: already attached in native mode\n"


def test_other_cells_are_refused_with_the_reason_and_counting_goes_on(tool, old, wire, send):  # noqa: F811
    name = wire.receiver.name
    old("cells", name)
    senders = start_traffic(send, wire)
    network.until(lambda: wire.receiver.counters()["rx_packets"] > 1000, "frames arrive")
    before = tool.xdp(name)
    result = tool("attach", name, code=INCOMPATIBLE)
    first, *table = result.stderr.splitlines()
    assert "cannot exchange the program of" in first and "counts on" in first and f"xdpstat detach {name}" in first
    assert any(line.split()[0] == "cell" and "16 elements" in line and line.endswith("refused") for line in table)
    assert tool.xdp(name) == before and tool.folders() == {name}
    stop_traffic(senders, wire)
    assert shown_packets(tool, name) == wire.receiver.counters()["rx_packets"]


def shown_packets(tool, name: str) -> int:  # noqa: F811
    """The headline alone, by system call: the breakdown's layout is not this version's."""
    entries = json.loads(network.run("bpftool", "-j", "map", "dump", "pinned", tool.pin_root / name / "stats_map").stdout)
    return sum(entry["formatted"]["value"]["total_packets"] for entry in entries)


def test_one_slot_that_all_cpus_share(tool, old, wire, send):  # noqa: F811
    """The same maps are kept; those of another layout would have to be added to while all CPUs add to them."""
    name = wire.receiver.name
    old("same", name, 1)
    senders = start_traffic(send, wire)
    network.until(lambda: wire.receiver.counters()["rx_packets"] > 1000, "frames arrive")
    assert "upgraded" in tool("attach", name, "--layout", "shared").stdout
    stop_traffic(senders, wire)
    is_exact(tool, wire)
    tool("detach", name)
    old("moved", name, 1)
    assert "the one slot that all CPUs share" in tool.refused(INCOMPATIBLE, "attach", name, "--layout", "shared")
    assert tool.folders() == {name}


def test_other_settings_are_refused_before_anything_is_exchanged(tool, old, wire):  # noqa: F811
    old("moved", wire.receiver.name)
    before = tool.xdp(wire.receiver.name)
    tool.refused(BUSY, "attach", wire.receiver.name, "--layout", "shared")
    assert tool.xdp(wire.receiver.name) == before


@pytest.mark.parametrize("variant", ["same", "added", "moved"])
def test_readers_never_see_a_counter_go_backwards_and_follow_the_upgrade(tool, old, wire, send, variant):  # noqa: F811
    """serve and watch run on through it, reading the maps of both versions."""
    name = wire.receiver.name
    old(variant, name)
    senders = start_traffic(send, wire)
    server = Server(tool.start("serve", "--web.listen-address", "127.0.0.1:0"), tool.netns)
    server.wait_until_it_listens(1)
    watch = tool.start("watch", name, "-i", "0.1")
    watch.stdout.readline()
    upgrading = None
    last, seen = {}, set()
    with server.client() as client:
        after = 0
        while after < 50:
            if upgrading is None and last:
                upgrading = tool.start("attach", name)
            after += upgrading is not None and upgrading.poll() is not None
            samples = dict(line.rsplit(" ", 1) for line in client.ask("/metrics").text.splitlines() if not line.startswith("#"))
            counters = {series: int(value) for series, value in samples.items() if series.split("{")[0].endswith("_total") and name in series}
            assert counters and all(counters[series] >= value for series, value in last.items()), "no counter went backwards"
            last = counters
            seen.add(next(series for series in samples if series.startswith("xdpstat_attach_info")))
    assert upgrading.wait(timeout=20) == 0
    stop_traffic(senders, wire)
    assert len(seen) == 2, "the tag of the program changed"
    assert sum_of(server.metrics(), "xdpstat_packets_total", device=name) == wire.receiver.counters()["rx_packets"]
    assert server.stop() == 0
    told = ""
    # It looks for what is attached once a second, and an upgrade to other maps shows only then.
    while variant != "same" and "upgraded" not in told:
        line = watch.stderr.readline()
        assert line, "watch has ended"
        told += line
    watch.terminate()
    told += "".join(watch.communicate(timeout=10))
    assert watch.returncode == 0 and "a new counter" not in told
    assert ("upgraded, its counts go on" in told) == (variant != "same"), told
    is_exact(tool, wire)


@pytest.fixture(scope="module")
def tracer():
    need(shutil.which("strace") is not None, "strace: make deps")


@pytest.mark.parametrize("variant", ["same", "moved"])
def test_killed_at_every_point_of_an_upgrade(tracer, tool, old, wire, send, tmp_path, variant):  # noqa: F811
    """Under traffic; by turns an attach, which completes it, and a detach come next. At a tenth of the points, from a random one on;
    with XDPSTAT_KILLS set at all of them."""
    name = wire.receiver.name
    words = [*network.inside(tool.netns), tool.xdpstat.binary, "attach", name, "--pin-root", str(tool.pin_root)]
    old(variant, name)
    points = kill.points_of(words, tmp_path / "log")
    if "XDPSTAT_KILLS" not in os.environ:
        first = random.randrange(10)
        print(f"from the {first}. point on")
        points = points[first::10]
    tool("detach", name)
    senders = start_traffic(send, wire)
    killed = 0
    for turn, (call, number) in enumerate(points):
        old(variant, name)
        killed += kill.end_at(words, call, number).returncode != 0
        if turn % 3 == 2:
            tool("detach", name)
            assert tool.folders() == set() and tool.xdp(name) is None
            continue
        tool("attach", name)
        is_clean(tool, name)
        tool("detach", name)
    stop_traffic(senders, wire)
    assert killed >= len(points) * 0.8 > 4


def test_a_killed_upgrade_loses_nothing(tracer, tool, old, wire, send, tmp_path):  # noqa: F811
    """One counter through it: killed before and after the exchange, and at last completed."""
    name = wire.receiver.name
    words = [*network.inside(tool.netns), tool.xdpstat.binary, "attach", name, "--pin-root", str(tool.pin_root)]
    old("moved", name)
    senders = start_traffic(send, wire)
    network.until(lambda: wire.receiver.counters()["rx_packets"] > 1000, "frames arrive")
    states = set()
    for call in ("mkdir", "link", "rename", "renameat2", "unlink", "rmdir"):
        for number in (1, 2):
            kill.end_at(words, call, number)
            states.add((frozenset(tool.folders()), tool.xdp(name)["prog"]["id"]))
    assert len(states) >= 3
    tool("attach", name)
    stop_traffic(senders, wire)
    is_exact(tool, wire)
    is_clean(tool, name)
