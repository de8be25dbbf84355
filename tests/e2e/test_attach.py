# SPDX-License-Identifier: BSD-2-Clause
"""The life of a counter: attach, status, show, detach, and run."""

import json
import signal

import network
import pytest
from conftest import built
from outcome import BUSY, FINDINGS, NOT_FOUND, UNSUPPORTED, tool  # noqa: F401: a fixture
from test_counts import flood, frame

FIELDS = ("icmp_packets", "tcp_packets", "udp_packets", "other_packets")


@pytest.fixture
def pair(tool):
    """Two ends of a cable in one namespace."""
    tool.veth("a", "b")
    return tool


def test_attach_show_detach(pair):
    assert pair("attach", "a").stdout == "a: attached in native mode\n"
    assert pair.xdp("a")["mode"] == 1 and pair.links_of("a") == 1
    assert set(pair.status()) == {"a"}
    assert pair("detach", "a").stdout == "a: detached\n"
    assert pair.xdp("a") is None and pair.folders() == set()


def test_attach_twice_changes_nothing(pair):
    pair("attach", "a")
    before = pair.xdp("a")
    again = pair("attach", "a")
    assert (again.stdout, again.stderr) == ("a: already attached in native mode\n", "")
    assert pair.xdp("a") == before


def test_several_at_once(pair):
    assert pair("attach", "a", "b", "lo").stdout.count("attached in") == 3
    assert set(pair.status()) == {"a", "b", "lo"}
    assert pair("detach", "a", "lo").stdout == "a: detached\nlo: detached\n"
    assert set(pair.status()) == {"b"}
    assert pair("detach", "--all").stdout == "b: detached\n"
    assert pair("detach", "--all").stdout == ""


def test_one_bad_name_does_not_stop_the_others(pair):
    assert "no such interface" in pair.refused(NOT_FOUND, "attach", "a", "nowhere", "b")
    assert set(pair.status()) == {"a", "b"}
    assert "nowhere" in pair.refused(NOT_FOUND, "detach", "a", "nowhere", "b")
    assert pair.status() == {}


def test_the_exit_code_is_that_of_the_first_that_fails(pair):
    pair("attach", "nowhere", "lo", "--mode", "native", code=NOT_FOUND)
    pair("attach", "lo", "nowhere", "--mode", "native", code=UNSUPPORTED)


def test_a_name_given_twice_is_shown_once(pair):
    pair("attach", "a")
    assert len(json.loads(pair("show", "a", "a", "--json").stdout)["interfaces"]) == 1


@pytest.mark.parametrize("other", ["uplink", "a:1"])
def test_other_names_of_an_interface(pair, other):
    if other == "uplink":
        pair.ip("link", "property", "add", "dev", "a", "altname", other)
    assert pair("attach", other).stdout.endswith("attached in native mode\n")
    assert pair.folders() == {"a"} and set(pair.status()) == {"a"}
    assert "already attached" in pair("attach", other).stdout
    assert json.loads(pair("show", other, "--json").stdout)["interfaces"][0]["interface"] == "a"
    pair("detach", other)
    assert pair.xdp("a") is None and pair.folders() == set()


def test_frames_without_an_ethernet_header_are_refused(tool):
    """A tunnel's first bytes are those of an IP header: they would be taken for an ethertype."""
    tool.ip("tuntap", "add", "dev", "tun9", "mode", "tun")
    for command in (["attach", "tun9"], ["run", "tun9"], ["attach", "tun9", "--mode", "generic"]):
        assert "no Ethernet header" in tool.refused(UNSUPPORTED, *command)
    assert tool.xdp("tun9") is None and not tool.pin_root.exists()
    assert "without an Ethernet header" in " ".join(tool("doctor", "tun9", code=FINDINGS).stdout.split())


def test_detach_what_is_not_attached(pair):
    line = pair.refused(NOT_FOUND, "detach", "a")
    assert "nothing is attached" in line and "xdpstat attach a" in line
    pair("attach", "b")
    line = pair.refused(NOT_FOUND, "detach", "a")
    assert "it is not attached below" in line and line.endswith("; attached are: b")


def test_status_as_text(pair):
    assert pair("status").stdout == f"nothing is attached below {pair.pin_root}\n"
    pair("attach", "a")
    heading, row = pair("status").stdout.splitlines()
    assert heading.split()[:2] == ["INTERFACE", "MODE"]
    assert row.split()[:2] == ["a", "native"] and " percpu " in row


