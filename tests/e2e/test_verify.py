# SPDX-License-Identifier: BSD-2-Clause
"""verify: the counter against the kernel's and the driver's own figures, under real traffic."""

import json
import struct
from pathlib import Path

import network
import pytest

ETHERNET_HEADER = 14
FRAME_LENGTH = 200
SLOT_SIZE = 64


def udp_frame(link: network.Link) -> bytes:
    macs = (link.receiver.mac + link.sender.mac).replace(":", "")
    ip_length = FRAME_LENGTH - ETHERNET_HEADER
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, ip_length, 0, 0, 64, 17, 0, b"\x0a\x4d\x00\x02", b"\x0a\x4d\x00\x01")
    udp = struct.pack("!HHHH", 4000, 9, ip_length - len(ip), 0)
    return (bytes.fromhex(macs) + b"\x08\x00" + ip + udp).ljust(FRAME_LENGTH, b"\0")


def finish(process, expected: int) -> dict:
    out, err = process.communicate(timeout=60)
    assert process.returncode == expected, f"{out}\n{err}"
    return json.loads(out)


def finding(report: dict, what: str) -> dict:
    return next(entry for entry in report["findings"] if entry["what"] == what)


@pytest.fixture
def attached(make_link, attach):
    """attached("native"): a link with a counter on its receiving end."""

    def make(mode: str) -> network.Link:
        link = make_link(ipv6=False)
        attach(link.receiver, "--mode", mode)
        return link

    return make


@pytest.mark.parametrize(("mode", "missing"), [("native", ETHERNET_HEADER), ("generic", 0)])
def test_agrees_with_the_kernel(mode, missing, attached, xdpstat, pin_root, send):
    """A veth counts without the Ethernet header where native XDP runs, and with it where it does not."""
    link = attached(mode)
    end = link.receiver
    process = xdpstat.start("verify", end.name, "--seconds", 2, "--json", "--pin-root", pin_root, netns=end.netns)
    while process.poll() is None:
        send(link.sender, frame=udp_frame(link), count=2000)
    report = finish(process, 0)
    assert report["mode"] == mode
    assert report["agrees"] is True
    packets = report["counter"]["packets"]
    assert packets > 0
    assert abs(packets - report["kernel"]["packets"]) <= report["uncertainty"]["packets"]
    assert report["counter"]["bytes"] == packets * FRAME_LENGTH
    assert report["kernel"]["bytes"] == report["kernel"]["packets"] * (FRAME_LENGTH - missing)
    assert finding(report, "packets")["severity"] == "ok"
    assert ("14 a frame" in finding(report, "bytes")["detail"]) == (missing != 0)


def test_is_exact_once_traffic_rests(attached, xdpstat, pin_root):
    """Frames that came one by one leave no uncertainty."""
    link = attached("native")
    end = link.receiver
    process = xdpstat.start("verify", end.name, "--seconds", 1, "--json", "--pin-root", pin_root, netns=end.netns)
    link.sender.run("ping", "-q", "-c", 20, "-i", "0.02", end.ipv4)
    report = finish(process, 0)
    assert report["uncertainty"] == {"packets": 0, "bytes": 0}
    assert report["counter"]["packets"] == report["kernel"]["packets"]


def test_fails_on_a_counter_that_is_wrong(attached, xdpstat, pin_root):
    """Packets that only the map has seen are a gap that nothing explains."""
    end = attached("native").receiver
    stats_map = pin_root / end.name / "stats_map"
    process = xdpstat.start("verify", end.name, "--seconds", 1, "--json", "--pin-root", pin_root, netns=end.netns)
    forged = 0
    while process.poll() is None:
        forged += 1000
        value = struct.pack("=8Q", forged, forged * 100, 0, 0, 0, forged, 0, 0)
        assert len(value) == SLOT_SIZE
        network.run("bpftool", "map", "update", "pinned", stats_map, "key", 0, 0, 0, 0, "value", *value)
    report = finish(process, 8)
    assert report["agrees"] is False
    assert report["counter"]["packets"] > 0
    assert report["kernel"]["packets"] == 0
    assert finding(report, "packets")["severity"] == "fail"


def test_says_so_where_nothing_arrives(attached, xdpstat, pin_root):
    end = attached("native").receiver
    result = xdpstat("verify", end.name, "--seconds", 0.1, "--pin-root", pin_root, netns=end.netns)
    assert "none arrived" in result.stdout


def test_knows_that_loopback_leaves_out_the_header(make_namespace, attach, xdpstat, pin_root):
    netns = make_namespace()
    attach(network.Endpoint(netns, "lo", "", "127.0.0.1", "::1"))
    process = xdpstat.start("verify", "lo", "--seconds", 1, "--pin-root", pin_root, netns=netns)
    network.run(*network.inside(netns), "ping", "-q", "-c", 20, "-i", "0.02", "127.0.0.1")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert "lo counts without the Ethernet header" in " ".join(out.split())


def test_notices_that_the_interface_goes_away(attached, xdpstat, pin_root):
    end = attached("native").receiver
    process = xdpstat.start("verify", end.name, "--seconds", 2, "--pin-root", pin_root, netns=end.netns)
    end.run("ip", "link", "delete", end.name)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert end.name in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("again", [False, True], ids=["detached", "exchanged"])
def test_notices_that_the_counter_goes_away(attached, xdpstat, pin_root, again):
    end = attached("native").receiver
    words = ["--pin-root", pin_root]
    process = xdpstat.start("verify", end.name, "--seconds", 1, *words, netns=end.netns)
    network.until(lambda: "bpf-map" in Path(f"/proc/{process.pid}/maps").read_text(), "the maps are mapped")
    xdpstat("detach", end.name, *words, netns=end.netns)
    if again:
        xdpstat("attach", end.name, *words, netns=end.netns)
    _, err = process.communicate(timeout=60)
    if not again:
        xdpstat("attach", end.name, *words, netns=end.netns)
    assert process.returncode == 3
    assert "detached or exchanged" in err


def test_wants_a_counter(link, xdpstat, pin_root):
    end = link.receiver
    result = xdpstat("verify", end.name, "--pin-root", pin_root, netns=end.netns, check=False)
    assert result.returncode == 3
    assert f"xdpstat attach {end.name}" in result.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon", "86401"])
def test_refuses_an_interval_that_is_none(seconds, xdpstat):
    result = xdpstat("verify", "lo", f"--seconds={seconds}", check=False)
    assert result.returncode == 2
    assert "--seconds" in result.stderr
