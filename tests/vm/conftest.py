# SPDX-License-Identifier: BSD-2-Clause
"""Boots each kernel once, when the first test asks for it, and prints the table of all at the end."""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import features  # noqa: E402
import guest  # noqa: E402
import kernels  # noqa: E402

HERE = Path(__file__).parent
# A guest that takes longer hangs: nearly all of it is the emulator's time.
TIMEOUT = float(os.environ.get("XDPSTAT_VM_TIMEOUT", "300"))
REPORTS: dict[kernels.Kernel, guest.Report] = {}
PROGRAMS = {
    "xdpstat": "XDPSTAT_BINARY",
    "bpf_tests": "XDPSTAT_BPF_TESTS",
    "map_tests": "XDPSTAT_MAP_TESTS",
    "guest_caps": "XDPSTAT_GUEST_CAPS",
    "guest_frames": "XDPSTAT_GUEST_FRAMES",
    "guest_neighbour": "XDPSTAT_GUEST_NEIGHBOUR",
    "old_build": "XDPSTAT_OLD_BUILD",
}
SCRIPTS = [HERE / "guest.sh", HERE / "beside.sh"]


def old_objects() -> dict[str, Path]:
    """Counters of other versions: one with the same maps, one with another layout."""
    folder = Path(os.environ.get("XDPSTAT_OLD_OBJECTS", ""))
    return {f"{variant}.o": folder / variant / "xdp_counter.bpf.o" for variant in ("small", "moved")}


def need(found: bool, what: str) -> None:
    """Skips where something is missing; where everything is required, that is a failure."""
    if found:
        return
    if os.environ.get("XDPSTAT_REQUIRE") == "all":
        pytest.fail(f"missing, and XDPSTAT_REQUIRE=all: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


@pytest.fixture(scope="session")
def programs() -> dict[str, Path]:
    for tool in (guest.QEMU, guest.BUSYBOX, "apt-get", "dpkg-deb"):
        need(shutil.which(tool) is not None, f"{tool}: make deps")
    found = {name: Path(os.environ.get(variable, "")) for name, variable in PROGRAMS.items()}
    for name, path in {**found, **old_objects()}.items():
        need(path.is_file(), f"{name}, static: cmake --build --preset vm")
    return found


@pytest.fixture(scope="session")
def report(request, programs, tmp_path_factory) -> guest.Report:
    """Of the kernel that the test is about: booted once."""
    kernel = request.param
    if kernel not in REPORTS:
        REPORTS[kernel] = run(kernel, programs, tmp_path_factory.mktemp(kernel.name))
    return REPORTS[kernel]


def run(kernel: kernels.Kernel, programs: dict[str, Path], folder: Path) -> guest.Report:
    try:
        unpacked = kernels.obtain(kernel)
    except kernels.NoKernel as error:
        pytest.fail(str(error), pytrace=False)
    initrd = folder / "initrd"
    guest.pack(unpacked, programs, SCRIPTS, old_objects(), initrd)
    begin = time.monotonic()
    log = guest.boot(unpacked, initrd, TIMEOUT)
    if guest.lost_to_the_emulator(log):
        (folder / "lost.log").write_text(log)
        log = guest.boot(unpacked, initrd, TIMEOUT)
    initrd.unlink()
    report = guest.parse(log)
    report.release = report.release or unpacked.release
    report.seconds = time.monotonic() - begin
    logs = Path(os.environ.get("XDPSTAT_BUILD", folder)) / "vm"
    logs.mkdir(exist_ok=True)
    (logs / f"{kernel.name}.log").write_text(log)
    return report


def pytest_terminal_summary(terminalreporter):
    if not REPORTS:
        return
    text = features.table(list(REPORTS.values()))
    terminalreporter.write_line("")
    terminalreporter.write_line(text)
    logs = Path(os.environ.get("XDPSTAT_BUILD", ".")) / "vm"
    logs.mkdir(exist_ok=True)
    (logs / "kernels.md").write_text(text)
