# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces, the veth pairs between them, and the kernel's own counters.

Everything is named after this process, so that runs side by side never meet, and nothing is ever created in
the machine's own namespace.
"""

import contextlib
import itertools
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

NETNS = Path("/run/netns")
PREFIX = f"xs-e2e-{os.getpid()}-"
_numbers = itertools.count(1)


def run(*command: object, timeout: float = 60, **options) -> subprocess.CompletedProcess:
    """Runs a helper command to its end; raises with the command's own words where it fails."""
    words = [str(word) for word in command]
    result = subprocess.run(words, capture_output=True, text=True, timeout=timeout, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: exit code {result.returncode}: {result.stderr.strip()}")
    return result


def inside(netns: str | None) -> list[str]:
    """The words before a command that put it into a namespace. `ip netns exec` would hide the pins: it mounts
    a new /sys."""
    return ["nsenter", f"--net={NETNS / netns}", "--"] if netns else []


@dataclass(frozen=True)
class Endpoint:
    """One end of a link, inside a namespace of its own."""

    netns: str
    name: str
    mac: str
    ipv4: str
    ipv6: str

    def run(self, *command: object, **options) -> subprocess.CompletedProcess:
        return run(*inside(self.netns), *command, **options)

    @property
    def index(self) -> int:
        return self.state()["ifindex"]

    def state(self) -> dict:
        """What `ip -j -d -s link` says: flags, mtu, xdp, stats64 and the rest."""
        return json.loads(self.run("ip", "-j", "-d", "-s", "link", "show", "dev", self.name).stdout)[0]

    def counters(self) -> dict[str, int]:
        """The kernel's own counters, as rx_packets, rx_bytes, rx_dropped, tx_packets ..."""
        stats = self.state()["stats64"]
        return {f"{way}_{name}": value for way in ("rx", "tx") for name, value in stats[way].items()}


@dataclass(frozen=True)
class Link:
    """A veth pair: frames go from sender to receiver, whose end is the one to attach to."""

    receiver: Endpoint
    sender: Endpoint


@contextlib.contextmanager
def namespace(role: str) -> Iterator[str]:
    """A fresh network namespace with its loopback up; deleted at the end, with all that lies in it."""
    name = f"{PREFIX}{next(_numbers)}-{role}"
    run("ip", "netns", "add", name)
    try:
        run(*inside(name), "ip", "link", "set", "lo", "up")
        yield name
    finally:
        run("ip", "netns", "delete", name)


def _quiet(netns: str, ipv6: bool) -> None:
    """Stops what the kernel sends of its own accord, as far as it can be stopped; MLD reports remain with IPv6."""
    settings = {"default.accept_ra": 0, "default.router_solicitations": 0, "default.accept_dad": 0}
    settings |= {"default.addr_gen_mode": 1} if ipv6 else {"default.disable_ipv6": 1, "all.disable_ipv6": 1}
    for name, value in settings.items():
        run(*inside(netns), "sysctl", "-q", "-w", f"net.ipv6.conf.{name}={value}")


@contextlib.contextmanager
def link(mtu: int = 1500, ipv6: bool = True, queues: int | None = None, offloads: bool = False) -> Iterator[Link]:
    """A veth pair between two fresh namespaces, up at both ends and with addresses.

    ipv6=False gives an interface on which nothing moves but what the test sends. Segmentation offloads are off
    unless asked for, so that a frame is what it would be on a wire. There are as many queues as CPUs, or
    `queues` of them.
    """
    number = next(_numbers)
    queues = queues or os.cpu_count() or 1
    with contextlib.ExitStack() as stack:
        namespaces = [stack.enter_context(namespace(role)) for role in ("rx", "tx")]
        names = [f"xsrx{number}", f"xstx{number}"]
        ends = [
            Endpoint(netns, name, f"02:00:00:00:{number % 256:02x}:{host:02x}", f"10.77.0.{host}", f"fd00:77::{host}")
            for host, netns, name in zip((1, 2), namespaces, names)
        ]
        for netns in namespaces:
            _quiet(netns, ipv6)
        rx, tx = ends
        queue_words = ["numtxqueues", queues, "numrxqueues", queues]
        run("ip", "link", "add", rx.name, "netns", rx.netns, "address", rx.mac, "mtu", mtu, *queue_words,
            "type", "veth", "peer", "name", tx.name, "netns", tx.netns, "address", tx.mac, "mtu", mtu, *queue_words)  # fmt: skip
        for end, peer in ((rx, tx), (tx, rx)):
            if not offloads:
                end.run("ethtool", "-K", end.name, "tso", "off", "gso", "off", "gro", "off")
            end.run("ip", "address", "add", f"{end.ipv4}/24", "dev", end.name)
            if ipv6:
                end.run("ip", "address", "add", f"{end.ipv6}/64", "dev", end.name, "nodad")
            end.run("ip", "link", "set", end.name, "up")
        for end, peer in ((rx, tx), (tx, rx)):
            # Known neighbours: no ARP and no neighbour discovery among the frames that a test counts.
            end.run("ip", "neighbour", "replace", peer.ipv4, "lladdr", peer.mac, "dev", end.name)
            if ipv6:
                end.run("ip", "neighbour", "replace", peer.ipv6, "lladdr", peer.mac, "dev", end.name)
        # The end that was up first sends once a worker of the kernel has noticed that the other one is; until then, which
        # on a busy machine is a while, what it sends is thrown away.
        for end in ends:
            until(lambda: end.state()["operstate"] == "UP", f"{end.name} is up")
        yield Link(receiver=rx, sender=tx)


def until(condition, what: str, timeout: float = 10):
    """Polls a state of the kernel that has no event to wait for, and returns the first true value."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout} s still not: {what}")
        time.sleep(0.01)
    return value


def _receives_later() -> list[Path]:
    """The kernel's threads that take received frames on where a CPU has more than it can take at once, by their state."""
    found = []
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if comm.read_text().startswith("ksoftirqd/"):
                found.append(comm.with_name("stat"))
    return found


def _has_frames_waiting(threads: list[Path]) -> bool:
    """Whether one of them is to run: on a busy machine it may wait for its CPU for longer than any pause taken here."""
    return any(thread.read_text().rpartition(")")[2].split()[0] == "R" for thread in threads)


def settled(end: Endpoint, timeout: float = 30) -> dict[str, int]:
    """The receive counters once everything in flight has arrived: two readings 50 ms apart that are equal, and no thread of
    the kernel that has frames to take on."""
    threads = _receives_later()
    deadline = time.monotonic() + timeout
    before = end.counters()
    while True:
        time.sleep(0.05)
        waiting = _has_frames_waiting(threads)
        after = end.counters()
        if after == before and not waiting:
            return after
        if time.monotonic() > deadline:
            raise AssertionError(f"{end.name}: still receiving after {timeout} s")
        before = after
