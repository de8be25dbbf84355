# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of deploy/ share."""

import os
import shutil

import pytest


@pytest.fixture
def tool():
    """tool("promtool") returns its path; skips where it is missing, fails where everything is required."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("XDPSTAT_REQUIRE") == "all":
            pytest.fail(f"missing, and XDPSTAT_REQUIRE=all: {name}: make deps", pytrace=False)
        if path is None:
            pytest.skip(f"missing: {name}: make deps")
        return path

    return find