def test_status_as_json(pair):
    assert pair.status() == {}
    pair("attach", "a")
    row = pair.status()["a"]
    assert (row["mode"], row["layout"], row["breakdown"]) == ("native", "percpu", True)
    assert row["program_id"] == pair.xdp("a")["prog"]["id"]


def test_show_json_for_all_one_and_none(pair):
    pair.refused(NOT_FOUND, "show", "--json")
    pair("attach", "a", "b")
    names = lambda *words: [one["interface"] for one in json.loads(pair("show", "--json", *words).stdout)["interfaces"]]  # noqa: E731
    assert names() == ["a", "b"] and names("b") == ["b"] and names("b", "a") == ["b", "a"]
    pair("detach", "b")
    assert "attached are: a" in pair.refused(NOT_FOUND, "show", "b")


@pytest.mark.parametrize(
    "first, second, says",
    [
        ([], ["--layout", "shared"], "layout percpu, not shared"),
        ([], ["--no-breakdown"], "breakdown on, not off"),
        (["--no-breakdown"], [], "breakdown off, not on"),
        ([], ["--mode", "generic"], "mode native, not generic"),
        (["--mode", "generic"], ["--mode", "native"], "mode generic, not native"),
    ],
)
def test_other_settings_are_refused(pair, first, second, says):
    pair("attach", "a", *first)
    before = pair.xdp("a")
    line = pair.refused(BUSY, "attach", "a", *second)
    assert says in line and "xdpstat detach a" in line
    assert pair.xdp("a") == before


def test_native_on_loopback_is_refused(tool):
    line = tool.refused(UNSUPPORTED, "attach", "lo", "--mode", "native")
    assert "native" in line and "--mode generic" in line
    assert tool.folders() == set()


def test_offload_is_refused(pair):
    assert "offload" in pair.refused(UNSUPPORTED, "attach", "a", "--mode", "offload")
    assert pair.folders() == set()


def test_auto_on_loopback_says_why_it_is_not_native(tool):
    first, second = tool("attach", "lo").stdout.splitlines()
    assert first == "lo: attached in generic mode"
    assert second.startswith("lo: not in native mode: ") and "xdpstat doctor lo" in second


def test_shared_layout_gives_totals_at_key_0(make_link, attach, send, pin_root, xdpstat):
    """A program that looks up key 0 and knows nothing else gets exact totals, of both CPUs."""
    link = make_link(ipv6=False)
    attach(link.receiver, "--layout", "shared")
    flood(link, send, [frame(link, 6, 64), frame(link, 17, 1500)], count=100_000)
    network.settled(link.receiver)
    pin = pin_root / link.receiver.name / "stats_map"
    words = [int(word) for word in network.run(built("XDPSTAT_PLAIN_READER"), pin).stdout.split()]
    shown = xdpstat.json("show", "--json", "--pin-root", pin_root, netns=link.receiver.netns)["interfaces"][0]
    assert shown["layout"] == "shared"
    assert words == list(shown["stats"].values())
    assert words[0] == link.receiver.counters()["rx_packets"] == sum(words[2:6])
    assert min(words[3], words[4]) > 1_000


def test_no_breakdown(pair):
    pair("attach", "a", "--no-breakdown")
    assert {path.name for path in (pair.pin_root / "a").iterdir()} == {"link", "prog", "stats_map"}
    shown = json.loads(pair("show", "a", "--json").stdout)["interfaces"][0]
    assert shown["breakdown"] is False and "traffic" not in shown
    assert "breakdown" in pair("show", "a").stdout


def test_jumbo_mtu(make_link, attach):
    link = make_link(mtu=9000)
    assert "native" in attach(link.receiver).stdout


@pytest.mark.parametrize("name", ["ve.100", "a23456789012345", "..x", "-a"])
def test_unusual_names(tool, name):
    tool.veth(name, "peer")
    operand = ["--", name] if name.startswith("-") else [name]
    run = lambda *words: tool.xdpstat("--pin-root", tool.pin_root, *words, *operand, netns=tool.netns)  # noqa: E731
    run("attach")
    assert set(tool.status()) == {name}
    run("show", "--json")
    run("detach")
    assert tool.xdp(name) is None and tool.folders() == set()


def test_an_interface_that_is_down(tool):
    tool.veth("a", "b", up=False)
    out = tool("attach", "a").stdout
    assert "it is down" in out and "ip link set a up" in out
    tool.ip("link", "set", "dev", "a", "up")
    tool.ip("link", "set", "dev", "b", "up")
    network.until(lambda: tool.packets("a") > 0, "packets are counted")


