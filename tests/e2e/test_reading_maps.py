# SPDX-License-Identifier: BSD-2-Clause
"""The guide to reading maps: its programs compile without a warning, run, and say what the guide says."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import network
import pytest
from pages import ROOT, Page, build_skeleton, compiled
from walkthrough import foreign_object, maps, write  # noqa: F401

PAGE = Page("reading-maps.md")
PROGRAMS = PAGE.programs
STATS = [9, 900, 1, 2, 3, 3, 8, 1]


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("guide")
    PAGE.write(folder)
    return folder


def output(program: Path, *arguments) -> str:
    return network.run(program, *arguments).stdout


def test_every_program_is_tested():
    assert set(PROGRAMS) == {"copied.cpp", "percpu.c", "poll.cpp", "batch.c", "small.bpf.c", "small.c"}


def test_builds_from_the_sources_as_the_page_says(programs):
    """The command on the page, in this folder but for its output. The other tests link what the build made."""
    (command,) = re.findall(r"^    (g\+\+ .*)$", (ROOT / "docs/reading-maps.md").read_text(), re.MULTILINE)
    words = shlex.split(command.replace("-O2", "-O0").replace("poll.cpp", str(programs / "poll.cpp")).replace("-o poll", f"-o {programs}/poll"))
    sources = [str(path) for word in words for path in (sorted(ROOT.glob(word)) if "*" in word else [word])]
    network.run(*sources, cwd=ROOT, timeout=120)
    assert (programs / "poll").exists()


def test_a_copied_struct_is_caught(programs, maps):  # noqa: F811
    program = compiled(programs, "copied.cpp")
    result = subprocess.run([program, maps / "one_entry"], capture_output=True, text=True)
    (quoted,) = [block.text for block in PAGE.blocks if block.language == "text"]
    said = re.sub(r"map '\w+' \(id \d+\)", "map 'stats_map' (id 42)", result.stderr)
    assert result.returncode == 1 and said == quoted


def test_a_copied_struct_without_the_lost_field_is_bridged(programs, maps):  # noqa: F811
    text = PROGRAMS["copied.cpp"].replace("    __u64 dropped_packets; // and this one has gone\n", "")
    (programs / "bridged.cpp").write_text(text.replace(", dropped_packets", ""))
    write(maps / "one_entry", 0, STATS)
    assert output(compiled(programs, "bridged.cpp"), maps / "one_entry") == "2 TCP packets\n"


def test_poll(programs, maps):  # noqa: F811
    program = compiled(programs, "poll.cpp")
    assert output(program, maps / "slots") == "at most 0 packets in a millisecond\n"
    polling = subprocess.Popen([program, maps / "slots"], stdout=subprocess.PIPE, text=True)
    network.until(lambda: "bpf-map" in Path(f"/proc/{polling.pid}/maps").read_text(), "the map is mapped")
    write(maps / "slots", 3, [4321, *STATS[1:]])
    assert polling.communicate(timeout=30)[0] == "at most 4321 packets in a millisecond\n"
    refused = subprocess.run([program, maps / "percpu"], capture_output=True, text=True)
    assert refused.returncode == 1 and "cannot be mapped" in refused.stderr


@pytest.mark.parametrize("source", ["copied.cpp", "poll.cpp", "percpu.c", "batch.c"])
def test_wrong_maps_are_refused(programs, maps, source):  # noqa: F811
    """Above all those with larger values: the kernel would write them over whatever lies behind the buffer."""
    program = compiled(programs, source)
    for words in ([], [maps / "nothing"], [maps / "number"], [maps / "hash"]):
        result = subprocess.run([program, *words], capture_output=True, text=True)
        assert result.returncode == 1 and result.stderr and result.stdout == "", words


def test_one_value_for_each_cpu(programs, maps):  # noqa: F811
    pin = maps / "percpu"
    write(pin, 0, STATS)
    dump = json.loads(network.run("bpftool", "-j", "map", "lookup", "pinned", pin, "key", 0, 0, 0, 0).stdout)
    packets = STATS[0] * len(dump["values"])
    assert output(compiled(programs, "percpu.c"), pin) == f"{packets} packets\n"


def test_batch(programs, maps, pin_root):  # noqa: F811
    program = compiled(programs, "batch.c")
    for key in range(4):
        write(maps / "slots", key, STATS)
    assert output(program, maps / "slots") == "36 packets\n"
    # More entries than fit a batch, and an end in the middle of one.
    many = pin_root / "many"
    network.run("bpftool", "map", "create", many, "type", "array", "key", 4, "value", 64, "entries", 700, "name", "many")
    for key in (0, 255, 256, 699):
        write(many, key, STATS)
    assert output(program, many) == "36 packets\n"
    many.unlink()


def test_skeleton(programs):
    build_skeleton(programs, "small.bpf.c")
    assert output(compiled(programs, "small.c")) == "1000 small frames\n"
