# SPDX-License-Identifier: BSD-2-Clause
"""Figures that a guide quotes are those of the benchmark's own document."""

import subprocess

from tree import ROOT


def test_the_guide_quotes_the_benchmark():
    result = subprocess.run([ROOT / "scripts" / "copy-figures", "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr or "run scripts/copy-figures"
