# SPDX-License-Identifier: BSD-2-Clause
"""The readers of the walk-through: the same figures and the same refusals, for whichever map."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import network
import pytest
from conftest import built
from test_counts import flood, frame
from walkthrough import DEMO, done, foreign_object, maps, path_without, read_struct, refused, run, write  # noqa: F401

MODULE = Path(__file__).parent / "module_reader.py"
SHELL, PYTHON = DEMO / "03-show-stats.sh", DEMO / "03-show-stats-python.py"
CPUS = int(Path("/sys/devices/system/cpu/possible").read_text().split("-")[-1]) + 1
FIELDS = read_struct("pkt_stats")
LARGEST = 2**64 - 1
# Floating point would round the first; the second is negative where a shell takes it as signed.
ABOVE_2_53 = [2**53 + 1 + index for index in range(8)]
ABOVE_2_63 = [2**63 + 2**32 * 7 + 10 + index for index in range(8)]
SMALL = [1, 22, 333, 4444, 0, 0xFF, 0x100, 0xFFFFFFFF]
SUMMED = ["slots", "one_entry", "percpu", "array_without_btf", "percpu_without_btf"]

spec = importlib.util.spec_from_file_location("show_stats", PYTHON)
show_stats = importlib.util.module_from_spec(spec)
spec.loader.exec_module(show_stats)


class Readers:
    """All ways to read: the shell, Python, the native reader and the Python module."""

    scripts = (SHELL, PYTHON)

    def __init__(self, native: str, interpreter: str):
        self.native, self.interpreter = native, interpreter

    def by_module(self, *arguments) -> dict[str, int]:
        """What the module xdpstat says: of any pin as a Map, of an interface and a pin root as a counter."""
        return json.loads(done(run(self.interpreter, MODULE, *arguments)))

    def results(self, *arguments) -> list[subprocess.CompletedProcess]:
        return [run(script, *arguments) for script in (*self.scripts, self.native)]

    def json(self, pin: Path, without_btf: bool = False) -> dict[str, int]:
        """What all of them print as JSON, to the letter."""
        results = self.results("--json", pin)
        assert [one.returncode for one in results] == [0, 0, 0], results
        assert len({one.stdout for one in results}) == 1, results
        notes = [one.stderr.split(": ", 1)[1] if one.stderr else "" for one in results]
        wanted = f"note: {pin} shows no BTF: read by its size alone, its layout is not proved\n" if without_btf else ""
        assert notes == [wanted] * 3
        said = json.loads(results[0].stdout)
        assert self.by_module(pin) == said
        return said

    def refusal(self, *arguments) -> str:
        """The one line with which the scripts refuse; the native reader refuses too, and may add a table."""
        *scripts, native = self.results("--json", *arguments)
        assert (native.returncode, native.stdout) == (1, "") and native.stderr.startswith("stats_reader: cannot ")
        lines = {refused(one).replace(PYTHON.name, SHELL.name) for one in scripts}
        assert len(lines) == 1, lines
        return lines.pop()


@pytest.fixture
def readers(native) -> Readers:
    return Readers(native, built("XDPSTAT_MODULE_PYTHON"))


@pytest.fixture
def native() -> str:
    return built("XDPSTAT_STATS_READER")


@pytest.fixture
def pins(maps):  # noqa: F811
    """The maps of maps.bpf.c and, made by bpftool, some without BTF."""
    for name, kind, entries in (("array_without_btf", "array", 3), ("percpu_without_btf", "percpu_array", 2), ("hash_without_btf", "hash", 2)):
        network.run("bpftool", "map", "create", maps / name, "type", kind, "key", 4, "value", 64, "entries", entries, "name", "stats_map")
    network.run("bpftool", "map", "create", maps / "large_without_btf", "type", "array", "key", 4, "value", 72, "entries", 1, "name", "stats_map")
    return maps


def entries_of(name: str) -> int:
    return {"slots": 4, "percpu": 2, "array_without_btf": 3, "percpu_without_btf": 2}.get(name, 1)


def summed(name: str, written: list[list[int]]) -> dict[str, int]:
    copies = CPUS if name.startswith("percpu") else 1
    return dict(zip(FIELDS, (sum(column) * copies % 2**64 for column in zip(*written))))


@pytest.mark.parametrize("name", SUMMED)
@pytest.mark.parametrize("numbers", [SMALL, ABOVE_2_53, ABOVE_2_63, [LARGEST] * 8, [0] * 8], ids=["small", "2^53", "2^63", "2^64-1", "0"])
def test_each_layout_is_summed_exactly(readers, pins, name, numbers):
    written = [numbers] + [[index, 5, 0, 2**40, 3, index, 1, 2**20] for index in range(1, entries_of(name))]
    for key, row in enumerate(written):
        write(pins / name, key, row)
    assert readers.json(pins / name, "without_btf" in name) == summed(name, written)


def test_the_largest_counter_is_shown_whole(readers, pins):
    write(pins / "one_entry", 0, [LARGEST] * 8)
    assert set(readers.json(pins / "one_entry").values()) == {LARGEST}
    assert f"{LARGEST:,}" in done(run(SHELL, pins / "one_entry"))


def test_fields_are_found_by_their_names(readers, pins):
    write(pins / "reordered", 0, [80, 70, 60, 50, 40, 30, 20, 10])
    assert readers.json(pins / "reordered") == dict(zip(FIELDS, range(10, 90, 10)))


def test_the_page_for_people(readers, pins):
    write(pins / "one_entry", 0, [1234567, 1000, 999, 0, LARGEST, 12, 100000, 7])
    pages = {done(run(script, pins / "one_entry")) for script in readers.scripts}
    assert pages == {
        """Overall Statistics
  Total packets                  1,234,567
  Total bytes                        1,000
