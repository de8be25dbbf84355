# SPDX-License-Identifier: BSD-2-Clause
"""Commands that race each other, and commands that are ended at any point: the next one finds or makes a whole state."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess

import kill
import network
import pytest
from conftest import need
from outcome import NOT_FOUND, OK, tool  # noqa: F401: a fixture

LONGEST = 0.1  # seconds: what an attach takes here, and more


def outcomes(processes) -> list[tuple[int, str]]:
    return [(process.returncode, errors) for process in processes for _, errors in [process.communicate(timeout=60)]]


@pytest.mark.parametrize("many", [2, 10])
def test_attaches_race(tool, many):
    tool.veth("a", "b")
    ended = outcomes([tool.start("attach", "a") for _ in range(many)])
    assert ended == [(OK, "")] * many
    assert tool.links_of("a") == 1 and tool.folders() == {"a"}
    assert "already" in tool("attach", "a").stdout


def test_attaches_race_detaches(tool):
    tool.veth("a", "b")
    for _ in range(5):
        ended = outcomes([tool.start(command, "a") for command in ("attach", "detach") * 3])
        assert {code for code, _ in ended} <= {OK, NOT_FOUND}
        assert all("nothing is attached" in errors for code, errors in ended if code != OK)
        attached = tool.folders() == {"a"}
        assert attached or tool.folders() == set()
        assert tool.links_of("a") == int(attached) and (tool.xdp("a") is not None) == attached
    tool("attach", "a")


def test_runs_race(tool):
    tool.veth("a", "b")
    ended = outcomes([tool.start("run", "a", "-n", "2", "-i", "0.05") for _ in range(4)])
    # One attaches; the others watch what it attached, and may see it end.
    assert (OK, "") in ended and {code for code, _ in ended} <= {OK, NOT_FOUND}
    assert tool.folders() == set() and tool.xdp("a") is None


# Waiting for each other.


@pytest.fixture
def locked(tool):
    """The pin root, held by this process as xdpstat holds it."""
    tool.pin_root.mkdir()
    folder = os.open(tool.pin_root, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    yield folder
    os.close(folder)


@pytest.mark.parametrize("command", ["attach", "detach"])
def test_waiting_says_for_whom(tool, locked, command):
    tool.veth("a", "b")
    process = tool.start(command, "a")
    line = process.stderr.readline()
    assert f"waiting for process {os.getpid()} (" in line and str(tool.pin_root) in line
    fcntl.flock(locked, fcntl.LOCK_UN)
    assert process.wait(timeout=10) == {"attach": OK, "detach": NOT_FOUND}[command]


@pytest.mark.parametrize("command", ["attach", "run", "detach"])
@pytest.mark.parametrize("number", ["INT", "TERM"])
def test_waiting_ends_at_a_signal(tool, locked, command, number):
    tool.veth("a", "b")
    process = tool.start(command, "a")
    process.stderr.readline()
    process.send_signal(getattr(signal, f"SIG{number}"))
    assert process.wait(timeout=2) == -getattr(signal, f"SIG{number}")
    assert tool.folders() == set() and tool.xdp("a") is None


def test_a_root_that_was_removed_while_waiting_is_made_anew(tool, locked):
    tool.veth("a", "b")
    process = tool.start("attach", "a")
    process.stderr.readline()
    tool.pin_root.rmdir()
    fcntl.flock(locked, fcntl.LOCK_UN)
    assert process.wait(timeout=10) == OK
    assert tool.folders() == {"a"}


# Ended at any point.


def attached_rightly(tool):
    """The next attach and the next detach put all right."""
    tool("attach", "a")
    assert tool.folders() == {"a"} and tool.links_of("a") == 1
    assert {path.name for path in (tool.pin_root / "a").iterdir()} == {"link", "prog", "stats_map", "traffic_map"}
    assert tool.status()["a"]["program_id"] == tool.xdp("a")["prog"]["id"]


@pytest.fixture(scope="module")
def tracer():
    need(shutil.which("strace") is not None, "strace: make deps")


def command_line(tool, command: str) -> list[str]:
    return [*network.inside(tool.netns), tool.xdpstat.binary, command, "a", "--pin-root", str(tool.pin_root)]


@pytest.mark.parametrize("command", ["attach", "detach"])
def test_killed_at_every_point(tracer, tool, tmp_path, command):
    """By turns an attach and a detach come next: either must mend what was left."""
    tool.veth("a", "b")
    if command == "detach":
        tool("attach", "a")
    words = command_line(tool, command)
    killed = 0
    for turn, (call, number) in enumerate(kill.points_of(words, tmp_path / "log")):
        tool("detach", "--all")
        if command == "detach":
            tool("attach", "a")
        killed += kill.end_at(words, call, number).returncode != 0
        if turn % 2 == 0:
            attached_rightly(tool)
        else:
            tool("detach", "--all")
            assert tool.folders() == set() and tool.xdp("a") is None and tool.links_of("a") == 0
    assert killed >= 50


@pytest.mark.parametrize("number", ["INT", "TERM"])
@pytest.mark.parametrize("command", ["attach", "detach"])
def test_signals_where_pins_change(tracer, tool, command, number):
    tool.veth("a", "b")
    ended = 0
    for call in ("bpf", "mkdir", "rename", "unlink", "rmdir", "flock"):
        for time in (1, 2, 3):
            if command == "detach":
                tool("attach", "a")
            ended += kill.end_at(command_line(tool, command), call, time, number).returncode != 0
            attached_rightly(tool)
            tool("detach", "a")
            assert tool.folders() == set() and tool.xdp("a") is None
    assert ended >= 8


def test_a_detach_that_was_killed_is_done_by_the_next(tracer, tool):
    tool.veth("a", "b")
    tool("attach", "a")
    kill.end_at(command_line(tool, "detach"), "unlink", 1)
    assert tool.folders() == {"%detaching-a"}
    assert tool("detach", "a").stdout == "a: detached\n"
    assert tool.folders() == set() and tool.xdp("a") is None


def test_killed_attaches_side_by_side(tool):
    tool.veth("a", "b")
    for turn in range(10):
        processes = [tool.start(command, "a") for command in ("attach", "detach") * 2]
        with contextlib.suppress(subprocess.TimeoutExpired):
            processes[0].wait(timeout=turn / 10 * LONGEST)
        for process in processes:
            process.send_signal(signal.SIGKILL)
        for process in processes:
            process.wait()
        attached_rightly(tool)
