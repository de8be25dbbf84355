# SPDX-License-Identifier: BSD-2-Clause
"""Rule: a file of code is small enough to hold in the head."""

from pathlib import Path

import tree

LIMIT = 450
SUFFIXES = tree.C_FAMILY | {".py", ".sh", ".js", ".mjs", ".ts", ".cmake"}


def violations(root: Path) -> list[str]:
    found = []
    for path in tree.files(root):
        if path.suffix not in SUFFIXES and path.name != "CMakeLists.txt" and not tree.shebang(root, path):
            continue
        lines = len((tree.text(root, path) or "").splitlines())
        if lines > LIMIT:
            found.append(f"{path}: {lines} lines, the limit is {LIMIT}: split it")
    return found


def test_tree():
    tree.report(violations(tree.ROOT))


def test_finds_a_long_file(tmp_path):
    tree.write(tmp_path, "src/long.cpp", "int x;\n" * (LIMIT + 1))
    tree.write(tmp_path, "src/fits.cpp", "int x;\n" * LIMIT)
    tree.write(tmp_path, "tests/golden/long.txt", "line\n" * (LIMIT + 1))
    assert [line.split(":")[0] for line in violations(tmp_path)] == ["src/long.cpp"]
