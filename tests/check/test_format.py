# SPDX-License-Identifier: BSD-2-Clause
"""Rule: C, C++ and BPF files are laid out as scripts/format lays them out."""

import subprocess
from pathlib import Path

import tree

SCRIPT = tree.ROOT / "scripts" / "format"
NO_TOOL = 3


def check(*files: Path) -> subprocess.CompletedProcess:
    result = subprocess.run([SCRIPT, "--check", *files], capture_output=True, text=True)
    tree.need(result.returncode != NO_TOOL, result.stderr.strip())
    return result


def test_tree():
    result = check()
    assert result.returncode == 0, "run make format:\n" + result.stderr


def test_finds_cpp_laid_out_otherwise(tmp_path):
    tree.write(tmp_path, "a.cpp", "int main() {\n    return 0;\n}\n")
    tree.write(tmp_path, "b.cpp", "int main()\n{\n    return 0;\n}\n")
    assert check(tmp_path / "a.cpp").returncode != 0
    assert check(tmp_path / "b.cpp").returncode == 0


def test_holds_c_to_the_other_style(tmp_path):
    tree.write(tmp_path, "a.c", "int main(void) {\n    return 0;\n}\n")
    tree.write(tmp_path, "b.c", "int main(void)\n{\n\treturn 0;\n}\n")
    assert check(tmp_path / "a.c").returncode != 0
    assert check(tmp_path / "b.c").returncode == 0
