# SPDX-License-Identifier: BSD-2-Clause
"""Counters: the numbers that xdpstat shows, as typed values, at once and at an interval."""

import json
import time

import network
import pytest
from test_counts import flood, frame

import xdpstat as module

FIELDS = ["total_packets", "total_bytes", "icmp_packets", "tcp_packets", "udp_packets", "other_packets", "ipv4_packets", "ipv6_packets"]


@pytest.mark.parametrize("layout", ["percpu", "shared"])
def test_the_same_as_xdpstat_shows(counted, send, xdpstat, pin_root, layout):
    link, counter = counted("--layout", layout)
    flood(link, send, [frame(link, 6, 64), frame(link, 17, 1500)], count=1_000)
    network.settled(link.receiver)
    shown = xdpstat.json("show", link.receiver.name, "--json", "--pin-root", pin_root, netns=link.receiver.netns)["interfaces"][0]
    snapshot = counter.read()
    assert snapshot.tcp_packets == snapshot.udp_packets == 1_000 and snapshot.total_packets == 2_000
    assert dict(snapshot) == shown["stats"]
    assert list(snapshot.keys()) == FIELDS and [getattr(snapshot, name) for name in FIELDS] == list(shown["stats"].values())
    assert snapshot.traffic.to_dict() == shown["traffic"]
    whole = snapshot.to_dict()
    assert whole["stats"] == shown["stats"] and whole["traffic"] == shown["traffic"]
    assert json.loads(json.dumps(whole)) == whole
    assert type(snapshot.total_packets) is int
    with pytest.raises(KeyError, match="nothing"):
        snapshot["nothing"]


def test_the_breakdown(counted, send):
    link, counter = counted()
    flood(link, send, [frame(link, 6, 64)], count=500)
    network.settled(link.receiver)
    traffic = counter.read().traffic
    (cell,) = traffic.cells()
    assert (cell.network, cell.transport, cell.size, cell.packets, cell.bytes) == ("ipv4", "tcp", "0_64", 500, 32_000)
    assert traffic.cell("ipv4", "tcp", "0_64").packets == 500
    assert traffic.by_network()["ipv4"].bytes == traffic.by_transport()["tcp"].bytes == traffic.by_size()["0_64"].bytes == 32_000
    assert traffic.by_network()["ipv6"].to_dict() == {"packets": 0, "bytes": 0}
    with pytest.raises(KeyError, match="0_63"):
        traffic.cell("ipv4", "tcp", "0_63")


def test_without_a_breakdown(counted):
    link, counter = counted("--no-breakdown")
    snapshot = counter.read()
    assert snapshot.traffic is None and "traffic" not in snapshot.to_dict()
    assert module.rates(snapshot, counter.read()).traffic is None


def test_times(counted):
    _, counter = counted()
    before, monotonic = time.time_ns(), time.monotonic_ns()
    snapshot = counter.read()
    assert before <= snapshot.time_ns <= time.time_ns()
    assert monotonic <= snapshot.monotonic_ns <= time.monotonic_ns()
    assert snapshot.time == pytest.approx(snapshot.time_ns / 1e9, abs=1e-5)


def test_rates_of_two_snapshots(counted, send):
    link, counter = counted()
    older = counter.read()
    flood(link, send, [frame(link, 17, 100)], count=300)
    network.settled(link.receiver)
    newer = counter.read()
    rates = module.rates(older, newer)
    assert rates.differences == {**dict.fromkeys(FIELDS, 0), "total_packets": 300, "total_bytes": 30_000, "udp_packets": 300, "ipv4_packets": 300}
    assert rates.seconds == pytest.approx((newer.monotonic_ns - older.monotonic_ns) / 1e9)
    assert rates.udp_packets == pytest.approx(300 / rates.seconds) and rates.tcp_packets == 0.0
    assert rates.traffic.by_transport()["udp"].packets == 300
    assert not rates.new_instance
    assert rates.to_dict()["rates"]["total_bytes"] == rates.total_bytes


def test_rates_over_an_interval(counted, send):
    link, counter = counted()
    sending = send.start(link.sender, frame=frame(link, 17, 100), count=1_000_000)
    rates = counter.rates(0.2)
    assert 0.2 <= rates.seconds < 0.5
    assert rates.udp_packets > 0
    sending.kill()


def test_snapshots_come_on_a_grid(counted):
    _, counter = counted()
    interval = 0.05
    times = []
    for snapshot in counter.every(interval):
        times.append(snapshot.monotonic_ns / 1e9)
        if len(times) == 3:
            time.sleep(2.5 * interval)  # misses two turns
        if len(times) == 8:
            break
    turns = [(at - times[0]) / interval for at in times]
    # The first comes at once; nothing is early; what was missed is left out.
    assert [int(turn + 0.001) for turn in turns] == [0, 1, 2, 4, 5, 6, 7, 8] or turns[-1] > 8
    assert all(later - earlier > 0 for earlier, later in zip(turns, turns[1:]))
    # No drift: the last lies on the grid like the first.
    assert turns[-1] % 1 < 0.6


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), 1e-9])
def test_intervals_that_are_none(counted, wrong):
    _, counter = counted()
    with pytest.raises(ValueError, match="interval"):
        counter.every(wrong)
    with pytest.raises(ValueError, match="interval"):
        counter.rates(wrong)
    with pytest.raises(TypeError):
        counter.every("soon")


def test_closing(counted):
    _, counter = counted()
    snapshots = counter.every(10)
    with counter as same:
        assert same is counter and not counter.closed
        next(snapshots)
    assert counter.closed
    assert list(snapshots) == []
    for use in (counter.read, lambda: counter.rates(0.001)):
        with pytest.raises(ValueError, match="closed"):
            use()
    counter.close()


def test_the_list_of_counters(counted, pin_root):
    assert module.counters(pin_root=pin_root) == []
    link, counter = counted("--layout", "shared")
    (instance,) = module.counters(pin_root=str(pin_root))
    assert instance.interface == link.receiver.name and instance.directory == counter.directory
    assert (instance.layout, instance.breakdown, instance.mode) == ("shared", True, "other namespace")
    assert instance.since and time.time() - 60 < instance.since <= time.time()
    assert len(instance.program_tag) == 16 and instance.program_id > 0
    assert instance.to_dict()["since"] == instance.since
    assert counter.interface == instance.interface and counter.notes == []


def test_a_counter_that_is_not_there(pin_root):
    with pytest.raises(module.NotFoundError) as caught:
        module.open("xsnothing", pin_root=pin_root)
    error = caught.value
    assert isinstance(error, FileNotFoundError) and error.kind == "not_found" and error.errno == 2
    assert str(error).startswith(f"cannot {error.operation} {error.object}: ") and "\n" not in str(error)


def test_by_size(counted):
    _, counter = counted(by_size=True)
    assert counter.read().total_packets == 0
