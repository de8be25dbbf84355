# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests of the Python module, which is installed from its wheel in the interpreter that runs them."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
E2E = ROOT / "tests/e2e"

# The fixtures of the end-to-end tests: real interfaces in namespaces, and the check for what is left behind.
spec = importlib.util.spec_from_file_location("e2e_fixtures", E2E / "conftest.py")
e2e_fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e_fixtures)
globals().update({name: value for name, value in vars(e2e_fixtures).items() if not name.startswith("__")})
sys.path.insert(0, str(E2E))

need = e2e_fixtures.need


@pytest.fixture(scope="session", autouse=True)
def module(machine):
    """The module under test. It must be that of the wheel, not of the tree."""
    wheel = os.environ.get("XDPSTAT_WHEEL", "")
    need(os.path.isdir(wheel), f"XDPSTAT_WHEEL, the folder of the wheel: {wheel!r}: pybind11-dev was missing at the build")
    import xdpstat

    assert ROOT / "python" not in Path(xdpstat.__file__).resolve().parents
    return xdpstat


@pytest.fixture
def counted(make_link, attach, pin_root):
    """counted() attaches a counter to a quiet veth; returns the link and the counter, open. Closed at the end."""
    import xdpstat

    opened = []

    def make(*options, **words):
        link = make_link(ipv6=False)
        attach(link.receiver, *options)
        counter = xdpstat.open(link.receiver.name, pin_root=pin_root, **words)
        opened.append(counter)
        return link, counter

    yield make
    for counter in opened:
        counter.close()
