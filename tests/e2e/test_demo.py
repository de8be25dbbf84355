# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: it succeeds, it fails when a number is wrong, and it leaves nothing behind either way."""

import copy
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import leaks
import network
import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"
TIMEOUT = 120  # seconds; it takes few, but a machine may be busy

sys.path.insert(0, str(DEMO))
import capture  # noqa: E402
import compare  # noqa: E402
import frames  # noqa: E402


class Run:
    """The demonstration as a process."""

    def __init__(self, temporary: Path, binary: str, **options):
        self.temporary = temporary
        environment = {**os.environ, "XDPSTAT_BINARY": binary, "TMPDIR": str(temporary)}
        self.process = subprocess.Popen(
            [DEMO / "demo.sh"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        self.name = f"xdpstat-demo-{self.process.pid}"

    def wait_for_line(self, start: str) -> None:
        for line in self.process.stdout:
            if line.startswith(start):
                return
        pytest.fail(f"no line {start!r} came: {self.process.stderr.read()}")

    def finish(self) -> tuple[int, str, str]:
        """Exit code and output. What carries the run's name afterwards fails the test; conftest looks for the rest."""
        output, errors = self.process.communicate(timeout=TIMEOUT)
        left = [path for folder in (network.NETNS, leaks.BPFFS) for path in folder.glob(f"{self.name}*")]
        assert [*left, *self.temporary.iterdir()] == []
        return self.process.returncode, output, errors


@pytest.fixture
def start(tmp_path, xdpstat):
    """Starts the demonstration; ends what a failed test left running."""
    runs = []

    def start_one(binary: str = xdpstat.binary, **options) -> Run:
        temporary = tmp_path / f"run-{len(runs)}"
        temporary.mkdir()
        runs.append(Run(temporary, binary, **options))
        return runs[-1]

    yield start_one
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
            run.process.communicate(timeout=TIMEOUT)


def test_all_is_equal_and_nothing_is_left(start):
    code, output, errors = start().finish()
    assert (code, errors) == (0, "")
    assert "DIFFERS" not in output
    for kind in ("ARP", "IPv4 TCP", "IPv4 ICMP", "IPv6 UDP", "IPv6 fragment UDP", "IPv4 SCTP", "IPv4 GRE"):
        assert any(line.startswith(kind) and line.endswith("equal") for line in output.splitlines()), kind
    assert "\033" not in output, "colours belong on a terminal only"
    shown = [line.split() for line in output.partition("The same map by")[2].splitlines()]
    total = next(line for line in shown if line[:1] == ["total_packets"])
    assert len(total) == 4 and total[1] == total[2] == total[3] != "0"


def test_two_at_once(start):
    runs = [start(), start()]
    for run in runs:
        code, _, errors = run.finish()
        assert (code, errors) == (0, "")


def test_a_counter_lost_half_way_is_noticed(start):
    run = start()
    run.wait_for_line("  ICMP")
    (link,) = (leaks.BPFFS / run.name).glob("*/link")
    link.unlink()
    code, output, errors = run.finish()
    assert code == 1
    assert "DIFFERS" in output
    assert "not all that should be equal is" in errors


def test_a_reader_that_says_otherwise_is_noticed(start, tmp_path, monkeypatch):
    liar = tmp_path / "liar"
    liar.write_text('#!/bin/sh\necho \'{"total_packets": 1}\'\n')
    liar.chmod(0o755)
    monkeypatch.setenv("XDPSTAT_STATS_READER", str(liar))
    code, output, errors = start().finish()
    assert code == 1 and "not all that should be equal is" in errors
    assert output.count("DIFFERS") == 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("line", ["A cable", "xdpstat attach", "Traffic", "  ICMP", "  UDP", "What was sent"])
def test_nothing_is_left_after_a_signal(start, number, line):
    run = start()
    run.wait_for_line(line)
    run.process.send_signal(number)
    code, _, _ = run.finish()
    assert code == 128 + number


def test_without_root(start):
    code, output, errors = start(user=65534, group=65534, extra_groups=[]).finish()
    assert (code, output) == (1, "")
    assert errors.startswith("demo: root is needed") and errors.count("\n") == 1


def test_without_a_program(start):
    code, output, errors = start(binary="/nonexistent/xdpstat").finish()
    assert (code, output) == (1, "")
    assert errors == "demo: no program at /nonexistent/xdpstat: make build\n"


@pytest.mark.parametrize("batch", frames.batches(9000), ids=lambda batch: f"{batch.network}-{batch.transport}")
def test_the_capture_sorts_the_raw_frames(batch):
    kind = capture.kind_of(batch.frame)
    assert (kind.network, kind.transport) == (batch.network, batch.transport)


def test_the_largest_raw_frame_is_as_large_as_asked():
    assert max(len(batch.frame) for batch in frames.batches(9000)) == 9000


SIZES = {"0_64": {}, "65_127": {}, "128_more": {}}


def equal_input() -> dict:
    """What a tiny run would have left, all of it in agreement."""
    frames_sent = [["arp", "other", 42, 3], ["ipv4", "tcp", 64, 2], ["ipv4", "tcp", 65, 4], ["ipv6_fragment", "udp", 200, 5]]
    cells = [("arp", "other", "0_64", 3, 126), ("ipv4", "tcp", "0_64", 2, 128), ("ipv4", "tcp", "65_127", 4, 260),
             ("ipv6_fragment", "udp", "128_more", 5, 1000)]  # fmt: skip
    names = ("network", "transport", "size", "packets", "bytes")
    stats = {"total_packets": 14, "total_bytes": 1514, "icmp_packets": 0, "tcp_packets": 6, "udp_packets": 5,
             "other_packets": 3, "ipv4_packets": 6, "ipv6_packets": 5}  # fmt: skip
    return {
        "sent": {
            "frames": frames_sent,
            "traits": {"802.1Q tags": 1},
            "raw_made": [["arp", "other", 42, 3]],
            "raw_captured": [["arp", "other", 42, 3]],
        },
        "counted": {
            "interfaces": [
                {"stats": stats, "traffic": {"by_size": SIZES, "cells": [dict(zip(names, cell)) for cell in cells]}}
            ]
        },
        "before": {"stats64": {"rx": {"packets": 10, "bytes": 1000}}},
        "after": {"stats64": {"rx": {"packets": 24, "bytes": 2514 - 14 * 14}}},
    }


def numbers(value, path=()):
    """The path of every number in it."""
    if isinstance(value, int):
        yield path
    elif isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(part, (*path, key))


def changed(value, path, by: int):
    value = copy.deepcopy(value)
    part = value
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] += by
    return value


def test_equal_numbers_are_equal():
    comparison = compare.compare(**equal_input())
    assert comparison.equal
    assert "DIFFERS" not in compare.text(comparison, color=False)


def test_a_kernel_that_counts_ethernet_headers_is_right_too():
    assert compare.compare(**changed(equal_input(), ("after", "stats64", "rx", "bytes"), 14 * 14)).equal


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("path", [path for path in numbers(equal_input()) if "traits" not in path], ids=str)
def test_each_wrong_number_is_noticed(path, by):
    comparison = compare.compare(**changed(equal_input(), path, by))
    assert not comparison.equal
    assert "DIFFERS" in compare.text(comparison, color=False)


def test_a_kind_that_was_not_sent_is_noticed():
    wrong = equal_input()
    cell = {"network": "mpls", "transport": "other", "size": "0_64", "packets": 1, "bytes": 60}
    wrong["counted"]["interfaces"][0]["traffic"]["cells"].append(cell)
    assert not compare.compare(**wrong).equal


@pytest.mark.parametrize("path, code", [(None, 0), (("counted", "interfaces", 0, "stats", "tcp_packets"), 1)])
def test_the_exit_code_says_it(tmp_path, path, code):
    values = changed(equal_input(), path, 1) if path else equal_input()
    # `ip -j link show dev` answers with a list.
    values |= {"before": [values["before"]], "after": [values["after"]]}
    files = []
    for name, value in values.items():
        files.append(tmp_path / name)
        files[-1].write_text(json.dumps(value))
    result = subprocess.run([DEMO / "compare.py", *files], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (code, "")
