# SPDX-License-Identifier: BSD-2-Clause
"""What a built program says of itself that keeps an attacker from using a mistake in it."""

import re
import subprocess
from pathlib import Path


def readelf(path: Path, *options: str) -> str:
    return subprocess.run(["readelf", "--wide", *options, str(path)], capture_output=True, text=True, check=True).stdout


def weaknesses(path: Path) -> list[str]:
    """What a program lacks, a line each."""
    header, segments, dynamic = readelf(path, "--file-header"), readelf(path, "--segments"), readelf(path, "--dynamic")
    symbols = readelf(path, "--symbols", "--dyn-syms")
    static = "INTERP" not in segments
    found = []
    if not re.search(r"Type:\s+DYN", header):
        found.append("it is at a fixed address (-pie, -static-pie)")
    if "GNU_RELRO" not in segments:
        found.append("its relocations stay writable (-z relro)")
    # What has no undefined function to look up later needs no such flag; static-pie is told from it by the flag PIE alone.
    if not static and not re.search(r"\(FLAGS(_1)?\).*NOW", dynamic):
        found.append("functions are looked up late, so that their table stays writable (-z now)")
    stack = re.search(r"GNU_STACK\s+(?:0x[0-9a-f]+\s+){5}(\S+)", segments)
    if stack is None or "E" in stack[1]:
        found.append("its stack is executable (-z noexecstack)")
    if re.search(r"^\s+LOAD\s.*\sRWE\s", segments, re.MULTILINE):
        found.append("it has memory that is writable and executable")
    if "__stack_chk_fail" not in symbols:
        found.append("its stack is not guarded (-fstack-protector-strong)")
    if not re.search(r"__\w+_chk(@|\s|$)", symbols, re.MULTILINE):
        found.append("calls of the C library are not checked (-D_FORTIFY_SOURCE=2)")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        found.append("it looks for libraries in a folder of its own")
    return found
