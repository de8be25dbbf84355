# SPDX-License-Identifier: BSD-2-Clause
"""podman with runc, with a store of its own: nothing of the machine's images and containers is seen or changed."""

import json
import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What machines without a service manager lack: a journal, groups of systemd, and the right to raise limits.
CONFIGURATION = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"""


class Podman:
    """podman("run", ...) returns what it prints; a failure is an AssertionError with what it said."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "containers.conf").write_text(CONFIGURATION)
        self.environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
        self.command = ["podman", "--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]

    def try_to(self, *words, timeout=120) -> subprocess.CompletedProcess:
        return subprocess.run([*self.command, *map(str, words)], env=self.environment, capture_output=True, text=True, timeout=timeout)

    def __call__(self, *words, **options) -> str:
        result = self.try_to(*words, **options)
        assert result.returncode == 0, f"podman {' '.join(map(str, words))}: {result.returncode}: {result.stderr}"
        return result.stdout.strip()

    def build(self, *names: str, **environment: str) -> list[str]:
        """scripts/image with this podman: the images' names."""
        environment = {**self.environment, "PODMAN": " ".join(self.command), **environment}
        result = subprocess.run([ROOT / "scripts" / "image", *names], env=environment, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        return result.stdout.split()

    def inspect(self, image: str) -> dict:
        return json.loads(self("image", "inspect", image))[0]

    def remove_all(self) -> None:
        self.try_to("rm", "--force", "--all", "--time", "0")
        self.try_to("rmi", "--force", "--all")


class Container:
    """A container that runs in the background, in a network namespace of the test's own."""

    def __init__(self, podman: Podman, image: str, netns: str, options: list, words: list):
        self.podman = podman
        self.netns = netns
        self.id = podman("run", "--detach", "--network", f"ns:/run/netns/{netns}", *options, image, *words)

    def log(self) -> str:
        result = self.podman.try_to("logs", self.id)
        return result.stdout + result.stderr

    def state(self) -> dict:
        return json.loads(self.podman("container", "inspect", self.id))[0]["State"]

    def stop(self) -> float:
        """As a cluster does it, by SIGTERM. Returns the seconds that it took."""
        start = time.monotonic()
        self.podman("stop", "--time", "30", self.id)
        return time.monotonic() - start

    def remove(self) -> None:
        self.podman.try_to("rm", "--force", "--time", "0", self.id)
