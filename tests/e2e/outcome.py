# SPDX-License-Identifier: BSD-2-Clause
"""What a command of xdpstat must answer, and interfaces with names of the test's own choice."""

import json
import subprocess
from pathlib import Path

import leaks
import network
import pytest

# As the manual lists them.
OK, FAILURE, USAGE, NOT_FOUND, PERMISSION, BUSY, INCOMPATIBLE, UNSUPPORTED, FINDINGS = range(9)


class Tool:
    """xdpstat with one pin root, inside one network namespace unless another is named."""

    def __init__(self, xdpstat, pin_root: Path, netns: str):
        self.xdpstat, self.pin_root, self.netns = xdpstat, pin_root, netns

    def __call__(self, *arguments, code=OK, **options) -> subprocess.CompletedProcess:
        result = self.xdpstat(*arguments, "--pin-root", self.pin_root, check=False, **({"netns": self.netns} | options))
        assert result.returncode == code, f"{arguments}: {result.returncode}, {result.stderr!r}"
        return result

    def refused(self, code: int, *arguments, **options) -> str:
        """Runs what must fail with this code; returns the one line that it says."""
        return one_line(self(*arguments, code=code, **options))

    def start(self, *arguments, **options) -> subprocess.Popen:
        return self.xdpstat.start(*arguments, "--pin-root", self.pin_root, **({"netns": self.netns} | options))

    def status(self, **options) -> dict[str, dict]:
        """All instances, by interface."""
        rows = json.loads(self("status", "--json", **options).stdout)["interfaces"]
        return {row["interface"]: row for row in rows}

    def packets(self, interface: str) -> int:
        (row,) = json.loads(self("show", interface, "--json").stdout)["interfaces"]
        return row["stats"]["total_packets"]

    def veth(self, name: str, peer: str, *words, peer_netns: str | None = None, up=True) -> network.Endpoint:
        """A cable between two interfaces of these names; both in the tool's namespace unless the peer has its own."""
        place = ["netns", peer_netns] if peer_netns else []
        self.ip("link", "add", "name", name, *words, "type", "veth", "peer", "name", peer, *words, *place)
        if up:
            self.ip("link", "set", "dev", name, "up")
            self.ip("link", "set", "dev", peer, "up", netns=peer_netns or self.netns)
        return network.Endpoint(self.netns, name, "", "", "")

    def ip(self, *words, netns: str | None = None):
        return network.run(*network.inside(netns or self.netns), "ip", *words)

    def xdp(self, interface: str) -> dict | None:
        """What the kernel says is attached to the interface."""
        return json.loads(self.ip("-j", "link", "show", "dev", interface).stdout)[0].get("xdp")

    def folders(self) -> set[str]:
        return {path.name for path in self.pin_root.iterdir()} if self.pin_root.exists() else set()

    def links_of(self, interface: str) -> int:
        """How many links hold the program that is attached to an interface."""
        attached = self.xdp(interface)
        return sum(1 for one in leaks.bpf_objects("link") if attached and one["prog_id"] == attached["prog"]["id"])


def one_line(result: subprocess.CompletedProcess) -> str:
    """The only line on stderr."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("xdpstat: "), result.stderr
    return lines[0]


@pytest.fixture
def tool(xdpstat, pin_root, make_namespace):
    """xdpstat in a fresh namespace, with a pin root that does not exist yet. All is detached at the end, and that
    must leave the root empty."""
    one = Tool(xdpstat, pin_root, make_namespace("tool"))
    yield one
    xdpstat.end()
    one("detach", "--all")
    assert one.folders() == set()
