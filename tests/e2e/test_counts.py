# SPDX-License-Identifier: BSD-2-Clause
"""The counts are true: the kernel's own receive counters are the judge."""

import json
import os
import struct

import network
import pytest

FRAMES_PER_CPU = 600_000
ETHERNET_HEADER = 14
CPUS = sorted(os.sched_getaffinity(0))[:2]


def frame(link: network.Link, protocol: int, length: int) -> bytes:
    """An IPv4 frame for the receiver. Nobody listens there: TEST-NET addresses draw no answers."""
    macs = bytes.fromhex((link.receiver.mac + link.sender.mac).replace(":", ""))
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length - ETHERNET_HEADER, 0, 0, 64, protocol, 0,
                     bytes([192, 0, 2, 2]), bytes([192, 0, 2, 1]))  # fmt: skip
    return (macs + b"\x08\x00" + ip).ljust(length, b"\0")


def flood(link: network.Link, send, frames: list[bytes], count: int = FRAMES_PER_CPU) -> int:
    """Sends from all CPUs at once, each its own frame; returns how many frames the kernel took."""
    runs = [send.start(link.sender, frame=one, count=count, cpu=cpu) for cpu, one in zip(CPUS, frames)]
    return sum(send.finish(run)["frames"] for run in runs)


def stats(xdpstat, link: network.Link, root) -> dict:
    shown = xdpstat.json("show", link.receiver.name, "--json", "--pin-root", root, netns=link.receiver.netns)
    return shown["interfaces"][0]["stats"]


def differences(before: dict, after: dict) -> dict:
    return {name: after[name] - before[name] for name in after}


def header_bytes(mode: str) -> int:
    """What veth leaves out of rx_bytes for each frame: in native mode it counts after the header is pulled."""
    return ETHERNET_HEADER if mode == "native" else 0


@pytest.mark.parametrize("mode", ["native", "generic"])
@pytest.mark.parametrize("layout", ["percpu", "shared"])
def test_a_million_frames_from_all_cpus_are_counted_exactly(make_link, xdpstat, send, pin_root, mode, layout):
    link = make_link(ipv6=False)
    end = link.receiver
    xdpstat("attach", end.name, "--mode", mode, "--layout", layout, "--pin-root", pin_root, netns=end.netns)
    kernel_before, before = network.settled(end), stats(xdpstat, link, pin_root)

    flood(link, send, [frame(link, 6, 64), frame(link, 17, 128)])

    kernel = differences(kernel_before, network.settled(end))
    counted = differences(before, stats(xdpstat, link, pin_root))
    assert kernel["rx_packets"] > 1_000_000
    assert counted["total_packets"] == kernel["rx_packets"]
    assert counted["total_bytes"] == kernel["rx_bytes"] + kernel["rx_packets"] * header_bytes(mode)
    assert counted["total_packets"] == counted["tcp_packets"] + counted["udp_packets"] == counted["ipv4_packets"]
    assert counted["total_bytes"] == 64 * counted["tcp_packets"] + 128 * counted["udp_packets"]

    slots = json.loads(network.run("bpftool", "-j", "map", "dump", "pinned", pin_root / end.name / "stats_map").stdout)
    writers = [slot for slot in slots if slot["formatted"]["value"]["total_packets"] > 0]
    assert len(writers) == (len(CPUS) if layout == "percpu" else 1), "each CPU has its own slot"
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)


def test_attaching_under_traffic_counts_all_that_comes_after(make_link, xdpstat, send, pin_root):
    link = make_link(ipv6=False)
    end = link.receiver
    running = [send.start(link.sender, frame=frame(link, 17, 64), count=FRAMES_PER_CPU, cpu=cpu) for cpu in CPUS]
    network.until(lambda: end.counters()["rx_packets"] > 1000, "traffic flows")
    xdpstat("attach", end.name, "--pin-root", pin_root, netns=end.netns)
    kernel_when_attached = end.counters()["rx_packets"]
    assert all(run.poll() is None for run in running), "traffic was still flowing when it was attached"
    for run in running:
        send.finish(run)
    kernel = network.settled(end)["rx_packets"]
    counted = stats(xdpstat, link, pin_root)["total_packets"]
    assert kernel - kernel_when_attached <= counted <= kernel

    before, kernel_before = stats(xdpstat, link, pin_root), network.settled(end)
    flood(link, send, [frame(link, 17, 64)] * 2, count=10_000)
    kernel_after = network.settled(end)
    counted = differences(before, stats(xdpstat, link, pin_root))
    assert counted["total_packets"] == kernel_after["rx_packets"] - kernel_before["rx_packets"]
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)


@pytest.mark.parametrize("layout", ["percpu", "shared"])
def test_headline_and_breakdown_agree_while_and_after_counting(make_link, xdpstat, send, pin_root, layout):
    link = make_link(ipv6=False)
    end = link.receiver
    xdpstat("attach", end.name, "--layout", layout, "--pin-root", pin_root, netns=end.netns)
    running = [send.start(link.sender, frame=frame(link, protocol, 300), count=100_000, cpu=cpu)
               for cpu, protocol in zip(CPUS, (1, 47))]  # fmt: skip
    while any(run.poll() is None for run in running):
        now = stats(xdpstat, link, pin_root)
        assert now["total_packets"] == sum(now[f"{name}_packets"] for name in ("icmp", "tcp", "udp", "other"))
    for run in running:
        send.finish(run)
    network.settled(end)
    shown = xdpstat.json("show", "--json", "--pin-root", pin_root, netns=end.netns)["interfaces"][0]
    cells = shown["traffic"]["cells"]
    assert sum(cell["packets"] for cell in cells) == shown["stats"]["total_packets"]
    assert sum(cell["bytes"] for cell in cells) == shown["stats"]["total_bytes"]
    for side in ("by_network", "by_transport", "by_size"):
        assert sum(part["packets"] for part in shown["traffic"][side].values()) == shown["stats"]["total_packets"]
    assert {(cell["network"], cell["transport"], cell["size"]) for cell in cells} == {
        ("ipv4", "icmp", "256_511"), ("ipv4", "gre", "256_511")}  # fmt: skip
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)


def test_a_jumbo_frame_in_fragments_is_counted_whole(make_link, xdpstat, send, pin_root):
    link = make_link(ipv6=False, mtu=9000)
    end = link.receiver
    xdpstat("attach", end.name, "--mode", "native", "--pin-root", pin_root, netns=end.netns)
    before = stats(xdpstat, link, pin_root)
    send(link.sender, frame=frame(link, 17, 9014), count=100)
    network.settled(end)
    counted = differences(before, stats(xdpstat, link, pin_root))
    assert (counted["udp_packets"], counted["total_bytes"]) == (100, 100 * 9014)
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)
