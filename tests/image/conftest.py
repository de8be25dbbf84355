# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests of the images: podman, what it builds, and the links and checks of the end-to-end tests."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
E2E = HERE.parent / "e2e"
sys.path[:0] = [str(HERE), str(E2E)]

# The fixtures of the end-to-end tests: real interfaces in namespaces, and the check for what is left behind.
spec = importlib.util.spec_from_file_location("e2e_fixtures", E2E / "conftest.py")
e2e_fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e_fixtures)
globals().update({name: value for name, value in vars(e2e_fixtures).items() if not name.startswith("__")})

import podman as engine  # noqa: E402


@pytest.fixture(scope="session")
def podman(machine, tmp_path_factory) -> engine.Podman:
    for tool in ("podman", "runc"):
        e2e_fixtures.need(shutil.which(tool) is not None, f"{tool}: make deps")
    one = engine.Podman(tmp_path_factory.mktemp("podman"))
    yield one
    one.remove_all()


@pytest.fixture(scope="session")
def images(podman) -> dict[str, str]:
    """The names of the program's and the bytecode's image, built once."""
    return dict(zip(("program", "bytecode"), podman.build("program", "bytecode")))
