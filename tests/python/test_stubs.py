# SPDX-License-Identifier: BSD-2-Clause
"""The type stubs say what the module has, no more and no less, and the tests keep to them."""

import ast
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, need
from walkthrough import read_struct

import xdpstat as module
from xdpstat import _native

PACKAGE = Path(module.__file__).parent
SPECIAL = {"__iter__", "__next__", "__len__", "__getitem__", "__contains__", "__enter__", "__exit__", "__length_hint__"}


def stub_names() -> dict[str, set[str] | None]:
    """The public names of the stub: of a class its members, of anything else None."""
    tree = ast.parse((PACKAGE / "_native.pyi").read_text())
    found: dict[str, set[str] | None] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found[node.name] = {part.name for part in node.body if isinstance(part, ast.FunctionDef)} - {"__init__"}
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = None
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = None
    return found


def module_names() -> dict[str, set[str] | None]:
    found: dict[str, set[str] | None] = {}
    for name, value in vars(_native).items():
        if name.startswith("_") and name != "__version__":
            continue
        found[name] = {one for one in vars(value) if not one.startswith("_") or one in SPECIAL} if inspect.isclass(value) else None
    return found


def test_stubs_and_module_have_the_same_names():
    assert stub_names() == module_names()


def test_the_package_shows_all_of_it():
    assert set(module.__all__) == set(module_names()) | {name for name in vars(module) if name.endswith("Error")}
    assert all(getattr(module, name).__module__ == "xdpstat" for name in module.__all__ if inspect.isclass(getattr(module, name)))


def test_everything_has_a_docstring():
    without = []
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, str):
            continue
        if not inspect.getdoc(value):
            without.append(name)
        for part in vars(value) if inspect.isclass(value) else ():
            if not part.startswith("_") and not inspect.getdoc(getattr(value, part)):
                without.append(f"{name}.{part}")
    assert without == []


def mypy(*words) -> subprocess.CompletedProcess:
    need(importlib.util.find_spec("mypy") is not None, "mypy: make deps")
    command = [sys.executable, "-m", "mypy", "--python-executable", sys.executable, "--cache-dir", "/dev/null", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_the_package_satisfies_mypy():
    """As it is installed: what a user's mypy reads."""
    result = mypy("--strict", PACKAGE)
    assert result.returncode == 0, result.stdout


# What the tests do on purpose: wrong arguments, and a breakdown that they know to be there.
LOOSE = [f"--disable-error-code={code}" for code in ("arg-type", "call-overload", "union-attr")]


def test_the_tests_satisfy_mypy():
    """Calls of the module in the tests, against its stubs; what other modules are is not asked."""
    files = sorted((ROOT / "tests/python").glob("test_*.py"))
    result = mypy("--check-untyped-defs", "--ignore-missing-imports", "--follow-imports=silent", *LOOSE, *files)  # fmt: skip
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "line, said",
    [
        ("number: str = xdpstat.open('a').read().total_packets", "Incompatible types"),
        ("xdpstat.open('a').read().packets", 'has no attribute "packets"'),
        ("xdpstat.Map('/a', id=1)", "No overload variant"),
        ("xdpstat.open('a').read().traffic.cells()", 'has no attribute "cells"'),
        ("for snapshot in xdpstat.open('a').every('1'): pass", "incompatible type"),
    ],
)
def test_mypy_finds_wrong_uses(tmp_path, line, said):
    (tmp_path / "wrong.py").write_text(f"import xdpstat\n{line}\n")
    result = mypy(tmp_path / "wrong.py")
    assert result.returncode == 1 and said in result.stdout


def test_the_counters_are_those_of_the_header():
    snapshot = stub_names()["Snapshot"]
    assert snapshot is not None and set(read_struct("pkt_stats")) <= snapshot