By Protocol
  ICMP                                 999
  TCP                                    0
  UDP           18,446,744,073,709,551,615
  Other                                 12
By IP Version
  IPv4                             100,000
  IPv6                                   7
"""
    }


@pytest.mark.parametrize(
    "name, found",
    [
        ("hash", "is a map of the kind hash"),
        ("percpu_hash", "is a map of the kind percpu_hash"),
        ("hash_without_btf", "is a map of the kind hash"),
        ("number", "has values of 8 bytes, struct pkt_stats has 64"),
        ("large_without_btf", "has values of 72 bytes, struct pkt_stats has 64"),
        ("renamed", "has the fields packets total_bytes, not those of struct pkt_stats"),
        ("nested", "has the fields outer last, not those of struct pkt_stats"),
        ("no_struct", "has values that are no struct"),
        ("narrow", "has a field icmp_packets that is not a 64-bit number"),
        ("someone_else", "cannot be read: incorrect object type: prog"),
        (".", "is a folder"),
    ],
)
def test_another_map_is_refused(readers, pins, name, found):
    if name == "narrow":
        write(pins / name, 0, [1, 2, 3 + (4 << 32), 5, 6, 7, 8, 0])
    line = readers.refusal(pins / name)
    assert line.startswith(f"{pins / name} {found}") and line.endswith(": give the pin of a stats_map")


def test_a_pin_that_is_not_there(readers, pins):
    line = readers.refusal(pins / "nothing")
    assert line.startswith(f"{pins / 'nothing'} cannot be read: No such file or directory: load the counter first: sudo")


def test_a_file_that_is_no_pin(readers, tmp_path):
    (tmp_path / "file").touch()
    line = readers.refusal(tmp_path / "file")
    assert line.startswith(f"{tmp_path / 'file'} cannot be read: ") and "bpf file system" in line


def test_without_the_right_to_read(pins):
    for script in (SHELL, PYTHON):
        line = refused(run(script, pins / "one_entry", user=65534, group=65534, extra_groups=[]))
        assert "cannot be read: Operation not permitted: root may: sudo" in line or "cannot be read: Permission denied: root may: sudo" in line


def test_without_bpftool(tmp_path):
    environment = {**os.environ, "PATH": path_without(tmp_path / "bin", "bpftool")}
    # It looks in /usr/sbin too, as sudo may have hidden that.
    hidden = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /usr/sbin && shift && exec "$@"', "sh", tmp_path / "bin"]
    for script in (SHELL, PYTHON):
        result = subprocess.run([*hidden, script, "/sys/fs/bpf/none"], env=environment, capture_output=True, text=True, timeout=30)
        assert result.returncode == 1
        assert result.stderr == f"{script.name}: bpftool is missing: sudo {DEMO.parent}/scripts/install-deps demo\n"


def test_usage():
    for script in (SHELL, PYTHON):
        assert "--json" in done(run(script, "--help"))
        assert run(script, "--nonsense").returncode == 2
        assert run(script, "one", "two").returncode == 2


def test_the_folder_of_pins_may_be_another(pins):
    write(pins / "one_entry", 0, SMALL)
    (pins / "one_entry").rename(pins / "stats_map")
    for script in (SHELL, PYTHON):
        assert json.loads(done(run(script, "--json", env={**os.environ, "XDPSTAT_PINS": str(pins)})))["total_bytes"] == 22


@pytest.mark.parametrize("without_btf", [False, True])
def test_a_big_endian_machine(tmp_path, monkeypatch, without_btf):
    """What bpftool would say there, and the readers told that they run there."""
    numbers = [2**63 + 0x0102030405060708 + index for index in range(8)]
    raw = [f"0x{byte:02x}" for number in numbers for byte in number.to_bytes(8, "big")]
    entry = {"key": ["0x00"] * 4, "value": raw}
    if not without_btf:
        entry["formatted"] = {"key": 0, "value": dict(zip(FIELDS, numbers))}
    show = {"id": 1, "type": "array", "bytes_value": 64}
    text = f"""#!/bin/sh
case "$*" in
    '-j map show'*) echo '{json.dumps(show)}' ;;
    'map show'*) printf '1: array  name stats_map\\n\\tkey 4B  value 64B  max_entries 1\\n' ;;
    *) echo '{json.dumps([entry], separators=(",", ":"))}' ;;