def test_the_parts_add_up(link, attach, send, xdpstat, pin_root):
    attach(link.receiver)
    mac = bytes.fromhex(link.receiver.mac.replace(":", "") + link.sender.mac.replace(":", ""))
    for protocol in (1, 6, 17, 47, 50, 132, 255):
        for length in (40, 90, 200, 400, 900, 1400):
            header = b"\x45\0" + length.to_bytes(2, "big") + bytes(5) + bytes([protocol]) + bytes(10)
            send(link.sender, frame=mac + b"\x08\0" + header + bytes(length - 20), count=70)
    for kind in (b"\x08\x06", b"\x86\xdd", b"\x88\x47", b"\x88\x64", b"\x88\xb5"):
        send(link.sender, frame=mac + kind + bytes(60), count=70)
    network.settled(link.receiver)
    (one,) = xdpstat.json("show", "--json", "--pin-root", pin_root, netns=link.receiver.netns)["interfaces"]
    stats, cells = one["stats"], one["traffic"]["cells"]
    assert stats["total_packets"] >= 47 * 70
    assert stats["total_packets"] == sum(stats[field] for field in FIELDS)
    assert stats["total_packets"] == sum(cell["packets"] for cell in cells)
    assert stats["total_bytes"] == sum(cell["bytes"] for cell in cells)
    by_transport = lambda *names: sum(cell["packets"] for cell in cells if cell["transport"] in names)  # noqa: E731
    for name in ("icmp", "tcp", "udp"):
        assert stats[f"{name}_packets"] == by_transport(name) >= 6 * 70


# run


def lines_of(process, count: int) -> list[str]:
    return [process.stdout.readline() for _ in range(count)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_run_detaches_at_a_signal(pair, number):
    process = pair.start("run", "a", "-i", "0.1")
    first, *_, last = lines_of(process, 4)
    assert first == "a: attached in native mode\n" and last
    assert set(pair.status()) == {"a"} and pair.xdp("a")
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert pair.xdp("a") is None and pair.folders() == set()


def test_run_ends_by_itself(pair):
    pair("run", "a", "-i", "0.05", "-n", "2")
    assert pair.xdp("a") is None and pair.folders() == set()


@pytest.mark.parametrize("command", ["attach", "run"])
def test_a_killed_run_is_mended(pair, command):
    process = pair.start("run", "a", "-i", "0.1")
    lines_of(process, 3)
    process.kill()
    process.wait()
    assert pair.xdp("a") is None
    assert pair.status()["a"]["mode"] == "detached"
    out = pair(command, "a", *(["-n", "1", "-i", "0.05"] if command == "run" else [])).stdout
    assert "earlier counter" in out
    assert (pair.xdp("a") is not None) == (command == "attach")


def test_a_killed_run_is_detached(pair):
    process = pair.start("run", "a", "-i", "0.1")
    lines_of(process, 3)
    process.kill()
    process.wait()
    pair("detach", "a")
    assert pair.folders() == set()


def test_run_on_an_attached_interface_leaves_it(pair):
    pair("attach", "a")
    before = pair.xdp("a")
    assert "already attached" in pair("run", "a", "-n", "1", "-i", "0.05").stdout
    assert pair.xdp("a") == before


def test_attach_and_detach_while_run_holds_it(pair):
    process = pair.start("run", "a", "-i", "0.1")
    lines_of(process, 3)
    for command in ("attach", "detach"):
        assert "xdpstat run" in pair.refused(BUSY, command, "a")
    assert process.poll() is None and pair.xdp("a")
    process.terminate()
    assert process.wait(10) == 0 and pair.folders() == set()


def test_run_held_elsewhere_is_not_taken(pair, make_namespace):
    process = pair.start("run", "a", "-i", "0.1")
    lines_of(process, 3)
    other = make_namespace("other")
    network.run(*network.inside(other), "ip", "link", "add", "name", "a", "type", "veth", "peer", "name", "b")
    for command in ("attach", "detach"):
        assert "another network namespace" in pair.refused(BUSY, command, "a", netns=other)
    assert pair.xdp("a")
    process.terminate()
    assert process.wait(10) == 0 and pair.folders() == set()


def test_run_of_a_renamed_interface(pair):
    process = pair.start("run", "a", "-i", "0.1")
    lines_of(process, 3)
    pair.ip("link", "set", "dev", "a", "name", "c")  # while up: live renaming
    assert set(pair.status()) == {"c"}
    pair.refused(BUSY, "attach", "c")
    process.terminate()
    assert process.wait(10) == 0
    assert pair.xdp("c") is None and pair.folders() == set()
