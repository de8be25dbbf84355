# SPDX-License-Identifier: BSD-2-Clause
"""SIGKILL at random moments of attach, detach, serve and upgrade, while frames arrive on both CPUs: the next run mends, nothing is
left behind, and the counts are the interface's own. Five hundred times, and 50 servers that follow; XDPSTAT_KILLS=10 makes it twice as
many."""

import contextlib
import os
import random
import signal
import subprocess
import time

import network
import pytest
from outcome import tool  # noqa: F401: a fixture
from test_upgrade import PINS, is_clean, is_exact, old, shown, start_traffic, stop_traffic, wire  # noqa: F401: fixtures

TIMES = int(os.environ.get("XDPSTAT_KILLS", "5"))
UPGRADES, SERVERS, ATTACHES = 30 * TIMES, 30 * TIMES, 40 * TIMES


@pytest.fixture
def dice():
    seed = int(os.environ.get("XDPSTAT_SEED", time.time_ns() % 1_000_000))
    print(f"XDPSTAT_SEED={seed}")
    return random.Random(seed)


class Killer:
    """Starts commands and kills them at moments spread over the time that they take."""

    def __init__(self, tool, dice):  # noqa: F811
        self.tool, self.dice, self.kills, self.in_time = tool, dice, 0, 0
        self.longest: dict[str, float] = {}

    def takes(self, command: str, seconds: float) -> None:
        self.longest[command] = seconds

    def __call__(self, command: str, *words) -> None:
        process = self.tool.start(command, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=self.dice.uniform(0, self.longest[command]))
        self.kills += 1
        self.in_time += process.poll() is None
        process.kill()
        process.wait()
        self.tool.xdpstat.running.remove(process)


def timed(run) -> float:
    start = time.monotonic()
    run()
    return time.monotonic() - start


def holds_still(senders, wire):  # noqa: F811
    """Stops the traffic and returns what the interface has received."""
    for process in senders:
        process.send_signal(signal.SIGSTOP)
    return network.settled(wire.receiver)["rx_packets"]


def goes_on(senders) -> None:
    for process in senders:
        process.send_signal(signal.SIGCONT)


def only_pins_are(tool, name: str) -> None:  # noqa: F811
    assert tool.folders() == {name}, tool.folders()
    assert {path.name for path in (tool.pin_root / name).iterdir()} == PINS


def test_killed_in_upgrades_and_servers_one_counter_counts_every_frame(tool, old, wire, send, dice):  # noqa: F811
    """All the while the same counter is attached: at the end it has counted what the interface received, no more and no less."""
    name = wire.receiver.name
    kill = Killer(tool, dice)
    tool("attach", name)
    old("same", name, 0)
    kill.takes("attach", 1.1 * timed(lambda: tool("attach", name)))
    kill.takes("serve", 2 * kill.longest["attach"])
    senders = start_traffic(send, wire)
    for turn in range(UPGRADES):
        old("same", name, 0)
        kill("attach", name)
        assert tool("attach", name).stdout.split(": ")[1].startswith(("upgraded", "already attached"))
        only_pins_are(tool, name)
        if turn % 25 == 0:
            is_clean(tool, name)
    for turn in range(SERVERS):
        if turn % 10 == 0:
            old("same", name, 0)  # a server upgrades too
        kill("serve", name, "--attach", "--web.listen-address", "127.0.0.1:0")
        assert name in tool.folders()
    tool("attach", name)
    is_clean(tool, name)
    stop_traffic(senders, wire)
    is_exact(tool, wire)
    assert kill.kills == UPGRADES + SERVERS and kill.in_time > kill.kills / 2


def test_killed_in_attaches_and_detaches_the_next_attach_counts_rightly(tool, old, wire, send, dice):  # noqa: F811
    name = wire.receiver.name
    kill = Killer(tool, dice)
    kill.takes("attach", 1.1 * timed(lambda: tool("attach", name)))
    kill.takes("detach", 1.1 * timed(lambda: tool("detach", name)))
    senders = start_traffic(send, wire)
    for turn in range(ATTACHES):
        kill(("attach", "detach")[turn % 2], name)
        tool("attach", name)
        only_pins_are(tool, name)
        if turn % 40 == 39:
            is_clean(tool, name)
            received, counted = holds_still(senders, wire), shown(tool, name)["stats"]["total_packets"]
            goes_on(senders)
            network.until(lambda: wire.receiver.counters()["rx_packets"] > received + 1000, "frames arrive")
            more = holds_still(senders, wire) - received
            assert shown(tool, name)["stats"]["total_packets"] - counted == more > 1000
            goes_on(senders)
    stop_traffic(senders, wire)
    assert kill.kills == ATTACHES and kill.in_time > kill.kills / 2


def test_killed_50_times_a_server_that_follows_interfaces_leaves_none_behind(tool, dice):  # noqa: F811
    """Interfaces come and go while servers are killed; the next one attaches to those that are there and lets go of the others."""
    kill = Killer(tool, dice)
    kill.takes("serve", 0.3)
    for turn in range(50):
        tool.veth(f"xsv{turn}", f"xsp{turn}")
        if turn > 1:
            tool.ip("link", "delete", "dev", f"xsv{turn - 2}")
        kill("serve", "--attach", "--interface-regex", "xsv.*", "--web.listen-address", "127.0.0.1:0")
    server = tool.start("serve", "--attach", "--interface-regex", "xsv.*", "--web.listen-address", "127.0.0.1:0")
    assert any("listening" in line for line in server.stderr)
    for name in ("xsv48", "xsv49"):
        assert tool.links_of(name) == 1
    assert tool.folders() == {"xsv48", "xsv49"}
    server.terminate()
    assert server.wait(timeout=10) == 0
