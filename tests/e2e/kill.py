# SPDX-License-Identifier: BSD-2-Clause
"""Ends a command by a signal at a chosen system call, so that every point of it can be tried."""

import collections
import subprocess
from pathlib import Path

import network

# All that changes what others see. Between two of these a process leaves the same behind wherever it ends.
CALLS = ("bpf", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "flock", "close", "chmod", "fchmodat", "lchown", "fchownat")


def points_of(command: list[str], log: Path) -> list[tuple[str, int]]:
    """Runs a command to its end. Returns its system calls of the kinds above: (name, how often it was made by then)."""
    network.run("strace", "-f", "-o", log, "-e", f"trace={','.join(CALLS)}", *command)
    counts: collections.Counter = collections.Counter()
    points = []
    for line in log.read_text().splitlines():
        name = line.split(None, 1)[1].split("(", 1)[0]
        if name in CALLS:
            counts[name] += 1
            points.append((name, counts[name]))
    return points


def end_at(command: list[str], call: str, number: int, signal: str = "KILL") -> subprocess.CompletedProcess:
    """Runs a command and gives it the signal when it makes this call for the n-th time, before the kernel acts."""
    inject = f"inject={call}:signal={signal}:when={number}"
    words = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject, *command]
    return subprocess.run(words, capture_output=True, text=True, timeout=30)
