# SPDX-License-Identifier: BSD-2-Clause
"""Rule: what is installed is built so that a mistake in it is hard to use (SECURITY.md lists how)."""

import os
import shutil
import subprocess
from pathlib import Path

import elf
import pytest
import tree

PROGRAM = "#include <cstdio>\n#include <cstring>\nint main(int c, char** v) { char b[9]; std::strcpy(b, v[c - 1]); std::puts(b); }\n"
HARD = ["-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong", "-pie", "-fPIE", "-Wl,-z,relro,-z,now"]


def build() -> Path:
    return Path(os.environ.get("XDPSTAT_BUILD", tree.ROOT / "build" / "release"))


@pytest.mark.parametrize("name", ["xdpstat", "xdpstat-serve"])
def test_programs(name):
    program = build() / name
    tree.need(program.is_file(), f"{program}: make build")
    assert elf.weaknesses(program) == []


def test_static_program():
    """Where `cmake --preset static` has built one: that stage of the whole test runs this again."""
    program = tree.ROOT / "build" / "static" / "xdpstat"
    if not program.is_file():
        return
    assert "INTERP" not in elf.readelf(program, "--segments")
    assert elf.weaknesses(program) == []


@pytest.fixture
def made(tmp_path):
    def make(*options: str) -> list[str]:
        tree.need(shutil.which("g++") is not None, "g++: make deps")
        (tmp_path / "a.cpp").write_text(PROGRAM)
        subprocess.run(["g++", "-w", *options, "-o", tmp_path / "a", tmp_path / "a.cpp"], check=True)
        return elf.weaknesses(tmp_path / "a")

    return make


@pytest.mark.parametrize(("options", "lacks"), [
    (HARD, None),
    ([*HARD, "-no-pie", "-fno-pie"], "fixed address"),
    ([*HARD, "-Wl,-z,norelro"], "relocations"),
    ([*HARD, "-Wl,-z,lazy"], "looked up late"),
    ([*HARD, "-Wl,-z,execstack"], "stack is executable"),
    ([*HARD, "-fno-stack-protector"], "not guarded"),
    ([*HARD, "-U_FORTIFY_SOURCE"], "not checked"),
    ([*HARD, "-Wl,-rpath,/tmp"], "folder of its own"),
], ids=lambda value: value or "none" if not isinstance(value, list) else "")  # fmt: skip
def test_finds_what_is_lacking(made, options, lacks):
    found = made(*options)
    assert (found == []) if lacks is None else any(lacks in line for line in found), found
