# SPDX-License-Identifier: BSD-2-Clause
"""The object without our loader: bpftool loads, pins and attaches it, and reads it."""

import json
import os
import shutil
from pathlib import Path

import network
import pytest
from test_counts import flood, frame


@pytest.fixture
def plain(make_link, pin_root):
    """The object loaded and attached by bpftool alone, and the link it counts on."""
    link = make_link(ipv6=False)
    end = link.receiver
    pin_root.mkdir()
    built = os.environ.get("XDPSTAT_OBJECT", "")
    network.run("bpftool", "prog", "load", built, pin_root / "xdp_counter", "type", "xdp", "pinmaps", pin_root)
    end.run("bpftool", "net", "attach", "xdpdrv", "pinned", pin_root / "xdp_counter", "dev", end.name)
    yield link
    end.run("bpftool", "net", "detach", "xdpdrv", "dev", end.name)
    shutil.rmtree(pin_root)


def total(pin: Path, field: str) -> int:
    slots = json.loads(network.run("bpftool", "-j", "map", "dump", "pinned", pin).stdout)
    return sum(slot["formatted"]["value"][field] for slot in slots)


def test_bpftool_loads_attaches_and_reads_it(plain, send, pin_root):
    before = network.settled(plain.receiver)["rx_packets"]
    flood(plain, send, [frame(plain, 6, 64), frame(plain, 17, 64)], count=2_000)
    after = network.settled(plain.receiver)["rx_packets"]
    assert after - before == 4_000
    assert total(pin_root / "stats_map", "total_packets") == after
    assert total(pin_root / "stats_map", "tcp_packets") == 2_000
    assert total(pin_root / "stats_map", "udp_packets") == 2_000


def test_map_names_and_layout_are_the_contract(plain, pin_root):
    described = {
        name: json.loads(network.run("bpftool", "-j", "map", "show", "pinned", pin_root / name).stdout)
        for name in ("stats_map", "traffic_map")
    }
    assert {name: one["name"] for name, one in described.items()} == {name: name for name in described}
    assert all(one["type"] == "array" and "btf_id" in one for one in described.values())
    assert described["stats_map"]["bytes_value"] == 64
    assert described["traffic_map"]["bytes_value"] == 8 * 8 * 8 * 16
    value = json.loads(network.run("bpftool", "-j", "map", "dump", "pinned", pin_root / "stats_map").stdout)[0]
    assert list(value["formatted"]["value"]) == [
        "total_packets", "total_bytes", "icmp_packets", "tcp_packets", "udp_packets", "other_packets",
        "ipv4_packets", "ipv6_packets"]  # fmt: skip
