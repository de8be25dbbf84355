# SPDX-License-Identifier: BSD-2-Clause
"""What becomes of an open counter when the one below it is detached or attached anew, and of the rates between two."""

import copy
import multiprocessing
import pickle

import network
import pytest
from test_counts import flood, frame

import xdpstat as module


@pytest.fixture
def attach_anew(xdpstat, pin_root):
    """attach_anew(link) detaches its counter and attaches another."""

    def run(link):
        for command in ("detach", "attach"):
            xdpstat(command, link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)

    return run


def test_a_new_counter_that_has_counted_more(counted, send, attach_anew, pin_root):
    link, counter = counted()
    flood(link, send, [frame(link, 17, 100)], count=100)
    network.settled(link.receiver)
    older = counter.read()
    attach_anew(link)
    flood(link, send, [frame(link, 17, 100)], count=300)
    network.settled(link.receiver)
    with module.open(link.receiver.name, pin_root=pin_root) as again:
        rates = module.rates(older, again.read())
        assert not module.rates(again.read(), again.read()).new_instance
    assert older.total_packets == 100
    assert rates.new_instance and rates.differences["total_packets"] == 300


def test_a_counter_knows_whether_it_is_attached(counted, attach_anew, xdpstat, pin_root):
    link, counter = counted()
    assert counter.attached is True
    attach_anew(link)
    assert counter.attached is False and counter.read().total_packets == 0
    with module.open(link.receiver.name, pin_root=pin_root) as again:
        assert again.attached
        xdpstat("detach", link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)
        assert not again.attached and not counter.attached
    xdpstat("attach", link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)


def test_a_renamed_interface_stays_attached(counted, xdpstat, pin_root):
    link, counter = counted()
    end = link.receiver

    def rename(old, new):
        for change in (("down",), ("name", new), ("up",)):
            network.run("ip", "-n", end.netns, "link", "set", new if change == ("up",) else old, *change)
        xdpstat("attach", new, "--pin-root", pin_root, netns=end.netns)  # moves the pins

    before = counter.read()
    rename(end.name, "xsrenamed")
    assert not (pin_root / end.name).exists() and counter.attached
    with module.open("xsrenamed", pin_root=pin_root) as again:
        now = again.read()
    assert (before.interface, now.interface) == (end.name, "xsrenamed")
    assert not module.rates(before, now).new_instance  # of two names, but the same counter
    rename("xsrenamed", end.name)


def test_snapshots_of_which_no_rates_can_be_told(counted):
    _, one = counted()
    _, two = counted()
    older, newer = one.read(), one.read()
    with pytest.raises(ValueError, match="taken before the older"):
        module.rates(newer, older)
    with pytest.raises(ValueError, match=f"two interfaces: {one.interface} and {two.interface}"):
        module.rates(older, two.read())
    assert module.rates(older, older).seconds == 0.0


def test_an_interval_of_a_closed_counter(counted):
    _, counter = counted()
    counter.close()
    with pytest.raises(ValueError, match="closed"):
        counter.every(0.1)
    assert counter.interface and counter.directory and counter.notes == []


@pytest.mark.parametrize("again", [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy])
def test_values_can_be_sent_and_copied(counted, send, pin_root, again):
    link, counter = counted()
    older = counter.read()
    flood(link, send, [frame(link, 6, 64), frame(link, 17, 1500)], count=100)
    network.settled(link.receiver)
    newer = counter.read()
    rates = module.rates(older, newer)
    copied = again(newer)
    assert type(copied) is module.Snapshot and copied.to_dict() == newer.to_dict()
    assert (copied.time_ns, copied.monotonic_ns, copied.interface) == (newer.time_ns, newer.monotonic_ns, newer.interface)
    assert module.rates(again(older), copied).to_dict() == rates.to_dict() == again(rates).to_dict()
    assert again(rates).traffic.to_dict() == rates.traffic.to_dict() == again(rates.traffic).to_dict()
    (cell, *_) = newer.traffic.cells()
    assert again(cell).to_dict() == cell.to_dict()
    empty = newer.traffic.cell("ipv6", "tcp", "0_64")
    assert again(empty).to_dict() == empty.to_dict()
    (instance,) = module.counters(pin_root=pin_root)
    assert again(instance).to_dict() == instance.to_dict()


def test_without_a_breakdown_they_can_be_copied_too(counted):
    _, counter = counted("--no-breakdown")
    snapshot = pickle.loads(pickle.dumps(counter.read()))
    assert snapshot.traffic is None and copy.deepcopy(module.rates(snapshot, counter.read())).traffic is None


def snapshot_of(name, pin_root):
    with module.open(name, pin_root=pin_root) as counter:
        return counter.read()


def test_a_process_sends_a_snapshot_to_another(counted, pin_root):
    link, counter = counted()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        theirs = pool.apply(snapshot_of, (link.receiver.name, pin_root))
    assert not module.rates(theirs, counter.read()).new_instance


def test_a_snapshot_as_a_mapping(counted):
    _, counter = counted()
    snapshot = counter.read()
    assert list(snapshot) == list(snapshot.keys()) and len(snapshot) == 8
    assert "total_packets" in snapshot and "nothing" not in snapshot and 0 not in snapshot
    with pytest.raises(KeyError):
        snapshot[0]


def test_names_that_are_none(counted, pin_root):
    link, _ = counted()
    with pytest.raises(ValueError, match="NUL"):
        module.open(link.receiver.name + "\0x", pin_root=pin_root)
    for wrong, kind in ((link.receiver.name.encode(), "bytes"), (None, "NoneType"), (7, "int")):
        with pytest.raises(TypeError, match=f"an interface's name is a str, not {kind}"):
            module.open(wrong, pin_root=pin_root)
