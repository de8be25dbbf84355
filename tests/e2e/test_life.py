# SPDX-License-Identifier: BSD-2-Clause
"""What may happen to an interface, its pins and the readers while frames arrive, with serve and watch running: the counts are the
interface's own all the same."""

import json
import shutil
import signal
import subprocess

import network
import pytest
from conftest import built
from outcome import tool  # noqa: F401: a fixture
from serving import Server, sum_of
from test_counts import frame
from test_upgrade import is_clean, is_exact, old, shown, start_traffic, stop_traffic, wire  # noqa: F401: fixtures

CPUS = "/sys/devices/system/cpu"


@pytest.fixture
def serve(tool, wire):  # noqa: F811
    """serve() is a server in the namespace of the receiver."""

    def start(*words) -> Server:
        server = Server(tool.start("serve", "--web.listen-address", "127.0.0.1:0", *words), tool.netns)
        server.wait_until_it_listens(1)
        return server

    return start


def served(server: Server, device: str) -> int:
    return sum_of(server.metrics(), "xdpstat_packets_total", device=device)


def says_the_same(server: Server, tool, wire) -> None:  # noqa: F811
    is_exact(tool, wire)
    assert served(server, wire.receiver.name) == wire.receiver.counters()["rx_packets"]


@pytest.fixture
def running(tool, wire, serve, send):  # noqa: F811
    """The counter attached, served and watched, under traffic; what is left of it at the end is checked."""
    name = wire.receiver.name
    tool("attach", name)
    server = serve()
    watch = tool.start("watch", "-i", "0.1", stdout=subprocess.DEVNULL)
    senders = start_traffic(send, wire)
    network.until(lambda: served(server, name) > 10_000, "frames are counted")
    yield server
    stop_traffic(senders, wire)
    assert watch.poll() is None and server.process.poll() is None


def test_the_interface_goes_down_and_up(tool, wire, running):  # noqa: F811
    for _ in range(10):
        wire.receiver.run("ip", "link", "set", wire.receiver.name, "down")
        wire.receiver.run("ip", "link", "set", wire.receiver.name, "up")
    before = wire.receiver.counters()["rx_packets"]
    network.until(lambda: wire.receiver.counters()["rx_packets"] > before + 1000, "frames arrive")
    still(tool, wire, running)


def still(tool, wire, server: Server) -> None:  # noqa: F811
    """Ends the traffic, and compares all."""
    wire.sender.run("ip", "link", "set", wire.sender.name, "down")
    network.settled(wire.receiver)
    says_the_same(server, tool, wire)
    is_clean(tool, wire.receiver.name)


def test_the_mtu_is_9000_and_back(tool, wire, running, send):  # noqa: F811
    for mtu in (9000, 1500, 9000):
        for end in (wire.receiver, wire.sender):
            end.run("ip", "link", "set", end.name, "mtu", mtu)
    send(wire.sender, frame=frame(wire, 17, 8000), count=5000)
    still(tool, wire, running)
    assert any(cell["size"] == "1519_9018" and cell["packets"] > 0 for cell in shown(tool, wire.receiver.name)["traffic"]["cells"])


def test_it_is_renamed(tool, wire, running):  # noqa: F811
    name = wire.receiver.name
    renamed = network.Endpoint(wire.receiver.netns, "renamed0", *(getattr(wire.receiver, field) for field in ("mac", "ipv4", "ipv6")))
    try:
        renamed.run("ip", "link", "set", name, "name", "renamed0")
        network.until(lambda: served(running, "renamed0") > 0, "it is served under its new name")
        assert not any(f'"{name}"' in series for series in running.metrics())
        assert "renamed" in tool("attach", "renamed0").stdout
        still(tool, network.Link(renamed, wire.sender), running)
    finally:
        renamed.run("ip", "link", "set", "renamed0", "down")
        renamed.run("ip", "link", "set", "renamed0", "name", name)


def test_it_is_moved_to_another_namespace(tool, wire, running, make_namespace):  # noqa: F811
    """It goes on counting there, as its link holds it and not a name; whoever moved it knows where it is."""
    other, name = make_namespace("other"), wire.receiver.name
    there = network.Endpoint(other, name, wire.receiver.mac, wire.receiver.ipv4, wire.receiver.ipv6)
    wire.receiver.run("ip", "link", "set", name, "netns", other)
    try:
        there.run("ip", "link", "set", name, "up")
        before = there.counters()["rx_packets"]
        network.until(lambda: there.counters()["rx_packets"] > before + 1000, "frames arrive there")
        assert tool.status()[name]["mode"] == "other namespace"
        wire.sender.run("ip", "link", "set", wire.sender.name, "down")
        received = network.settled(there)["rx_packets"]
        assert received == served(running, name) == shown(tool, name)["stats"]["total_packets"]
        assert tool.status(netns=other)[name]["mode"] == "native"
    finally:
        there.run("ip", "link", "set", name, "netns", f"/run/netns/{wire.receiver.netns}")