esac
"""
    source = f'. "{SHELL}"; is_big_endian() {{ true; }}; main --json /pin'
    environment = {**os.environ, "PATH": path_without(tmp_path / "bin", replaced={"bpftool": text})}
    answer = subprocess.run(["bash", "-c", source], env=environment, capture_output=True, text=True, timeout=30)
    assert json.loads(answer.stdout) == dict(zip(FIELDS, numbers)), answer.stderr
    monkeypatch.setenv("PATH", environment["PATH"])
    monkeypatch.setattr(sys, "byteorder", "big")
    assert show_stats.read("/pin") == (dict(zip(FIELDS, numbers)), not without_btf)


def test_the_native_page(native, pins):
    write(pins / "one_entry", 0, [200000, 1234567890, 50000, 100000, 0, 50000, 100000, 7])
    page = done(run(native, pins / "one_entry"))
    assert re.sub(r"fd: \d+", "fd: N", page) == """┌───────────────────────────────────────────┐
│ XDP Packet Counter (libbpf Native Reader) │
└───────────────────────────────────────────┘
Opening BPF map from pinned path...
✓ Map opened (fd: N)
Reading statistics from BPF map...
✓ Statistics read successfully

Overall Statistics
  Total packets                    200,000
  Total bytes     1.15 GiB (1,234,567,890)

By Protocol
  ICMP                              50,000
  TCP                              100,000
  UDP                                    0
  Other                             50,000

By IP Version
  IPv4                             100,000
  IPv6                                   7

Protocol Distribution
  ICMP                             25.00 %
  TCP                              50.00 %
  UDP                               0.00 %
  Other                            25.00 %
"""


def test_the_native_reader_shows_why_a_layout_is_wrong(native, pins):
    result = run(native, pins / "narrow")
    assert result.returncode == 1 and "differences" in result.stderr
    assert re.search(r"icmp_packets +u64 at byte 16 +u32 at byte 16 +refused", result.stderr)


def test_the_native_usage(native):
    assert run(native, "--help").returncode == 0
    for words in (["--nonsense"], ["--interval"], *(["--interval", wrong] for wrong in ("0", "soon", "1x", "inf", "nan", "1e300"))):
        result = run(native, *words)
        assert result.returncode == 2 and "usage: " in result.stderr
    assert "one PIN at a time" in run(native, "a", "b").stderr and run(native, "a", "b").returncode == 2
    assert subprocess.run(["sh", "-c", f"{native} /none 2>&-"], stdout=subprocess.DEVNULL).returncode == 1


def test_the_native_reader_in_a_full_place(native, pins):
    with open("/dev/full", "w") as full:
        result = run(native, pins / "one_entry", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (1, "stats_reader: cannot write its output: No space left on device\n")


@pytest.mark.parametrize("reader, code", [("Python", 130), ("native", -signal.SIGINT)])
def test_it_reads_again_every_interval(native, pins, reader, code):
    write(pins / "one_entry", 0, SMALL)
    script = PYTHON if reader == "Python" else native
    process = subprocess.Popen([script, "--json", "--interval", "0.05", pins / "one_entry"], stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(process.stdout.readline())["total_packets"] == 1
        write(pins / "one_entry", 0, [100] * 8)
        network.until(lambda: json.loads(process.stdout.readline())["total_packets"] == 100, "the new value is shown")
        # Another map behind the pin, as after a load anew.
        (pins / "one_entry").rename(pins / "gone")
        (pins / "many_slots").rename(pins / "one_entry")
        network.until(lambda: json.loads(process.stdout.readline())["total_packets"] == 0, "the new map is shown")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == code
    finally:
        process.kill()
        process.wait()
    assert run(PYTHON, "--interval", "0").returncode == run(PYTHON, "--interval", "nan").returncode == 2


@pytest.mark.parametrize("layout", ["percpu", "shared"])
def test_the_same_as_xdpstat_shows(make_link, xdpstat, send, pin_root, readers, layout):
    link = make_link(ipv6=False)
    end = link.receiver
    xdpstat("attach", end.name, "--layout", layout, "--pin-root", pin_root, netns=end.netns)
    flood(link, send, [frame(link, 6, 64), frame(link, 17, 1500)], count=1_000)
    network.settled(end)
    shown = xdpstat.json("show", end.name, "--json", "--pin-root", pin_root, netns=end.netns)["interfaces"][0]["stats"]
    assert shown["tcp_packets"] == 1_000
    assert readers.json(pin_root / end.name / "stats_map") == shown
    assert readers.by_module(end.name, pin_root) == shown
    xdpstat("detach", end.name, "--pin-root", pin_root, netns=end.netns)


def test_field_names_are_those_of_the_header():
    assert show_stats.FIELDS == FIELDS
    (line,) = [line for line in SHELL.read_text().splitlines() if line.startswith("readonly fields=(")]
    assert line == f"readonly fields=({' '.join(FIELDS)})"


def test_the_native_reader_is_short():
    assert len((DEMO / "stats_reader.cpp").read_text().splitlines()) < 100
