# SPDX-License-Identifier: BSD-2-Clause
"""Who may open the pins: the mode and the group that were asked for."""

import json
import os
import shutil
import subprocess

import kill
import network
import pytest
from conftest import need
from outcome import BUSY, OK, PERMISSION, USAGE, one_line, tool  # noqa: F401: a fixture

NOBODY = 65534
READERS = 4242  # a group without a name
PINS = {"link", "prog", "stats_map", "traffic_map"}


def modes(folder) -> dict[str, tuple[str, int]]:
    """Octal mode and group of a folder of pins ("") and of each pin."""
    return {name: (f"{os.stat(folder / name).st_mode & 0o7777:04o}", os.stat(folder / name).st_gid) for name in ["", *os.listdir(folder)]}


def all_of(pins: str, folder: str, group: int) -> dict[str, tuple[str, int]]:
    return {"": (folder, group)} | {name: (pins, group) for name in PINS}


def reader(tool, *groups: int) -> list[str]:
    """The words before a command that make it one of an unprivileged user in these groups."""
    member = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    return [*network.inside(tool.netns), "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", member, "--inh-caps=-all", "--bounding-set=-all", "--", tool.xdpstat.binary]


def run(command: list[str], *words) -> subprocess.CompletedProcess:
    return subprocess.run([*command, *map(str, words)], capture_output=True, text=True, timeout=30)


def test_without_a_word_they_are_their_owners(tool):
    tool("attach", "lo")
    assert modes(tool.pin_root / "lo") == all_of("0600", "0755", 0)


@pytest.mark.parametrize(("options", "pins", "folder", "group"), [
    (["--pin-mode", "0640", "--pin-group", READERS], "0640", "0750", READERS),
    (["--pin-group", READERS, "--pin-mode", "0640"], "0640", "0750", READERS),
    (["--pin-group", READERS], "0640", "0750", READERS),
    (["--pin-group", "daemon"], "0640", "0750", 1),
    (["--pin-mode", "0660", "--pin-group", READERS], "0660", "0750", READERS),
    (["--pin-mode", "0644"], "0644", "0755", 0),
    (["--pin-mode", "0600"], "0600", "0700", 0),
], ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None)  # fmt: skip
def test_as_asked_for(tool, options, pins, folder, group):
    tool("attach", "lo", *options)
    assert modes(tool.pin_root / "lo") == all_of(pins, folder, group)
    before = tool.xdp("lo")
    again = tool("attach", "lo", *options)
    assert "changed" not in again.stdout and tool.xdp("lo") == before


def test_asked_again_otherwise_they_change_and_it_counts_on(tool):
    tool("attach", "lo", "--pin-mode", "0660", "--pin-group", READERS)
    tool.ip("address", "add", "127.0.0.9/32", "dev", "lo")
    before = tool.xdp("lo")
    changed = tool("attach", "lo", "--pin-mode", "0640", "--pin-group", READERS + 1)
    assert "who may use its pins is changed" in changed.stdout
    assert modes(tool.pin_root / "lo") == all_of("0640", "0750", READERS + 1) and tool.xdp("lo") == before
    tool("attach", "lo")
    assert modes(tool.pin_root / "lo") == all_of("0640", "0750", READERS + 1), "nothing was asked for"
    assert "layout" in tool.refused(BUSY, "attach", "lo", "--layout", "shared", "--pin-mode", "0600")
    assert modes(tool.pin_root / "lo") == all_of("0640", "0750", READERS + 1), "what is refused changes nothing"


def test_pins_that_are_restored_are_as_the_others(tool):
    tool("attach", "lo", "--pin-group", READERS)
    (tool.pin_root / "lo" / "traffic_map").unlink()
    (tool.pin_root / "lo" / "prog").unlink()
    assert "restored" in tool("attach", "lo").stdout
    assert modes(tool.pin_root / "lo") == all_of("0640", "0750", READERS)


