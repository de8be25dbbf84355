# SPDX-License-Identifier: BSD-2-Clause
"""The readers under valgrind: no byte beyond what is theirs is read, and all memory and descriptors are given back.

Whether bytes were ever written is not asked: valgrind 3.19 does not know what the kernel writes behind the pointers in
the structures of bpf(2), such as a map's BTF, and takes all of it for uninitialised."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import network
import pytest
from conftest import built, need
from map_samples import kinds  # noqa: F401: a fixture
from outcome import tool  # noqa: F401: a fixture
from walkthrough import foreign_object  # noqa: F401: a fixture

WRONG = 99
SUPPRESSIONS = Path(__file__).with_name("valgrind.supp")


@pytest.fixture
def watched(tool):
    need(shutil.which("valgrind") is not None, "valgrind: make deps")
    need("asan" not in built("XDPSTAT_BINARY") and "tsan" not in built("XDPSTAT_BINARY"), "a build without sanitizers") if os.environ.get("XDPSTAT_REQUIRE") != "all" else None
    tool.veth("a", "b")
    tool("attach", "a")

    def run(*command) -> str:
        words = ["valgrind", "--quiet", f"--error-exitcode={WRONG}", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible", "--errors-for-leak-kinds=definite,indirect,possible", "--track-fds=yes", "--undef-value-errors=no", f"--suppressions={SUPPRESSIONS}", "--"]
        inherited = subprocess.run([*words, "true"], capture_output=True, text=True).stderr.count("Open file descriptor")
        result = subprocess.run([*network.inside(tool.netns), *words, *map(str, command)], capture_output=True, text=True, timeout=240)
        assert result.returncode == 0, result.stderr[-4000:]
        left = re.findall(r"Open file descriptor \d+: ?(\S*)", result.stderr)
        assert len(left) <= inherited + 3, result.stderr[-4000:]
        assert "bpf:" not in " ".join(left) and "anon_inode" not in " ".join(left), result.stderr[-4000:]
        return result.stdout

    run.tool = tool
    return run


@pytest.mark.parametrize("words", [["show"], ["show", "--json"], ["show", "--csv", "--by-size"], ["status"], ["watch", "a", "-n", "2", "-i", "0.05"]], ids=" ".join)
def test_counters(watched, words):
    tool = watched.tool
    assert watched(tool.xdpstat.binary, *words, "--pin-root", tool.pin_root)


def test_a_native_reader(watched):
    assert watched(built("XDPSTAT_STATS_READER"), "--json", watched.tool.pin_root / "a" / "stats_map")


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["text", "json"])
def test_any_map(watched, kinds, words):  # noqa: F811
    for pin in (kinds / name for name in ("flows", "cpu_flows", "cpu_numbers", "routes", "wide")):
        watched(watched.tool.xdpstat.binary, "map", "show", pin, *words)


def test_list_of_maps(watched):
    assert watched(watched.tool.xdpstat.binary, "map", "list", "--json")


def test_a_leak_would_be_seen(watched, tmp_path):
    (tmp_path / "leak.c").write_text("#include <stdlib.h>\nint main(void) { volatile char* p = malloc(10); p = 0; return p != 0; }\n")
    network.run("gcc", "-O0", "-o", tmp_path / "leak", tmp_path / "leak.c")
    with pytest.raises(AssertionError):
        watched(tmp_path / "leak")
