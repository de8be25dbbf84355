# SPDX-License-Identifier: BSD-2-Clause
"""What others may put into names and below a pin root, against whoever runs xdpstat on it (SECURITY.md)."""

import json
import os

import pytest
from outcome import BUSY, FINDINGS, NOT_FOUND, tool  # noqa: F401: a fixture
from test_serve import start_server  # noqa: F401: a fixture

# The kernel takes any bytes in a name but a slash, a colon and blanks.
NAMES = [b"\033[31mred", b"a\033]0;x\007", b"b\x01\x7f", b"\xff\xfe", b"\xc3(", b"q\"\\'", b"\xe2\x80\xaex", b"\xc2\x9b2J", b"&<b>"]
STEERS = {*range(0x20), 0x7F} - {0x0A}


def shown(data: bytes) -> None:
    """Nothing in it steers a terminal, and it is UTF-8."""
    text = data.decode("utf-8")
    bad = {hex(ord(c)) for c in text if ord(c) in STEERS or 0x80 <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E}
    assert not bad, (bad, data)


@pytest.fixture(params=NAMES, ids=lambda name: name.hex())
def odd(request, tool):
    name = os.fsdecode(request.param)
    tool.veth(name, "peer")
    tool.name = name
    return tool


def raw(tool, *words, codes=(0,)) -> bytes:
    result = tool.xdpstat(*words, "--pin-root", tool.pin_root, netns=tool.netns, check=False, text=False)
    shown(result.stdout)
    shown(result.stderr)
    assert result.returncode in codes, (words, result.stderr)
    return result.stdout


def test_names_do_not_steer_a_terminal(odd):
    assert b"attached in native mode" in raw(odd, "attach", odd.name)
    assert b"already attached" in raw(odd, "attach", odd.name)
    for words in (["status"], ["show"], ["show", odd.name], ["show", "--csv"], ["doctor", odd.name], ["watch", odd.name, "-n", "1", "-i", "0.05"], ["verify", odd.name, "--seconds", "0.2"]):
        raw(odd, *words, codes=(0, FINDINGS))
    raw(odd, "attach", odd.name, "--layout", "shared", codes=(BUSY,))
    assert b"detached" in raw(odd, "detach", odd.name)
    raw(odd, "show", odd.name, codes=(NOT_FOUND,))
    raw(odd, "run", odd.name, "-n", "1", "-i", "0.05")


def test_names_leave_json_and_metrics_whole(odd):
    odd("attach", odd.name)
    for words in (["status", "--json"], ["show", "--json"]):
        (row,) = json.loads(raw(odd, *words))["interfaces"]
        # Whoever reads JSON gets the name itself, as far as it is text.
        assert row["interface"] == os.fsencode(odd.name).decode(errors="replace")
    (folder,) = odd.folders()
    assert "/" not in folder and "." not in folder


def test_the_server_escapes_them(odd, start_server):  # noqa: F811
    odd("attach", odd.name)
    server = start_server(netns=odd.netns)
    text = server.get("/metrics").text
    for line in text.splitlines():
        assert "\r" not in line and "\0" not in line
    (sample,) = [line for line in text.splitlines() if line.startswith("xdpstat_up{")]
    assert sample.endswith("} 1") and sample.count('="') == 1
    assert len(server.get("/api/v1/snapshot").json()["interfaces"]) == 1


@pytest.fixture
def victim(tool):
    """A counter of root's, and a second root into which somebody else may write."""
    tool.veth("a", "b")
    tool("attach", "a")
    other = tool.pin_root.parent / f"{tool.pin_root.name}-other"
    other.mkdir()
    tool.other = other
    yield tool
    for entry in other.iterdir():
        entry.unlink()
    other.rmdir()


@pytest.mark.parametrize("name", ["a", "b", "%detaching-a", "%attaching-b", "%moving-a%-b"])
def test_a_link_to_a_folder_is_not_followed(victim, name):
    before = victim.xdp("a")
    (victim.other / name).symlink_to(victim.pin_root / "a")
    there = ["--pin-root", victim.other]
    rows = json.loads(victim.xdpstat("status", "--json", *there, netns=victim.netns).stdout)["interfaces"]
    assert rows == []
    for words in (["detach", "a"], ["detach", "--all"], ["attach", "b"], ["detach", "b"]):
        victim.xdpstat(*words, *there, netns=victim.netns, check=False)
        assert victim.xdp("a") == before and victim.packets("a") >= 0
        assert {path.name for path in (victim.pin_root / "a").iterdir()} == {"link", "prog", "stats_map", "traffic_map"}
    assert (victim.other / name).is_symlink()


@pytest.mark.parametrize(("owner", "group", "mode", "who"), [(65534, 0, 0o755, "user 65534"), (0, 0, 0o777, "anyone"), (0, 4242, 0o775, "group 4242"), (0, 4242, 0o755, None), (0, 0, 0o775, None)])
def test_a_root_of_others_is_told_of(tool, owner, group, mode, who):
    tool.pin_root.mkdir()
    os.chown(tool.pin_root, owner, group)
    tool.pin_root.chmod(mode)
    said = tool("attach", "lo").stdout
    assert (f"{who} may change what is in" in said) if who else ("may change" not in said)
