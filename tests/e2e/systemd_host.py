# SPDX-License-Identifier: BSD-2-Clause
"""A real systemd, the first process of namespaces of its own, over the machine's files but with units, /run, pins and
a network of its own. Nothing of it reaches the machine's own service manager, and all of it ends with its namespaces."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Iterator

import network

SYSTEMD = Path("/lib/systemd/systemd")
UDEV = Path("/lib/systemd/systemd-udevd")

# Run inside the new namespaces, as their first process; $1 is the folder that is to be /usr/local.
START = r"""
set -e
mount --make-rprivate /
mount --bind "$1" /usr/local
for folder in /run /tmp /var/log /etc/systemd/system /etc/default; do mount -t tmpfs tmpfs "$folder"; done
umount -R /sys/fs/cgroup
# The network namespace's own /sys, for its interfaces.
mount -t sysfs sysfs /sys
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /sys/fs/cgroup
mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
mount -t proc proc /proc
printf '[Unit]\nRequires=basic.target dbus.socket systemd-udevd.service\nAfter=basic.target\n' >/run/test.target
cp /run/test.target /etc/systemd/system/test.target
export container=test
exec /lib/systemd/systemd --system --unit=test.target --log-target=journal-or-kmsg --show-status=0
"""


class Host:
    """The running systemd. Its commands run in its namespaces."""

    def __init__(self, pid: int, netns: str):
        self.pid = pid
        self.netns = netns

    def inside(self) -> list[str]:
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--cgroup", "--"]

    def run(self, *command: object, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess:
        words = [*self.inside(), *map(str, command)]
        result = subprocess.run(words, capture_output=True, text=True, timeout=timeout)
        assert not check or result.returncode == 0, f"{' '.join(words)}: {result.stdout}{result.stderr}{self.journal()}"
        return result

    def journal(self) -> str:
        command = [*self.inside(), "journalctl", "--no-pager", "-n", "40", "-o", "cat"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout

    def systemctl(self, *words: object, **options) -> str:
        return self.run("systemctl", "--no-pager", *words, **options).stdout.strip()

    def property(self, unit: str, name: str) -> str:
        return self.systemctl("show", unit, "--property", name, "--value")


@contextlib.contextmanager
def host(netns: str, local: Path) -> Iterator[Host]:
    """Boots it in a network namespace, with a folder as its /usr/local."""
    command = [*network.inside(netns), "unshare", "--fork", "--kill-child", "--pid", "--mount", "--cgroup", "--uts", "--ipc",
               "--", "bash", "-c", START, "bash", str(local)]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pid = int(network.until(lambda: children.read_text().split(), "systemd's process")[0])
        machine = Host(pid, netns)

        def is_up() -> bool:
            assert process.poll() is None, "systemd's namespaces could not be made"
            state = machine.run("systemctl", "is-active", "test.target", check=False)
            return state.stdout.strip() == "active"

        network.until(is_up, "systemd to reach its target", timeout=60)
        yield machine
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)  # --kill-child takes the first process along, and that all others
        process.wait(timeout=20)


def missing() -> str:
    """What is not there that this needs; empty where all is."""
    for path in (SYSTEMD, UDEV):
        if not path.exists():
            return str(path)
    return "" if shutil.which("unshare") else "unshare"