def test_run_gives_them_too(tool):
    tool.veth("a", "b")
    running = tool.start("run", "a", "-i", "0.1", "--pin-group", READERS)
    assert "attached" in running.stdout.readline()
    folder = tool.pin_root / "a"
    assert modes(folder) == {name: value for name, value in all_of("0640", "0750", READERS).items() if name != "link"}
    running.terminate()
    running.wait(timeout=10)
    assert tool.folders() == set()


@pytest.mark.parametrize("options", [
    ["--pin-mode", "0666"], ["--pin-mode", "0400"], ["--pin-mode", "0755"], ["--pin-mode", "rw"], ["--pin-mode", ""],
    ["--pin-group", "no-such-group"], ["--pin-group", "-2"], ["--pin-group", ""],
], ids=" ".join)  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_is_attached(tool, options):
    for command in ("attach", "run", "serve"):
        tool(command, "lo", *options, code=USAGE)
    assert tool.folders() == set() and tool.xdp("lo") is None


def test_the_group_reads_and_nobody_else(tool):
    """A map that may only be read cannot be mapped; it is read by lookups."""
    tool("attach", "lo", "--pin-group", READERS)
    network.run(*network.inside(tool.netns), "ping", "-c", "2", "-i", "0.01", "127.0.0.1")
    shown = run(reader(tool, READERS), "show", "lo", "--by-size", "--json", "--pin-root", tool.pin_root)
    assert shown.returncode == OK and shown.stderr.count("not proved") == 2
    (row,) = json.loads(shown.stdout)["interfaces"]
    (whole,) = json.loads(tool("show", "lo", "--json").stdout)["interfaces"]
    assert row["stats"] == whole["stats"] and row["traffic"] == whole["traffic"]
    assert row["stats"]["icmp_packets"] == 4
    proved = run(reader(tool, READERS), "show", "lo", "--pin-root", tool.pin_root)
    assert proved.returncode == PERMISSION and "--by-size" in one_line(proved)
    stranger = run(reader(tool), "show", "lo", "--by-size", "--pin-root", tool.pin_root)
    assert stranger.returncode == PERMISSION
    detached = run(reader(tool, READERS), "detach", "lo", "--pin-root", tool.pin_root)
    assert detached.returncode == PERMISSION and tool.xdp("lo") is not None


def test_the_group_cannot_write(tool):
    tool("attach", "lo", "--pin-group", READERS)
    pin = tool.pin_root / "lo" / "stats_map"
    update = ["bpftool", "map", "update", "pinned", str(pin), "key", "0", "0", "0", "0", "value", *["0"] * 64]
    command = [*reader(tool, READERS)[:-1], *update]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert refused.returncode != 0 and "ermission denied" in refused.stdout + refused.stderr


def test_a_folder_above_that_bars_the_way_is_named(tool):
    tool.pin_root.mkdir()
    tool.pin_root.chmod(0o700)
    said = tool("attach", "lo", "--pin-group", READERS).stdout
    assert f"{tool.pin_root} does not let them through" in said
    tool.pin_root.chmod(0o755)
    assert "does not let them through" not in tool("attach", "lo", "--pin-group", READERS).stdout


def test_killed_at_any_point_no_folder_has_another_mode(tool, tmp_path):
    """Whoever mends completes an attach whose link has its name: by then all else is done."""
    need(shutil.which("strace") is not None, "strace: make deps")
    tool.veth("a", "b")
    words = [*network.inside(tool.netns), tool.xdpstat.binary, "attach", "a", "--pin-root", str(tool.pin_root), "--pin-group", str(READERS)]
    points = [point for point in kill.points_of(words, tmp_path / "log") if point[0] in ("rename", "chmod", "fchmodat", "lchown", "fchownat")]
    assert len(points) > 10, "four pins and their folder are given away"
    seen = set()
    for call, number in points:
        tool("detach", "--all")
        assert kill.end_at(words, call, number).returncode != 0
        # Of another interface: it mends, and asks for no mode.
        tool("attach", "b")
        folder = tool.pin_root / "a"
        seen.add(folder.exists())
        if folder.exists():
            assert modes(folder) == all_of("0640", "0750", READERS), (call, number)
    assert seen == {True, False}, "undone before its link has its name, completed after"
