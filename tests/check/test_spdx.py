# SPDX-License-Identifier: BSD-2-Clause
"""Rule: every source file says its licence in its first lines, and the licence is that of its place."""

import re
from pathlib import Path

import tree

DUAL = "GPL-2.0-only OR BSD-2-Clause"
BSD = "BSD-2-Clause"
SUFFIXES = tree.C_FAMILY | {".py", ".pyi", ".sh", ".bash", ".zsh", ".fish", ".cmake", ".yml", ".yaml", ".js", ".mjs", ".ts", ".css", ".html"}
NAMES = {"CMakeLists.txt", "Makefile", "Dockerfile", "Containerfile", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore"}
# It may stand below a shebang and an opening of the file's own kind (<!doctype html>).
FIRST_LINES = 3


def is_source(root: Path, path: Path) -> bool:
    return (
        path.suffix in SUFFIXES
        or path.name in NAMES
        or bool(tree.shebang(root, path))
        or (path.parts[:2] == ("docs", "man") and path.suffix[1:].isdigit())
    )


def wanted(path: Path) -> str:
    # What ends up in the kernel, or describes what does; the build files beside it do not.
    kernel_side = path.suffix in tree.C_FAMILY and (path.parts[0] in ("abi", "bpf") or ".bpf." in path.name)
    return DUAL if kernel_side else BSD


def violations(root: Path) -> list[str]:
    found = []
    for path in tree.files(root):
        if not is_source(root, path):
            continue
        head = "\n".join((tree.text(root, path) or "").splitlines()[:FIRST_LINES])
        match = re.search(r"SPDX-License-Identifier: (.*?)\s*(\*/|-->)?\s*$", head, re.MULTILINE)
        if not match:
            found.append(f"{path}: no SPDX-License-Identifier in its first {FIRST_LINES} lines")
        elif match[1] != wanted(path):
            found.append(f"{path}: licence is {match[1]!r}, here it is {wanted(path)!r}")
    return found


def test_tree():
    tree.report(violations(tree.ROOT))


def test_finds_a_file_without_one(tmp_path):
    tree.write(tmp_path, "src/cli/main.cpp", "int main() {}\n")
    tree.write(tmp_path, "scripts/run", "#!/bin/sh\ntrue\n")
    assert len(violations(tmp_path)) == 2


def test_finds_the_wrong_licence(tmp_path):
    tree.write(tmp_path, "bpf/a.bpf.c", f"/* SPDX-License-Identifier: {BSD} */\n")
    tree.write(tmp_path, "src/a.hpp", f"// SPDX-License-Identifier: {DUAL}\n")
    assert len(violations(tmp_path)) == 2


def test_accepts_each_comment_style(tmp_path):
    tree.write(tmp_path, "bpf/a.bpf.c", f"/* SPDX-License-Identifier: {DUAL} */\n")
    tree.write(tmp_path, "src/a.hpp", f"// SPDX-License-Identifier: {BSD}\n")
    tree.write(tmp_path, "scripts/run", f"#!/bin/sh\n# SPDX-License-Identifier: {BSD}\n")
    tree.write(tmp_path, "docs/man/a.1", f'.\\" SPDX-License-Identifier: {BSD}\n')
    tree.write(tmp_path, "web/index.html", f"<!doctype html>\n<!-- SPDX-License-Identifier: {BSD} -->\n")
    tree.write(tmp_path, "docs/data.json", "{}\n")
    assert violations(tmp_path) == []
