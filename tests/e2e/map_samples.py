# SPDX-License-Identifier: BSD-2-Clause
"""Maps of every kind for the tests of what shows any map, and entries for them."""

import os
import shutil
import struct

import network
import pytest
from walkthrough import foreign_object  # noqa: F401

CPUS = os.sysconf("SC_NPROCESSORS_CONF")


def flow_key(host: int, port: int = 443) -> bytes:
    return struct.pack("!4B4BHHB3x", 10, 0, host >> 8, host & 255, 192, 168, 0, 1, port, 53, 17)


def flow_stats(packets: int, size: int = 100, verdict: int = 1, comm: bytes = b"curl", delta: int = -2) -> bytes:
    # low, in 4 bits behind delta, is 9; high, in the 32 bits behind those, is 1234567.
    return struct.pack("<QQI?11shHI", packets, size, verdict, True, comm, delta, 9, 1234567)


def put(pin, key: bytes, value: bytes) -> None:
    network.run("bpftool", "map", "update", "pinned", pin, "key", *key, "value", *value)


@pytest.fixture
def kinds(foreign_object, pin_root):  # noqa: F811
    """The folder where the maps of kinds.bpf.c are pinned."""
    pin_root.mkdir(exist_ok=True)
    folder = pin_root / "kinds"
    folder.mkdir()
    network.run("bpftool", "prog", "load", foreign_object("kinds"), folder / "program", "type", "xdp", "pinmaps", folder)
    yield folder
    shutil.rmtree(folder)
