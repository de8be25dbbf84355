# SPDX-License-Identifier: BSD-2-Clause
"""deploy/container/seccomp.json allows what the server's own filter allows, what starting takes, and nothing else."""

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import network
from conftest import need
from outcome import tool  # noqa: F401: a fixture
from serving import Server

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "deploy" / "container" / "seccomp.json"
FILTER = ROOT / "src" / "exporter" / "confinement.cpp"
# What a process does before it has put its own filter in place: starts, drops rights, listens.
TO_START = {
    "execve", "arch_prctl", "set_tid_address", "setrlimit", "prctl", "capset", "seccomp", "landlock_create_ruleset",
    "landlock_add_rule", "landlock_restrict_self", "inotify_init1", "listen", "rt_sigtimedwait",
}  # fmt: skip
# Of another machine, or another version of the C library.
SPELLED_OTHERWISE = {"setrlimit"}


def profile() -> dict:
    return json.loads(PROFILE.read_text())


def allowed() -> set[str]:
    return {name for rule in profile()["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}


def of_the_filter() -> set[str]:
    lists = re.findall(r"static const Names names\{(.*?)\};", FILTER.read_text(), re.DOTALL)
    assert len(lists) == 2
    return {name for one in lists for name in re.findall(r'"(\w+)"', one)}


def test_it_denies_all_else():
    assert profile()["defaultAction"] == "SCMP_ACT_ERRNO"
    assert allowed() == (of_the_filter() | TO_START) - {"clone3"}


def test_it_is_what_the_server_calls(tool, tmp_path):  # noqa: F811
    """From its start to its end, with attaching, scrapes, an interface that is missing, and a port that is taken."""
    need(shutil.which("strace") is not None, "strace: make deps")
    tool.veth("calls0", "peer0")
    traces = []

    def traced(*words) -> Server:
        traces.append(tmp_path / f"trace{len(traces)}")
        command = [*network.inside(tool.netns), "strace", "-f", "-qq", "-o", traces[-1], tool.xdpstat.binary, *words, "--pin-root", tool.pin_root]
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        tool.xdpstat.running.append(process)
        return Server(process, tool.netns)

    server = traced("serve", "--retry", "--attach", "--pin-group", "65532", "--web.listen-address", ":10435", "calls0", "absent0")
    server.wait_until_it_listens(1)
    server.urls = ["http://127.0.0.1:10435/"]
    for path in ("/metrics", "/readyz", "/api/v1/snapshot", "/"):
        assert server.get(path).status == 200
    waiting = traced("serve", "--retry", "--web.listen-address", ":10435")
    assert "another process listens there" in waiting.process.stderr.readline()
    network.until(lambda: "rt_sigtimedwait" in traces[1].read_text(), "it waits between two attempts")
    for one in (waiting, server):
        # strace passes signals on to none but itself.
        children = Path(f"/proc/{one.process.pid}/task/{one.process.pid}/children").read_text().split()
        network.run("kill", f"-{signal.SIGTERM}", *children)
        one.process.wait(timeout=20)
    traced("detach", "--all").process.wait(timeout=20)
    called = set()
    for trace in traces:
        called |= set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", trace.read_text(), re.MULTILINE))
    assert called <= allowed() | {"clone3"}
    unused = TO_START - SPELLED_OTHERWISE - called
    assert not unused, "what nothing calls is not allowed"
