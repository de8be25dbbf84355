# SPDX-License-Identifier: BSD-2-Clause
"""Captures through the real binary: by the program in the kernel and by its parser in user space, with and without
rights, and what is no capture."""

import importlib.util
import json
import os
import struct
import subprocess
from pathlib import Path

import pytest
from conftest import need
from outcome import INCOMPATIBLE, NOT_FOUND, OK, PERMISSION, UNSUPPORTED, USAGE, one_line

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
NOBODY = 65534
ENGINES = ["kernel", "user"]
WORDS = {"kernel": "by the BPF program in the kernel", "user": "by the program's parser in user space"}


def ipv4(protocol: int, size: int, fragment=0) -> bytes:
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size - 14, 0, fragment, 64, protocol, 0, b"\n\0\0\1", b"\n\0\0\2")
    return bytes(12) + b"\x08\x00" + header + bytes(size - 34)


def ipv6(next_header: int, size: int) -> bytes:
    return bytes(12) + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, size - 54, next_header, 64) + bytes(32) + bytes(size - 54)


# A frame, its length on the wire where it was cut, and the cell that it belongs to.
FRAMES = [
    (ipv4(6, 60), None, ("ipv4", "tcp", "0_64")),
    (ipv4(17, 1514), None, ("ipv4", "udp", "1024_1518")),
    (ipv4(17, 600, fragment=100), None, ("ipv4_fragment", "udp", "512_1023")),
    (ipv6(58, 86), None, ("ipv6", "icmp", "65_127")),
    (ipv6(0, 70), None, ("ipv6", "icmp", "65_127")),
    (bytes(12) + b"\x08\x06" + bytes(28), None, ("arp", "other", "0_64")),
    (bytes(12) + b"\x81\x00\x00\x05" * 3 + b"\x08\x00" + ipv4(132, 60)[14:], None, ("ipv4", "sctp", "65_127")),
    (ipv4(6, 96), 1514, ("ipv4", "tcp", "1024_1518")),
    (ipv4(6, 1514)[:30], 1514, ("ipv4", "truncated", "1024_1518")),
    (bytes(13), None, ("other", "truncated", "0_64")),
    (b"", 60, ("other", "truncated", "0_64")),
    (ipv4(47, 9014), None, ("ipv4", "gre", "1519_9018")),
    (ipv4(50, 60000), None, ("ipv4", "ipsec", "9019_more")),
    (ipv4(6, 60000) + bytes(20000), None, ("ipv4", "tcp", "9019_more")),
]  # fmt: skip
FRAMES[4] = (FRAMES[4][0][:54] + b"\x3a\x00" + bytes(14), None, FRAMES[4][2])  # a hop-by-hop header before ICMPv6
CUT = 3
ASIDE = 3  # two are shorter than 14 bytes, one longer than the kernel takes


def pcap(frames, order="<", nanoseconds=False, link_type=1) -> bytes:
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    records = [
        struct.pack(f"{order}IIII", 1, 2, len(frame), length or len(frame)) + frame for frame, length, _ in frames
    ]
    return struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 262144, link_type) + b"".join(records)


def pcapng(frames, order="<") -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = struct.pack(f"{order}I", len(body) + 12)
        return struct.pack(f"{order}I", kind) + size + body + size

    packets = [
        block(6, struct.pack(f"{order}IIIII", 0, 0, 0, len(frame), length or len(frame)) + frame) for frame, length, _ in frames
    ]
    section = struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1)
    return block(0x0A0D0D0A, section) + block(1, struct.pack(f"{order}HHI", 1, 0, 0)) + b"".join(packets)


FORMS = {
    "little.pcap": lambda: pcap(FRAMES),
    "big.pcap": lambda: pcap(FRAMES, ">"),
    "nanoseconds.pcap": lambda: pcap(FRAMES, nanoseconds=True),
    "little.pcapng": lambda: pcapng(FRAMES),
    "big.pcapng": lambda: pcapng(FRAMES, ">"),
}


