# SPDX-License-Identifier: BSD-2-Clause
"""The fixtures themselves: what the other end-to-end tests lean on."""

import json
import os
import shutil
import struct
import subprocess

import leaks
import network


def udp_frame(end: network.Endpoint, peer: network.Endpoint, length: int) -> bytes:
    ethernet = bytes.fromhex(peer.mac.replace(":", "") + end.mac.replace(":", "")) + b"\x08\x00"
    ip_length = length - len(ethernet)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, ip_length, 0, 0, 64, 17, 0, b"\x0a\x4d\x00\x02", b"\x0a\x4d\x00\x01")
    udp = struct.pack("!HHHH", 4000, 9, ip_length - len(ip), 0)
    return (ethernet + ip + udp).ljust(length, b"\0")


def test_link_carries_both_families(link):
    link.sender.run("ping", "-c", 1, "-W", 5, link.receiver.ipv4)
    link.sender.run("ping", "-c", 1, "-W", 5, link.receiver.ipv6)


def test_link_has_the_mtu_asked_for(make_link):
    assert make_link(mtu=9000).receiver.state()["mtu"] == 9000


def test_sender_counts_what_the_kernel_took(make_link, send):
    link = make_link(ipv6=False)
    before = network.settled(link.receiver)
    frame = udp_frame(link.sender, link.receiver, 64)
    runs = [send.start(link.sender, frame=frame, count=50_000, cpu=cpu) for cpu in sorted(os.sched_getaffinity(0))[:2]]
    sent = [send.finish(run) for run in runs]
    after = network.settled(link.receiver)
    assert all(one["frames"] == 50_000 and one["bytes"] == 64 * 50_000 for one in sent)
    assert after["rx_packets"] - before["rx_packets"] == sum(one["frames"] for one in sent)


def test_sender_plays_a_capture(make_link, send, tmp_path):
    link = make_link(ipv6=False)
    frames = [udp_frame(link.sender, link.receiver, length) for length in (60, 300, 1514)]
    capture = tmp_path / "frames.pcap"
    records = b"".join(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)
    capture.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records)
    before = network.settled(link.receiver)
    sent = send(link.sender, pcap=capture, count=10)
    after = network.settled(link.receiver)
    assert (sent["frames"], sent["bytes"]) == (30, 10 * (60 + 300 + 1514))
    assert after["rx_packets"] - before["rx_packets"] == 30


def test_sender_says_what_is_wrong(link, send):
    run = send.start(link.sender, frame=b"\0" * 64, count=1, cpu=4095)
    _, error = run.communicate(timeout=30)
    assert run.returncode != 0
    assert "CPU 4095" in error


def test_attach_attaches_and_detaches(link, attach, pin_root):
    attach(link.receiver)
    assert "xdp" in link.receiver.state()
    assert (pin_root / link.receiver.name / "link").exists()


def test_leak_check_sees_namespaces_pins_and_processes(pin_root):
    run = os.environ[leaks.MARK]
    roots = [pin_root.parent]
    before = leaks.state(run, roots)
    with network.namespace("leak") as name, subprocess.Popen(["sleep", "60"]) as process:
        try:
            pin_root.mkdir()
            found = leaks.state(run, roots).since(before)
        finally:
            process.kill()
    # Programs of others may come and go meanwhile: they are told apart only at a test's end.
    found = [line for line in found if not line.startswith(("programs", "links"))]
    assert found == [f"namespaces: {name}", f"pins: {pin_root}", f"processes: {process.pid}"]
    pin_root.rmdir()
    assert leaks.after(before, run, roots) == []


def test_leak_check_sees_a_program(pin_root, bpf_object):
    run = os.environ[leaks.MARK]
    roots = [pin_root.parent]
    before = leaks.state(run, roots)
    pin_root.mkdir()
    network.run("bpftool", "prog", "load", bpf_object, pin_root / "prog", "type", "xdp")
    number = json.loads(network.run("bpftool", "-j", "prog", "show", "pinned", pin_root / "prog").stdout)["id"]
    assert number in leaks.state(run, roots).programs - before.programs
    assert leaks.of_others("prog", {number}, run, roots) == set()
    assert leaks.of_others("prog", {number}, run, []) == {number}
    (pin_root / "prog").unlink()
    pin_root.rmdir()
    assert leaks.after(before, run, roots) == []


def test_leak_check_tells_what_others_have_pinned_in_a_file_system_of_their_own(bpf_object):
    """As in another run on this machine that has a mount namespace: nobody holds it, and no pin of it is to be seen here."""
    run = os.environ[leaks.MARK]
    before = leaks.state(run, [])
    words = ["unshare", "--mount", "bash", "-c", 'mount -t bpf bpf /sys/fs/bpf && bpftool prog load "$0" /sys/fs/bpf/xs-prog type xdp && '
             "bpftool -j prog show pinned /sys/fs/bpf/xs-prog && read -r", str(bpf_object)]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != leaks.MARK}
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    try:
        number = json.loads(other.stdout.readline())["id"]
        assert number in leaks.state(run, []).programs - before.programs
        assert leaks.of_others("prog", {number}, run, []) == {number}
        assert leaks.after(before, run, []) == []
    finally:
        other.communicate(b"\n")
    network.until(lambda: number not in leaks.state(run, []).programs, "it goes with its file system")


def test_what_a_killed_run_has_left_is_swept():
    """And nothing of a run that goes on, for which the first process stands."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    names = {pid: f"xs-e2e-{pid}-1-swept" for pid in (ended.pid, 1)}
    folders = {pid: leaks.BPFFS / f"xs-e2e-{pid}" for pid in names}
    for pid, name in names.items():
        network.run("ip", "netns", "add", name)
        (folders[pid] / "pins").mkdir(parents=True)
    left = subprocess.Popen(["nsenter", f"--net={network.NETNS / names[ended.pid]}", "sleep", "60"])
    try:
        leaks.sweep()
        assert left.wait(timeout=10) != 0
        assert not (network.NETNS / names[ended.pid]).exists() and not folders[ended.pid].exists()
        assert (network.NETNS / names[1]).exists() and (folders[1] / "pins").exists()
    finally:
        left.kill()
        left.wait()
        network.run("ip", "netns", "delete", names[1])
        shutil.rmtree(folders[1])
