# SPDX-License-Identifier: BSD-2-Clause
"""A guest: its file system, packed as the kernel unpacks it, and one run of it in QEMU."""

import lzma
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from kernels import Unpacked

BUSYBOX = shutil.which("busybox", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "busybox"
QEMU = "qemu-system-x86_64"
# Two CPUs, so that counters of both are read. Without -cx16 some kernels crash in the emulator, in half of all runs.
# Emulated by turns on one thread: on threads of their own, one processor at times sees half of what the other patches in the kernel's
# code, and takes the breakpoint there for a fault.
MACHINE = ["-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "max,-cx16", "-m", "768", "-smp", "2",
           "-no-reboot", "-nodefaults", "-serial", "stdio", "-display", "none"]
# An emulator that gets little of a busy machine's time ticks too late for the kernel's check of its timer, which then panics.
KERNEL_LINE = "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check ipv6.disable_ipv6=1"

S_IFDIR, S_IFREG, S_IFCHR, S_IFLNK = 0o040000, 0o100000, 0o020000, 0o120000


class Archive:
    """A cpio archive of the kind that the kernel unpacks ("newc"); made here, it needs neither root nor a tool."""

    def __init__(self):
        self.parts: list[bytes] = []
        self.count = 0

    def _add(self, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        self.count += 1
        path = name.encode() + b"\0"
        numbers = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0]
        head = b"070701" + b"".join(b"%08X" % number for number in numbers) + path
        for part in (head, data):
            self.parts.append(part + b"\0" * (-len(part) % 4))

    def folder(self, name: str) -> None:
        self._add(name, S_IFDIR | 0o755)

    def file(self, name: str, data: bytes) -> None:
        self._add(name, S_IFREG | 0o755, data)

    def link(self, name: str, target: str) -> None:
        self._add(name, S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, major: int, minor: int) -> None:
        self._add(name, S_IFCHR | 0o600, device=(major, minor))

    def write(self, path: Path) -> None:
        self._add("TRAILER!!!", 0)
        path.write_bytes(b"".join(self.parts))


def module_bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def pack(kernel: Unpacked, programs: dict[str, Path], scripts: list[Path], files: dict[str, Path], into: Path) -> None:
    """The guest's whole file system. programs: static ones, by their names in the guest's PATH; scripts: the first is run,
    the others lie beside it; files: by their names in the folder files."""
    archive = Archive()
    for folder in ("bin", "dev", "files", "modules", "proc", "run", "sys", "tmp"):
        archive.folder(folder)
    archive.character_device("dev/console", 5, 1)
    archive.file("bin/busybox", Path(BUSYBOX).read_bytes())
    archive.link("bin/sh", "busybox")
    for name, program in programs.items():
        archive.file(f"bin/{name}", program.read_bytes())
    for module in kernel.modules:
        archive.file(f"modules/{module.name.removesuffix('.xz')}", module_bytes(module))
    for name, path in files.items():
        archive.file(f"files/{name}", path.read_bytes())
    archive.file("init", scripts[0].read_bytes())
    for script in scripts[1:]:
        archive.file(script.name, script.read_bytes())
    archive.write(into)


@dataclass
class Finding:
    """What the guest says of one feature: ok, absent or failed."""

    outcome: str
    text: str


@dataclass
class Report:
    """What came out of one guest."""

    release: str = ""
    seconds: float = 0.0
    log: str = ""
    ended: bool = False  # it came to its end, whatever it found
    findings: dict[str, Finding] = field(default_factory=dict)


def parse(log: str) -> Report:
    """A guest writes "@ FEATURE OUTCOME TEXT" on lines of their own, amidst all else."""
    report = Report(log=log)
    for line in log.splitlines():
        if match := re.fullmatch(r"@ (\S+) (ok|absent|failed) ?(.*)", line):
            report.findings[match[1]] = Finding(match[2], match[3])
        elif match := re.fullmatch(r"@ (release|end|up) ?(.*)", line):
            if match[1] == "release":
                report.release = match[2]
            if match[1] == "end":
                report.ended = True
    return report


def boot(kernel: Unpacked, initrd: Path, timeout: float) -> str:
    """Runs a guest to its end and returns what its console said. It does not outlive the call, nor this process."""
    quick = " xdpstat.quick" if os.environ.get("XDPSTAT_VM_QUICK") else ""
    command = [QEMU, *MACHINE, "-kernel", str(kernel.image), "-initrd", str(initrd), "-append", KERNEL_LINE + quick]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               preexec_fn=die_with_parent)
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as expired:
        output = (expired.output or b"") + f"\n(killed: it did not end in {timeout:.0f} s)\n".encode()
    finally:
        process.kill()
        process.wait()
    return output.decode("utf-8", "replace").replace("\r", "")


def lost_to_the_emulator(log: str) -> bool:
    """Whether the kernel met the breakpoint by which it patches its own code, and took it for a fault: where QEMU emulates two
    processors, one of them can see the other's patch half done."""
    return "Oops: int3" in log and "Kernel panic" in log


def die_with_parent() -> None:
    """In the child: the kernel ends it when the test run ends, however that ends (PR_SET_PDEATHSIG)."""
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)
