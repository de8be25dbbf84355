# SPDX-License-Identifier: BSD-2-Clause
"""The npm packages that build and test the page: web/node_modules, as web/package-lock.json says."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
MODULES = WEB / "node_modules"
LOCK = WEB / "package-lock.json"
STAMP = MODULES / ".locked"


def need(found: bool, what: str) -> None:
    """Skips where something is missing; where everything is required, that is a failure."""
    if found:
        return
    if os.environ.get("XDPSTAT_REQUIRE") == "all":
        pytest.fail(f"missing, and XDPSTAT_REQUIRE=all: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def install() -> None:
    """Installs them where they are not, or are others. Nothing that a package brings is run by it."""
    need(shutil.which("node") is not None, "node: make deps")
    with open(LOCK, "rb") as lock:
        # Two test runs at once are not to install them over each other.
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read()).hexdigest()
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        need(shutil.which("npm") is not None, "npm: make deps")
        result = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=WEB, capture_output=True, text=True, timeout=300
        )
        need(result.returncode == 0, f"the packages of web/package-lock.json: npm ci says: {result.stderr.strip()[-1000:]}")
        STAMP.write_text(wanted)


def node(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess:
    """Runs node in web/ to its end, and says what it said where it fails."""
    command = ["node", *map(str, arguments)]
    return subprocess.run(command, cwd=WEB, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
