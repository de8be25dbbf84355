# SPDX-License-Identifier: BSD-2-Clause
"""Rule: no note of work left undone stays in the tree; it is done, or it is a record in docs/adr/."""

import re
from pathlib import Path

import tree

# Put together from halves, or this file would be the first to break its own rule.
WORDS = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
PATTERN = re.compile(r"\b(" + "|".join(WORDS) + r")\b")


def violations(root: Path) -> list[str]:
    found = []
    for path in tree.files(root):
        if path.parts[0] == "LICENSES":
            continue
        for number, line in enumerate((tree.text(root, path) or "").splitlines(), 1):
            match = PATTERN.search(line)
            if match:
                found.append(f"{path}:{number}: {match[1]}")
    return found


def test_tree():
    tree.report(violations(tree.ROOT))


def test_finds_each_word(tmp_path):
    for word in WORDS:
        tree.write(tmp_path, f"src/{word.lower()}.cpp", f"int x; // {word}: later\n")
    assert len(violations(tmp_path)) == len(WORDS)


def test_leaves_mktemp_templates_alone(tmp_path):
    tree.write(tmp_path, "a.sh", "mktemp -d /tmp/a." + "X" * 6 + "\n")
    assert violations(tmp_path) == []
