# SPDX-License-Identifier: BSD-2-Clause
"""The same task in C, Go and C++ says the same of the same maps; of other maps each says what the page promises."""

import os
import shutil
import subprocess
from pathlib import Path

import network
import pytest
from conftest import need
from pages import Page, build_skeleton, compiled

PAGE = Page("bpfxx/coming-from.md")
PROGRAMS = PAGE.programs
GO_PATH = Path("/usr/share/gocode")  # where distributions put the sources of Go packages
LANGUAGES = ["c", "go", "cpp"]
FIELDS = "struct traffic {\n\t__u64 packets;\n\t__u64 bytes;\n};"
HOSTS = 12


def words(number: int, size: int, order: str = "little") -> list[str]:
    return [str(byte) for byte in number.to_bytes(size, order)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("coming-from")
    PAGE.write(folder)
    (folder / "c").mkdir()
    (folder / "cpp").mkdir()
    made = {"c": compiled(folder, "flows.c").rename(folder / "c/flows"), "cpp": compiled(folder, "flows.cpp").rename(folder / "cpp/flows")}
    need(shutil.which("go") is not None and (GO_PATH / "src/github.com/cilium/ebpf").is_dir(), "Go and cilium/ebpf: make deps")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    network.run("go", "vet", folder / "flows.go", env=environment)
    network.run("go", "build", "-o", folder / "flows.go.program", folder / "flows.go", env=environment)
    return {**made, "go": folder / "flows.go.program"}


@pytest.fixture
def pinned(tmp_path, pin_root):
    """pinned(source) is a folder with the maps of a program, filled."""

    def load(source: str = PROGRAMS["flows.bpf.c"], value: int = 16) -> Path:
        (tmp_path / "flows.bpf.c").write_text(source)
        build_skeleton(tmp_path, "flows.bpf.c")
        folder = pin_root / "maps"
        folder.mkdir(parents=True)
        network.run("bpftool", "prog", "load", tmp_path / "flows.bpf.o", folder / "program", "type", "xdp", "pinmaps", folder)
        for host in range(1, HOSTS + 1):
            key = ["10", "0", "0", str(host), "10", "0", "0", "9", *words(443, 2, "big"), "6", "0"]
            numbers = {"packets": host, "bytes": 100 * host, "octets": 100 * host}
            order = [name for name in source[source.index("struct traffic {") :].replace(";", " ").split() if name in numbers][:2]
            traffic = [word for name in order for word in words(numbers[name], value // 2)]
            network.run("bpftool", "map", "update", "pinned", folder / "flows", "key", *key, "value", *traffic)
        network.run("bpftool", "map", "update", "pinned", folder / "frames", "key", *words(0, 4), "value", *words(3, 8))
        return folder

    yield load
    shutil.rmtree(pin_root, ignore_errors=True)


def run(program: Path, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run([program, folder / "flows", folder / "frames"], capture_output=True, text=True, timeout=30)


def expected(first: str = "packets", second: str = "bytes") -> list[str]:
    return [
        f"10.0.0.{host} > 10.0.0.9 protocol 6 port 443: {host} {first}, {100 * host} {second}" for host in range(HOSTS, HOSTS - 10, -1)
    ]


def test_page_is_whole():
    assert PAGE.unnamed() == []
    assert set(PROGRAMS) == {"flows.bpf.c", "flows.c", "flows.go", "flows.rs", "flows.cpp"}
    (line,) = [block.text.strip() for block in PAGE.blocks if block.language == "text"]
    assert line in expected()


def test_all_say_the_same(programs, pinned):
    folder = pinned()
    cpus = Path("/sys/devices/system/cpu/possible").read_text().strip().split("-")
    frames = 3 * (int(cpus[-1]) + 1)
    for language in LANGUAGES:
        result = run(programs[language], folder)
        assert (result.returncode, result.stderr) == (0, ""), language
        assert result.stdout.splitlines() == [*expected(), f"{frames} frames"], language


def test_fields_that_changed_places(programs, pinned):
    """The page's claim: only bpfxx notices, and reads on."""
    assert PROGRAMS["flows.bpf.c"].count(FIELDS) == 1
    folder = pinned(PROGRAMS["flows.bpf.c"].replace(FIELDS, "struct traffic {\n\t__u64 bytes;\n\t__u64 packets;\n};"))
    for language in LANGUAGES:
        result = run(programs[language], folder)
        assert (result.returncode, result.stderr) == (0, ""), language
        assert (result.stdout.splitlines()[0] == expected()[0]) == (language == "cpp"), language
    assert run(programs["cpp"], folder).stdout.splitlines()[:10] == expected()


def test_a_field_that_was_renamed(programs, pinned):
    source = PROGRAMS["flows.bpf.c"].replace("bytes", "octets")
    result = run(programs["cpp"], pinned(source))
    assert result.returncode == 1 and result.stdout == ""
    assert "bytes" in result.stderr and "missing" in result.stderr and "refused" in result.stderr


def test_values_of_another_size(programs, pinned):
    folder = pinned(PROGRAMS["flows.bpf.c"].replace(FIELDS, FIELDS.replace("__u64", "__u32")), value=8)
    for language in LANGUAGES:
        result = run(programs[language], folder)
        assert result.returncode == 1 and result.stdout == "" and result.stderr, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_kind_of_map(programs, pinned, language):
    folder = pinned()
    result = subprocess.run([programs[language], folder / "frames", folder / "flows"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and result.stdout == "" and result.stderr


def test_go_and_rust_are_laid_out(programs, tmp_path):
    """The Rust program cannot be built here; rustfmt reads it whole."""
    PAGE.write(tmp_path)
    need(shutil.which("rustfmt") is not None, "rustfmt: make deps")
    for command in (["gofmt", "-d", "flows.go"], ["rustfmt", "--check", "--edition", "2021", "flows.rs"]):
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
