# SPDX-License-Identifier: BSD-2-Clause
"""A server keeps no right that it does not need, and says which it keeps."""

import re
import shutil
import tempfile
from pathlib import Path

import network
import pytest
from conftest import Xdpstat, need
from serving import Server
from test_serve import counter, start_server  # noqa: F401

CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}


def states(server: Server) -> list[dict[str, str]]:
    """What the kernel says of each of its threads."""
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    return [dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.MULTILINE)) for task in tasks]


def mask(names: list[str]) -> int:
    return sum(1 << CAPABILITIES[name] for name in names)


@pytest.mark.parametrize(("options", "kept"), [
    ([], ["CAP_BPF", "CAP_SYS_ADMIN"]),
    (["--by-size"], ["CAP_BPF"]),
    (["--attach"], ["CAP_BPF", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_PERFMON"]),
    (["--fixed"], []),
    (["--fixed", "--attach"], []),
], ids=lambda value: " ".join(value))  # fmt: skip
def test_what_is_kept(counter, start_server, options, kept):  # noqa: F811
    end = counter().receiver
    server = start_server(end.name, *options, netns=end.netns)
    said = next(line for line in server.lines if "keeps" in line)
    assert (f"keeps {' '.join(kept)}," if kept else "keeps no capability;") in said and "system calls are filtered" in said
    assert server.metrics()[f'xdpstat_up{{device="{end.name}"}}'] == 1
    tasks = states(server)
    assert len(tasks) > 1, "the thread that checks passwords is there"
    for state in tasks:
        assert (state["NoNewPrivs"], state["Seccomp"]) == ("1", "2")
        for kind in ("CapEff", "CapPrm", "CapBnd"):
            assert int(state[kind], 16) == mask(kept), kind
        assert int(state["CapInh"], 16) == int(state["CapAmb"], 16) == 0


def test_fixed_goes_on_with_what_it_has(counter, start_server, xdpstat, send, pin_root):  # noqa: F811
    from test_counts import frame

    link = counter()
    end = link.receiver
    server = start_server("--fixed", netns=end.netns)
    send(link.sender, frame=frame(link, 17, 100), count=500)
    network.settled(end)
    samples = server.metrics()
    assert samples[f'xdpstat_packets_total{{device="{end.name}",ip_version="4",protocol="udp"}}'] == 500
    end.run("ip", "link", "add", "xslater", "type", "veth", "peer", "name", "xslaterpeer")
    xdpstat("attach", "xslater", "--pin-root", pin_root, netns=end.netns)
    samples = server.metrics()
    assert samples['xdpstat_up{device="xslater"}'] == 0
    assert samples[f'xdpstat_up{{device="{end.name}"}}'] == 1
    problem = next(one for one in server.get("/api/v1/snapshot").json()["problems"] if one["interface"] == "xslater")
    assert "cannot" in problem["problem"]
    send(link.sender, frame=frame(link, 17, 100), count=500)
    network.settled(end)
    assert server.metrics()[f'xdpstat_packets_total{{device="{end.name}",ip_version="4",protocol="udp"}}'] == 1000
    assert server.stop() == 0


class Unprivileged(Xdpstat):
    """A copy of the program, where anybody may start it, run by nobody."""

    def _command(self, arguments, netns):
        who = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        return [*network.inside(netns), *who, self.binary, *map(str, arguments)]


def test_capabilities_of_the_file(counter, start_server, xdpstat, pin_root):  # noqa: F811
    need(shutil.which("setcap") is not None, "setcap: make deps")
    end = counter().receiver
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for program in ("xdpstat", "xdpstat-serve"):
            if (built := Path(xdpstat.binary).with_name(program)).exists():
                shutil.copy(built, folder)
        server_file = folder / "xdpstat-serve"
        capabilities = "cap_bpf,cap_dac_override,cap_sys_admin+ep"
        network.run("setcap", capabilities, folder / "xdpstat")
        nobody = Unprivileged(str(folder / "xdpstat"))
        nobody.running = xdpstat.running
        assert nobody.json("show", "--json", "--pin-root", pin_root, netns=end.netns)["interfaces"][0]["interface"] == end.name
        if server_file.exists():  # else it is the one static program
            result = nobody("serve", "--pin-root", pin_root, netns=end.netns, check=False)
            assert result.returncode == 4 and result.stderr.count("\n") == 1
            assert result.stderr.startswith(f"xdpstat: cannot start {server_file}: xdpstat has its capabilities from its file")
            hint = result.stderr.strip().rsplit("give it some too: ", 1)[1]
            assert hint == f"setcap {capabilities} {server_file}"
            network.run(*hint.split())
        server = start_server(netns=end.netns, program=nobody)
        said = next(line for line in server.lines if "keeps" in line)
        assert "keeps CAP_BPF CAP_SYS_ADMIN CAP_DAC_OVERRIDE," in said
        assert server.metrics()[f'xdpstat_up{{device="{end.name}"}}'] == 1
        assert server.stop() == 0
