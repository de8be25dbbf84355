# SPDX-License-Identifier: BSD-2-Clause
"""Rule: every header compiles alone, and twice in one file; abi/ as C, C++ and BPF."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CPP = ["g++", "-std=c++23", "-x", "c++", "-fsyntax-only", "-DFMT_HEADER_ONLY", *WARNINGS]
C = ["gcc", "-std=c11", "-x", "c", "-fsyntax-only", *WARNINGS]


def bpf_compiler() -> list[str]:
    clang = shutil.which("clang-19") or shutil.which("clang")
    tree.need(clang is not None, "clang: make deps")
    # clang does not look into the machine's own folder of headers when it compiles for bpf, and asm/ is there.
    machine = subprocess.run(["gcc", "-dumpmachine"], capture_output=True, text=True, check=True).stdout.strip()
    return [clang, "-target", "bpf", "-g", "-O2", "-x", "c", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
            "-idirafter", f"/usr/include/{machine}"]  # fmt: skip


def ways(path: Path, bpf: list[str]) -> list[list[str]]:
    """The compilers that must take a header."""
    if path.parts[0] == "abi":
        return [C, CPP, bpf]
    if path.name.endswith(".bpf.h"):
        return [bpf]
    return [CPP] if path.suffix == ".hpp" else [C, CPP]


def compile_alone(root: Path, path: Path, compiler: list[str]) -> list[str]:
    include_paths = [f"-I{root}", f"-I{root / 'src'}", f"-I{root / path.parent}"]
    if build := os.environ.get("XDPSTAT_BUILD"):
        # Generated headers: the skeletons, and vmlinux.h where a BPF header wants it.
        include_paths += ["-isystem", f"{build}/bpf", "-isystem", f"{build}/{path.parent}", "-isystem", build]
    if path.parts[0] == "python":
        # Those of the interpreter that it is built for, and not of the one that runs the check.
        python = subprocess.run(["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_path('include'))"], capture_output=True, text=True)
        include_paths += ["-isystem", python.stdout.strip()]
    # Through a file of two includes, for `#pragma once` in a main file is itself warned of.
    result = subprocess.run(
        [*compiler, *include_paths, "-"],
        input=f'#include "{path}"\n#include "{path}"\n',
        cwd=root,
        capture_output=True,
        text=True,
    )
    if result.returncode == 0:
        return []
    first = next((line for line in result.stderr.splitlines() if "error" in line), result.stderr.strip())
    return [f"{path}: does not compile alone with {Path(compiler[0]).name}: {first}"]


def violations(root: Path) -> list[str]:
    bpf = bpf_compiler()
    work = [(path, way) for path in tree.c_family(root) if path.suffix in (".h", ".hpp") for way in ways(path, bpf)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda item: compile_alone(root, *item), work)
    return [line for lines in results for line in lines]


def test_tree():
    tree.report(violations(tree.ROOT))


def test_finds_a_header_that_leans_on_others(tmp_path):
    tree.write(tmp_path, "src/a/leans.hpp", "#pragma once\ninline std::string name();\n")
    tree.write(tmp_path, "src/a/stands.hpp", "#pragma once\n#include <string>\nstd::string name();\n")
    assert [line.split(":")[0] for line in violations(tmp_path)] == ["src/a/leans.hpp"]


def test_finds_a_header_without_a_guard(tmp_path):
    tree.write(tmp_path, "src/a/twice.hpp", "struct Twice {};\n")
    assert len(violations(tmp_path)) == 1


def test_holds_the_layout_to_three_compilers(tmp_path):
    tree.write(tmp_path, "abi/a.h", "#ifndef A\n#define A\n#include <linux/types.h>\nstruct a { __u64 class; };\n#endif\n")
    tree.write(tmp_path, "abi/b.h", "#ifndef B\n#define B\n#ifndef __bpf__\ntypedef int t;\n#endif\nt f(void);\n#endif\n")
    assert len(violations(tmp_path)) == 2


def test_compiles_bpf_headers_for_bpf(tmp_path):
    tree.write(tmp_path, "bpf/a.bpf.h", "#pragma once\n#ifndef __bpf__\n#error not bpf\n#endif\n")
    assert violations(tmp_path) == []
