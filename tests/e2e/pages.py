# SPDX-License-Identifier: BSD-2-Clause
"""Pages of the documentation as tests: their programs are cut out, compiled and run, and what a page shows is held
against what comes out.

A fenced block is, by its language and first line:
  c, cpp, go, rust ... beginning with `// NAME`   the file NAME
  sh                                             commands, run as they stand, in the folder of the files
  text                                           all that what stands before it prints: the commands, or the C++ program
  text measured                                  the same, but for the numbers and the width of columns
Blocks of other languages, and lines set in by four spaces, are for reading only.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import network
import pytest
from conftest import need

ROOT = Path(__file__).resolve().parents[2]
CLANGS = ["clang-19", "clang-20", "clang-18", "clang"]
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    name: str  # of the file; empty: it is none
    line: int


class Page:
    """A page by its path below docs/."""

    def __init__(self, path: str):
        self.path = path
        text = (ROOT / "docs" / path).read_text()
        self.blocks = []
        for match in re.finditer(r"^```([^\n]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            name = re.match(r"// (\S+\.\w+)\n", match[2])
            line = text[: match.start()].count("\n") + 1
            self.blocks.append(Block(match[1], match[2], name[1] if name else "", line))
        unknown = {block.language for block in self.blocks} - {"c", "cpp", "cmake", "go", "rust", "sh", "text", "text measured"}
        assert not unknown, f"{path}: blocks of {unknown} are not understood"

    @property
    def programs(self) -> dict[str, str]:
        return {block.name: block.text for block in self.blocks if block.name}

    def unnamed(self) -> list[str]:
        """Code that no test would see."""
        return [f"{self.path}:{b.line}" for b in self.blocks if b.language in ("c", "cpp", "go", "rust") and not b.name]

    def write(self, folder: Path) -> None:
        for name, text in self.programs.items():
            (folder / name).write_text(text)


def clang() -> str:
    found = next(filter(None, map(shutil.which, CLANGS)), None)
    need(found is not None, "clang: make deps")
    return found


def build_skeleton(folder: Path, source: str) -> None:
    """NAME.bpf.c becomes NAME.skel.h, with the struct NAME_bpf."""
    name = source.removesuffix(".bpf.c")
    include = ["-idirafter", f"/usr/include/{os.uname().machine}-linux-gnu"]
    network.run(clang(), "-target", "bpf", "-O2", "-g", "-Wall", *include, "-c", folder / source, "-o", folder / f"{name}.bpf.o")
    made = network.run("bpftool", "gen", "skeleton", folder / f"{name}.bpf.o", "name", f"{name}_bpf").stdout
    (folder / f"{name}.skel.h").write_text(made)


def library() -> Path:
    """The static library that the build made."""
    path = Path(os.environ.get("XDPSTAT_BUILD", "nowhere")) / "src/bpfxx/libbpfxx.a"
    need(path.exists(), f"XDPSTAT_BUILD, a folder in which all was built: '{path}'")
    return path


def compiled(folder: Path, source: str) -> Path:
    """A program of a page, without a warning: C on libbpf, C++ on bpfxx too. Not optimised: it is the test that waits."""
    program = folder / f"{Path(source).stem}.program"  # not `array`, which <array> would find
    if source.endswith(".cpp"):
        compiler = ["g++", "-std=c++23", *WARNINGS]
        libraries = [library(), "-lbpf", "-lelf", "-lz"]
    else:
        compiler = ["gcc", *WARNINGS]
        libraries = ["-lbpf"]
    # The skeletons in the folder are not ours to keep free of warnings.
    include = ["-I", ROOT, "-I", ROOT / "src", "-isystem", folder]
    network.run(*compiler, *include, folder / source, "-o", program, *libraries)
    return program


def normalised(text: str, language: str) -> str:
    """Text that may be compared: numbers that the kernel gives out are one, and measured ones all are."""
    if language == "text measured":
        text = re.sub(r"\d+(?:[.,]\d+)*", "0", text)
        return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    return re.sub(r"\(id \d+\)", "(id 42)", text).strip()


def installed(folder: Path) -> dict[str, str]:
    """bpfxx installed below a folder, and the environment in which pkg-config and the loader find it, clang has that
    name and sudo asks nobody."""
    build = library().parents[2]
    manifests = {path: path.read_bytes() for path in build.glob("install_manifest*.txt")}
    for component in ("libbpfxx", "libbpfxx-dev"):
        network.run("cmake", "--install", build, "--prefix", folder / "usr", "--component", component)
    for path in build.glob("install_manifest*.txt"):
        path.unlink()
    for path, content in manifests.items():
        path.write_bytes(content)
    (pc,) = (folder / "usr").rglob("bpfxx.pc")
    tools = folder / "tools"
    tools.mkdir()
    (tools / "clang").symlink_to(clang())
    (tools / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tools / "sudo").chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}:/usr/sbin:/sbin",
        "PKG_CONFIG_PATH": str(pc.parent),
        "LD_LIBRARY_PATH": str(pc.parents[1]),
    }


def follow(page: Page, folder: Path, environment: dict[str, str]) -> None:
    """Does what a page says, from top to bottom, and sees what it shows."""
    last, said = "", ""
    for block in page.blocks:
        if block.name:
            (folder / block.name).write_text(block.text)
        elif block.language == "sh":
            result = subprocess.run(["bash", "-euc", block.text], cwd=folder, env=environment, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)  # fmt: skip
            assert normalised(said, "text") == "", f"{page.path}: {last} prints what the page does not show"
            last, said = f"line {block.line}", result.stdout
        elif block.language.startswith("text"):
            assert normalised(said, block.language) == normalised(block.text, block.language), f"{page.path}:{block.line}"
            said = ""
    assert said == "", f"{page.path}: {last} prints what the page does not show"


def check_outputs(page: Page, folder: Path) -> None:
    """Compiles and runs each C++ program of a page behind which its output stands."""
    page.write(folder)
    for name in page.programs:
        if name.endswith(".bpf.c"):
            build_skeleton(folder, name)
    shown = 0
    for program, after in zip(page.blocks, page.blocks[1:]):
        if not program.name.endswith(".cpp"):
            continue
        assert after.language.startswith("text"), f"{page.path}:{program.line}: its output is not shown"
        result = subprocess.run([compiled(folder, program.name)], capture_output=True, text=True, timeout=60)
        if result.stderr or result.returncode != 0:
            pytest.fail(f"{page.path}: {program.name}: exit code {result.returncode}: {result.stderr}", pytrace=False)
        assert normalised(result.stdout, after.language) == normalised(after.text, after.language), f"{page.path}:{after.line}"
        shown += 1
    assert shown > 0
