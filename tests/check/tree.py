# SPDX-License-Identifier: BSD-2-Clause
"""The files of the tree, found by walking it: git refuses to list a clone that another user owns."""

import os
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]

C_SUFFIXES = {".c", ".h"}
CPP_SUFFIXES = {".cpp", ".hpp"}
C_FAMILY = C_SUFFIXES | CPP_SUFFIXES

_SKIPPED_ANYWHERE = {".git", "node_modules", "__pycache__", ".pytest_cache", ".cache", ".venv"}
_SKIPPED_AT_ROOT = {"build"}


def files(root: Path = ROOT) -> Iterator[Path]:
    """Every file that belongs to the project, as a path relative to root, in a fixed order."""
    for folder, folders, names in os.walk(root):
        skipped = _SKIPPED_ANYWHERE | (_SKIPPED_AT_ROOT if Path(folder) == root else set())
        folders[:] = sorted(name for name in folders if name not in skipped)
        for name in sorted(names):
            yield (Path(folder) / name).relative_to(root)


def c_family(root: Path = ROOT) -> Iterator[Path]:
    return (path for path in files(root) if path.suffix in C_FAMILY)


def text(root: Path, path: Path) -> str | None:
    """A file's text; None for one that is not UTF-8: a capture, a picture."""
    try:
        return (root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def shebang(root: Path, path: Path) -> str:
    """The interpreter's name that a script asks for; empty for a file that is no script."""
    try:
        with open(root / path, "rb") as file:
            first = file.readline(200)
    except OSError:
        return ""
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].decode("utf-8", "replace").split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
    return Path(words[0]).name if words else ""


def shell_scripts(root: Path = ROOT) -> Iterator[Path]:
    return (path for path in files(root) if path.suffix == ".sh" or shebang(root, path) in ("sh", "bash"))


def man_pages(root: Path = ROOT) -> Iterator[Path]:
    return (path for path in files(root) if path.parts[:2] == ("docs", "man") and path.suffix[1:].isdigit())


def write(root: Path, path: str, content: str) -> Path:
    """Puts a file into a made-up tree, for the tests of the rules themselves."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return Path(path)


def need(found: bool, what: str) -> None:
    """Skips where a tool or a built file is missing; where everything is required, that is a failure."""
    if found:
        return
    if os.environ.get("XDPSTAT_REQUIRE") == "all":
        pytest.fail(f"missing, and XDPSTAT_REQUIRE=all: {what}")
    pytest.skip(f"missing: {what}")


def report(violations: list[str]) -> None:
    assert not violations, "\n" + "\n".join(violations)