@pytest.fixture
def capture(tmp_path):
    def write(content: bytes, name="frames.pcap") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def validate():
    need(importlib.util.find_spec("jsonschema") is not None, "python3-jsonschema: make deps")
    import jsonschema

    def check(document: dict, name: str) -> dict:
        schema = json.loads((ROOT / "docs" / "schema" / f"{name}.v1.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)
        return document

    return check


@pytest.fixture
def as_nobody(xdpstat):
    """as_nobody("replay", ...) runs the real binary without any right. The build may lie where nobody else may go, so
    the binary comes as an open file."""
    with open(xdpstat.binary, "rb") as binary:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]

        def run(*words, stdin=subprocess.DEVNULL) -> subprocess.CompletedProcess:
            return subprocess.run(
                [*command, f"/proc/self/fd/{binary.fileno()}", *map(str, words)],
                pass_fds=[binary.fileno()], stdin=stdin, capture_output=True, text=True, timeout=60,
            )  # fmt: skip

        yield run


def cells_of(frames) -> dict[tuple, dict[str, int]]:
    cells: dict[tuple, dict[str, int]] = {}
    for frame, length, cell in frames:
        sum_of_cell = cells.setdefault(cell, {"packets": 0, "bytes": 0})
        sum_of_cell["packets"] += 1
        sum_of_cell["bytes"] += length or len(frame)
    return cells


def cells_in(document: dict) -> dict[tuple, dict[str, int]]:
    return {
        (cell["network"], cell["transport"], cell["size"]): {"packets": cell["packets"], "bytes": cell["bytes"]}
        for cell in document["traffic"]["cells"]
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_frame_in_its_cell(xdpstat, capture, validate, engine, form):
    path = capture(FORMS[form](), form)
    document = validate(json.loads(xdpstat("replay", "--json", "--engine", engine, path).stdout), "replay")
    assert (document["engine"], document["reason"]) == (engine, None)
    (one,) = document["captures"]
    assert (one["file"], one["format"], one["complete"]) == (str(path), form.split(".")[1], True)
    assert cells_in(one) == cells_of(FRAMES)
    assert one["stats"]["total_packets"] == len(FRAMES)
    assert one["stats"]["total_bytes"] == sum(length or len(frame) for frame, length, _ in FRAMES)
    assert one["cut_frames"] == CUT
    assert one["user_frames"] == (len(FRAMES) if engine == "user" else ASIDE)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_for_each_frame(xdpstat, capture, validate, engine):
    path = capture(pcap(FRAMES))
    lines = xdpstat("replay", "--per-packet", "--engine", engine, path).stdout.splitlines()
    assert lines[0] == f"{path}  {WORDS[engine]}"
    assert lines[1].split() == ["frame", "length", "network", "transport", "class", "size"]
    rows = [line.split() for line in lines[2:]]
    documents = [json.loads(line) for line in xdpstat("replay", "--per-packet", "--json", "--engine", engine, path).stdout.splitlines()]
    assert len(rows) == len(documents) == len(FRAMES)
    for number, (row, document, (frame, length, cell)) in enumerate(zip(rows, documents, FRAMES), start=1):
        validate(document, "replay-frame")
        assert (document["frame"], document["length"], document["captured"]) == (number, length or len(frame), len(frame))
        assert (document["network"], document["transport"], document["size"]) == cell
        assert document["engine"] == engine
        assert row == [str(document[key]) for key in ("frame", "length", "network", "transport", "class", "size")]


@pytest.mark.parametrize("engine", ENGINES)
def test_golden_page(xdpstat, capture, tmp_path, engine):
    capture(pcap(FRAMES), "a.pcap")
    capture(pcapng(FRAMES[:3]), "b.pcapng")
    result = subprocess.run(
        [xdpstat.binary, "replay", "--engine", engine, "a.pcap", "b.pcapng"],
        cwd=tmp_path, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8"}, timeout=60,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (OK, "")
    golden = GOLDEN / f"replay_command_{engine}.txt"
    if os.environ.get("XDPSTAT_UPDATE_GOLDEN") == "1":
        golden.write_text(result.stdout)
    assert result.stdout == golden.read_text()


def test_both_engines_say_the_same(xdpstat, capture):
    path = capture(pcapng(FRAMES))
    kernel, user = (json.loads(xdpstat("replay", "--json", "--engine", engine, path).stdout)["captures"][0] for engine in ENGINES)
    for part in ("stats", "traffic", "cut_frames"):
        assert kernel[part] == user[part]


def test_thousands_of_frames(xdpstat, capture):
    many = [(ipv4(6 if i % 2 else 17, 60 + i % 1400), None, None) for i in range(20000)]
    path = capture(pcap(many))
    kernel, user = (json.loads(xdpstat("replay", "--json", "--engine", engine, path).stdout)["captures"][0] for engine in ENGINES)
    assert kernel["stats"]["total_packets"] == 20000 and kernel["stats"]["tcp_packets"] == 10000
    assert kernel["traffic"] == user["traffic"]


def test_without_rights_in_user_space_and_says_so(as_nobody, capture, validate):
    path = capture(pcap(FRAMES))
    for folder in [path, *path.parents][:3]:
        folder.chmod(0o755)
    with open(path, "rb") as stdin:
        shown = as_nobody("replay", "-", stdin=stdin)
    assert (shown.returncode, shown.stderr) == (OK, "")
    assert shown.stdout.startswith(f"standard input  pcap, {WORDS['user']}\n")
    assert "not by the kernel: missing CAP_BPF and CAP_NET_ADMIN" in shown.stdout
    with open(path, "rb") as stdin:
        document = validate(json.loads(as_nobody("replay", "--json", "-", stdin=stdin).stdout), "replay")
    assert document["engine"] == "user" and "CAP_BPF" in document["reason"]
    assert cells_in(document["captures"][0]) == cells_of(FRAMES)
    with open(path, "rb") as stdin:
        refused = as_nobody("replay", "--engine", "kernel", "-", stdin=stdin)
    assert refused.returncode == PERMISSION and "CAP_BPF and CAP_NET_ADMIN" in one_line(refused)
    assert refused.stdout == ""


def refused(xdpstat, code: int, *words, **options) -> str:
    result = xdpstat("replay", *words, check=False, **options)
    assert result.returncode == code, result.stderr
    return one_line(result)


def test_what_is_no_capture(xdpstat, capture, tmp_path):
    assert "no such file" in refused(xdpstat, NOT_FOUND, tmp_path / "none.pcap").lower()
    assert "it is empty" in refused(xdpstat, INCOMPATIBLE, capture(b""))
    assert "neither pcap nor pcapng" in refused(xdpstat, INCOMPATIBLE, capture(b"hello, world\n" * 9))
    assert "gzip -dc" in refused(xdpstat, INCOMPATIBLE, capture(b"\x1f\x8b\x08" + bytes(40)))
    assert "is a directory" in refused(xdpstat, 1, tmp_path).lower()
    assert "it ends within its header" in refused(xdpstat, INCOMPATIBLE, capture(pcap([])[:20]))


def test_other_link_layers(xdpstat, capture):
    line = refused(xdpstat, UNSUPPORTED, capture(pcap([], link_type=276)))
    assert "LINUX_SLL2" in line and "tcpdump -i eth0" in line
    assert "RAW" in refused(xdpstat, UNSUPPORTED, capture(pcap([], link_type=101)))


def test_no_frames(xdpstat, capture):
    document = json.loads(xdpstat("replay", "--json", capture(pcap([]))).stdout)
    assert document["captures"][0]["complete"] and document["captures"][0]["stats"]["total_packets"] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cut_file_counts_up_to_the_cut(xdpstat, capture, validate, engine):
    path = capture(pcap(FRAMES[:3])[:-1])
    result = xdpstat("replay", "--json", "--engine", engine, path, check=False)
    assert result.returncode == INCOMPATIBLE and "it ends within frame 3" in one_line(result)
    (one,) = validate(json.loads(result.stdout), "replay")["captures"]
    assert one["stats"]["total_packets"] == 2 and not one["complete"] and "frame 3" in one["problem"]
    text = xdpstat("replay", "--engine", engine, path, check=False).stdout
    assert "not to the end: it ends within frame 3" in text


def test_other_files_go_on(xdpstat, capture, tmp_path):
    whole = capture(pcap(FRAMES), "whole.pcap")
    cut = capture(pcap(FRAMES)[:-1], "cut.pcap")
    result = xdpstat("replay", "--json", tmp_path / "none", cut, whole, check=False)
    assert result.returncode == NOT_FOUND and len(result.stderr.splitlines()) == 2
    assert [one["complete"] for one in json.loads(result.stdout)["captures"]] == [False, True]


def test_wrong_usage(xdpstat, capture):
    path = capture(pcap(FRAMES))
    assert "none of auto|kernel|user" in refused(xdpstat, USAGE, "--engine", "fast", path)
    assert "only once" in refused(xdpstat, USAGE, "-", "-")
    refused(xdpstat, USAGE)


def test_a_reader_that_goes_away_is_no_failure(xdpstat, capture):
    path = capture(pcap([(ipv4(6, 60), None, None)] * 20000))
    line = f"{xdpstat.binary} replay --per-packet --engine user {path} | head -n 3; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (OK, "")


def test_names_cannot_steer_the_terminal(xdpstat, capture):
    path = capture(pcap(FRAMES), "a\033[31m.pcap")
    for words in ([], ["--per-packet"]):
        assert "\033" not in xdpstat("replay", *words, path).stdout
    assert "\033" not in refused(xdpstat, INCOMPATIBLE, capture(b"no", "b\033[31m"))

