# SPDX-License-Identifier: BSD-2-Clause
"""What a test must not leave behind: namespaces, interfaces, pins, BPF programs and links, processes."""

import contextlib
import json
import os
import re
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import network

BPFFS = Path("/sys/fs/bpf")
PROGRAM = "xdp_counter"
# In the environment of all that a test starts: so a process is found again after it has lost its parent.
MARK = "XDPSTAT_E2E_RUN"
# The kernel frees programs and links a while after their last owner is gone (RCU, deferred work).
PATIENCE = 5.0


@dataclass
class State:
    namespaces: set[str] = field(default_factory=set)
    interfaces: set[str] = field(default_factory=set)
    pins: set[str] = field(default_factory=set)
    programs: set[int] = field(default_factory=set)
    links: set[int] = field(default_factory=set)
    processes: set[int] = field(default_factory=set)

    def since(self, before: "State") -> list[str]:
        """What is here and was not before, in words."""
        found = []
        for kind in self.__dataclass_fields__:
            new = getattr(self, kind) - getattr(before, kind)
            if new:
                found.append(f"{kind}: {', '.join(map(str, sorted(new)))}")
        return found


def bpf_objects(kind: str, *options: str) -> list[dict]:
    """What bpftool lists. It gives up where an object vanishes while it walks; then it has to walk again."""
    command = ["bpftool", "-j", *options, kind, "show"]
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return json.loads(network.run(*command).stdout or "[]")
        except (RuntimeError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def holders(word: str) -> dict[int, set[int]]:
    """The processes that hold each BPF object open, by its id; word is the line of fdinfo that tells the id."""
    found: dict[int, set[int]] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            for info in os.scandir(f"/proc/{entry}/fdinfo"):
                for line in Path(info.path).read_text().splitlines():
                    if line.startswith(word):
                        found.setdefault(int(line.split()[1]), set()).add(int(entry))
        except OSError:
            continue  # it ended, or closed the file, meanwhile
    return found


def file_systems_of_others(run: str) -> list[Path]:
    """The BPF file systems of mount namespaces in which no process of this run is, and which bpftool does not go through."""
    namespaces: dict[str, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                namespaces.setdefault(os.readlink(f"/proc/{entry}/ns/mnt"), []).append(int(entry))
    namespaces.pop(os.readlink("/proc/self/ns/mnt"), None)
    found = []
    for pids in namespaces.values():
        if any(marked(pid, run) for pid in pids):
            continue
        with contextlib.suppress(OSError):
            mounts = Path(f"/proc/{pids[0]}/mountinfo").read_text().splitlines()
            found += [Path(f"/proc/{pids[0]}/root{mount.split()[4]}") for mount in mounts if " - bpf " in mount]
    return found


def pinned_by_others(kind: str, run: str) -> set[int]:
    """The ids of what is pinned there."""
    found = set()
    for root in file_systems_of_others(run):
        with contextlib.suppress(OSError):
            for path in root.rglob("*"):
                # Of another kind, or gone meanwhile.
                with contextlib.suppress(OSError, RuntimeError, ValueError):
                    if not path.is_dir():
                        found.add(json.loads(network.run("bpftool", "-j", kind, "show", "pinned", path).stdout)["id"])
    return found


def of_others(kind: str, ids: set[int], run: str, roots: list[Path]) -> set[int]:
    """Those of the programs ("prog") or links ("link") that another run on this machine owns, and not this one:
    only foreign processes hold them open, or they are pinned, and not below our roots."""
    held = holders(f"{kind}_id:")
    elsewhere = pinned_by_others(kind, run) if ids - held.keys() else set()
    pinned = {one["id"]: [Path(pin) for pin in one.get("pinned", [])] for one in bpf_objects(kind, "-f")}
    found = set()
    for one in ids:
        pids, pins = held.get(one, set()), pinned.get(one, [])
        ours = any(pid == os.getpid() or marked(pid, run) for pid in pids)
        ours |= any(root in pin.parents for root in roots for pin in pins)
        if (pids or pins or one in elsewhere) and not ours:
            found.add(one)
    return found


def forget_others(now: State, before: State, run: str, roots: list[Path]) -> None:
    """Takes out of a state what other runs have made since."""
    now.links -= of_others("link", now.links - before.links, run, roots)
    others = of_others("prog", now.programs - before.programs, run, roots)
    # A program that only a link holds is its link's owner's.
    links = [one for one in bpf_objects("link") if one.get("prog_id") in now.programs]
    linked = {one["prog_id"] for one in links}
    ours = {one["prog_id"] for one in links if one["id"] in now.links}
    now.programs -= others | ((linked - ours) - before.programs)


def marked(pid: int, run: str) -> bool:
    try:
        return f"{MARK}={run}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def processes(run: str) -> set[int]:
    own = os.getpid()
    return {int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != own and marked(int(entry), run)}


def state(run: str, roots: list[Path]) -> State:
    """What exists now. Pins, and folders for them, are looked for below the roots; a root itself may stay."""
    programs = {program["id"] for program in bpf_objects("prog") if program.get("name") == PROGRAM}
    links = {one["id"] for one in bpf_objects("link") if one.get("prog_id") in programs}
    interfaces = json.loads(network.run("ip", "-j", "link", "show").stdout)
    return State(
        namespaces={name for name in (os.listdir(network.NETNS) if network.NETNS.exists() else []) if name.startswith(network.PREFIX)},
        interfaces={one["ifname"] for one in interfaces if one["ifname"].startswith("xs")},
        pins={str(path) for root in roots if root.exists() for path in root.rglob("*")},
        programs=programs,
        links=links,
        processes=processes(run),
    )


def after(before: State, run: str, roots: list[Path]) -> list[str]:
    """What a test has left behind, once the kernel has had the time to let go of it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        now = state(run, roots)
        if now.programs != before.programs or now.links != before.links:
            forget_others(now, before, run, roots)
        found = now.since(before)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def sweep() -> None:
    """Removes what runs have left that were killed: namespaces and folders of pins are named after their process."""

    def is_orphan(name: str) -> bool:
        match = re.match(r"xs-e2e-(\d+)(-|$)", name)
        return match is not None and not Path("/proc", match[1]).exists()

    for name in filter(is_orphan, os.listdir(network.NETNS) if network.NETNS.exists() else []):
        for pid in network.run("ip", "netns", "pids", name).stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        network.run("ip", "netns", "delete", name)
    for name in filter(is_orphan, os.listdir(BPFFS)):
        shutil.rmtree(BPFFS / name)


def clean(before: State, run: str, roots: list[Path]) -> None:
    """Ends and removes what a test has left, so that the next one starts clean."""
    for pid in processes(run) - before.processes:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    new = state(run, roots)
    # From the deepest up: a folder can go once it is empty.
    for name in sorted(new.pins - before.pins, key=len, reverse=True):
        path = Path(name)
        path.rmdir() if path.is_dir() else path.unlink()
    for name in new.namespaces - before.namespaces:
        network.run("ip", "netns", "delete", name)
    for root in roots:
        if root.name.startswith(network.PREFIX.rstrip("-")) and root.exists() and not any(root.iterdir()):
            root.rmdir()
