# SPDX-License-Identifier: BSD-2-Clause
"""scripts/soak, for some seconds instead of the many minutes of `make soak`; and that it can fail."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import built

SOAK = Path(__file__).resolve().parents[2] / "scripts" / "soak"


def soak(*options) -> tuple[int, dict, str]:
    build = Path(built("XDPSTAT_BINARY")).parent
    result = subprocess.run([sys.executable, "-B", SOAK, "--build", build, *map(str, options)], capture_output=True, text=True, timeout=120)
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout.splitlines()[-1]), result.stderr


def test_memory_stays(machine):
    code, outcome, said = soak("--scrapes", 20_000, "--seconds", 4, "--clients", 2)
    assert (code, said) == (0, ""), outcome
    assert outcome["scrapes"] >= 20_000 and outcome["snapshots"] > 100_000
    assert outcome["snapshots_grown_descriptors"] == 0 and outcome["problems"] == []


def test_growth_is_told(machine):
    code, outcome, said = soak("--scrapes", 500, "--seconds", 0, "--clients", 1, "--grow", -100_000)
    assert code == 1 and "grown_kib" in said


def test_it_leaves_nothing(machine):
    assert not [name for name in os.listdir("/run/netns") if name.startswith("xs-soak")] if os.path.isdir("/run/netns") else True
    assert not [name for name in os.listdir("/sys/fs/bpf") if name.startswith("xs-soak")]