def test_its_pins_are_wiped_by_hand(tool, wire, running):  # noqa: F811
    """All but the link's: it counts on, the server reads on, and the next attach restores what is missing."""
    folder = tool.pin_root / wire.receiver.name
    before = served(running, wire.receiver.name)
    for pin in ("stats_map", "traffic_map", "prog"):
        (folder / pin).unlink()
    assert running.get("/metrics").status == 200
    assert "restored" in tool("attach", wire.receiver.name).stdout
    network.until(lambda: served(running, wire.receiver.name) > before, "it is served again")
    still(tool, wire, running)


def test_all_its_pins_are_wiped_by_hand(tool, wire, running):  # noqa: F811
    """Nothing holds the link any more: the counter is gone, as is told, and a new one begins at 0."""
    name = wire.receiver.name
    shutil.rmtree(tool.pin_root / name, ignore_errors=True)
    for pin in (tool.pin_root / name).iterdir() if (tool.pin_root / name).exists() else ():
        pin.unlink()
    if (tool.pin_root / name).exists():
        (tool.pin_root / name).rmdir()
    network.until(lambda: tool.xdp(name) is None, "the kernel has let go of the link")
    assert not any(f'"{name}"' in series for series in running.metrics())
    received = wire.receiver.counters()["rx_packets"]
    tool("attach", name)
    network.until(lambda: served(running, name) > 0, "the new one is served")
    assert served(running, name) <= wire.receiver.counters()["rx_packets"] - received
    is_clean(tool, name)


def test_it_is_deleted_and_recreated(tool, running, send, wire):  # noqa: F811
    for count in (10, 20, 30):
        tool.veth("again0", "peer0", up=False)
        assert ("counts from 0" in tool("attach", "again0").stdout) == (count > 10)
        tool.ip("link", "set", "dev", "again0", "up")
        tool.ip("link", "set", "dev", "peer0", "up")
        end = network.Endpoint(tool.netns, "again0", "", "", "")
        send(network.Endpoint(tool.netns, "peer0", "", "", ""), frame=frame(wire, 6, 100), count=count)
        assert network.settled(end)["rx_packets"] == served(running, "again0") >= count
        tool.ip("link", "delete", "dev", "again0")
        network.until(lambda: running.metrics()['xdpstat_up{device="again0"}'] == 0, "it is told that it is gone")
    assert served(running, wire.receiver.name) > 0


def test_the_server_is_restarted_again_and_again(tool, wire, running, serve):  # noqa: F811
    last = 0
    for number in (signal.SIGTERM, signal.SIGKILL) * 3:
        server = serve()
        now = served(server, wire.receiver.name)
        assert now > last
        last = now
        server.stop(number)
    still(tool, wire, running)


@pytest.mark.parametrize("variant", ["added", "moved"])
def test_two_servers_at_once_read_maps_of_another_version(tool, wire, old, serve, send, variant):  # noqa: F811
    """As those of an older xdpstat read what a newer one has attached: field by field, and they say so with one voice."""
    old(variant, wire.receiver.name)
    servers = [serve(), serve()]
    senders = start_traffic(send, wire)
    network.until(lambda: served(servers[0], wire.receiver.name) > 10_000, "frames are counted")
    stop_traffic(senders, wire)
    is_exact(tool, wire)
    received = wire.receiver.counters()["rx_packets"]
    assert [served(server, wire.receiver.name) for server in servers] == [received, received]
    tool("attach", wire.receiver.name)
    assert [served(server, wire.receiver.name) for server in servers] == [received, received]


def test_a_python_program_follows_an_upgrade(tool, wire, old, send):  # noqa: F811
    """It had the maps of the version before open."""
    python = built("XDPSTAT_MODULE_PYTHON")
    name = wire.receiver.name
    old("moved", name)
    program = (
        "import sys, xdpstat\n"
        f"counter = xdpstat.open({name!r}, pin_root={str(tool.pin_root)!r})\n"
        "for line in sys.stdin:\n"
        "    print(counter.read().total_packets, counter.attached, flush=True)\n"
    )
    process = subprocess.Popen([*network.inside(tool.netns), python, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask() -> list[str]:
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline().split()

    send(wire.sender, frame=frame(wire, 6, 100), count=1000)
    network.settled(wire.receiver)
    assert ask() == ["1000", "True"]
    tool("attach", name)
    send(wire.sender, frame=frame(wire, 6, 100), count=500)
    network.settled(wire.receiver)
    network.until(lambda: ask() == ["1500", "True"], "it reads the maps of the new version")
    process.stdin.close()
    assert process.wait(timeout=10) == 0


def test_a_cpu_goes_offline_and_comes_back(tool, wire, running):  # noqa: F811
    """What it had counted stays in its slot. Where this machine lets none go, tests/vm does it in a guest."""
    switch = f"{CPUS}/cpu1/online"
    try:
        with open(switch, "w") as file:
            file.write("0")
    except OSError as error:
        pytest.skip(f"no CPU of this machine can go offline: {error}; tests/vm/cpu-offline does it in a guest")
    try:
        before = wire.receiver.counters()["rx_packets"]
        network.until(lambda: wire.receiver.counters()["rx_packets"] > before + 1000, "frames arrive on the others")
    finally:
        with open(switch, "w") as file:
            file.write("1")
    still(tool, wire, running)
    assert json.loads(tool("show", wire.receiver.name, "--json").stdout)
