# SPDX-License-Identifier: BSD-2-Clause
"""What is wrong outside or was asked wrongly: one clear line, the exit code of the manual, nothing left behind."""

import json
import os
import subprocess
from pathlib import Path

import network
import pytest
from outcome import BUSY, FAILURE, INCOMPATIBLE, NOT_FOUND, OK, PERMISSION, USAGE, one_line, tool  # noqa: F401

COMMANDS = ["attach", "detach", "status", "show", "watch", "run", "verify", "doctor", "replay", "completion"]
NOBODY = 65534


def test_no_such_interface(tool):
    tool.veth("wan0", "wan1")
    for command in (["attach", "wna0"], ["detach", "wan"], ["run", "wan2"], ["show", "wam0"]):
        assert "did you mean wan" in tool.refused(NOT_FOUND, *command)
    assert "there are: lo, wan0, wan1" in tool.refused(NOT_FOUND, "attach", "xxxxxxxx")
    assert tool.folders() == set()


@pytest.mark.parametrize("name", ["", "a23456789012345x", "a/b", "..", "two\nlines", "\033[31mred"])
def test_no_possible_interface(tool, name):
    for command in ("attach", "detach", "show", "run"):
        result = tool.xdpstat(command, name, "--pin-root", tool.pin_root, netns=tool.netns, check=False)
        assert result.returncode in (USAGE, NOT_FOUND)
        assert "\033" not in one_line(result)


# What is not allowed.


def without(tool, *words: str, uid: int = NOBODY) -> list[str]:
    """The words before a command that take its privileges away."""
    return [*network.inside(tool.netns), "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *words, "--", tool.xdpstat.binary]


def with_capabilities(tool, *names: str) -> list[str]:
    listed = ",".join(["-all", *(f"+{name}" for name in names)])
    return without(tool, f"--inh-caps={listed}", f"--ambient-caps={listed}", f"--bounding-set={listed}")


@pytest.fixture
def writable_root(tool):
    """The pin root, belonging to nobody."""
    tool.pin_root.mkdir()
    os.chown(tool.pin_root, NOBODY, NOBODY)
    return tool


def run(command: list[str], *words) -> subprocess.CompletedProcess:
    return subprocess.run([*command, *map(str, words)], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(
    "held, missing",
    [((), "CAP_BPF and CAP_NET_ADMIN"), (("bpf",), "missing CAP_NET_ADMIN"), (("net_admin",), "missing CAP_BPF")],
)
def test_the_missing_capability_is_named(writable_root, held, missing):
    tool = writable_root
    for command in ("attach", "run"):
        result = run(with_capabilities(tool, *held), command, "lo", "--pin-root", tool.pin_root)
        assert result.returncode == PERMISSION and missing in one_line(result)
    assert tool.folders() == set() and tool.xdp("lo") is None


def test_two_capabilities_are_enough(writable_root):
    tool = writable_root
    tool.veth("a", "b")
    few = with_capabilities(tool, "bpf", "net_admin")
    first = run(few, "attach", "a", "--pin-root", tool.pin_root).stdout.splitlines()
    assert first[0] == "a: attached in native mode"
    assert len(first) == 2 and "helper call" in first[1] and "CAP_PERFMON" in first[1]
    again = run(few, "attach", "a", "--pin-root", tool.pin_root)
    assert (again.stdout, again.stderr) == ("a: already attached in native mode\n", "")
    refused = run(few, "show", "--pin-root", tool.pin_root)
    assert refused.returncode == PERMISSION and "--by-size" in one_line(refused)
    shown = run(few, "show", "--json", "--by-size", "--pin-root", tool.pin_root)
    assert shown.returncode == OK and json.loads(shown.stdout)["interfaces"][0]["interface"] == "a"
    assert run(few, "detach", "a", "--pin-root", tool.pin_root).stdout == "a: detached\n"
    assert tool.xdp("a") is None


def test_another_users_counter_is_left_alone(writable_root):
    tool = writable_root
    tool.veth("a", "b")
    tool("attach", "a")
    few = with_capabilities(tool, "bpf", "net_admin")
    refused = run(few, "attach", "a", "--pin-root", tool.pin_root)
    assert refused.returncode == PERMISSION and "may not be opened" in one_line(refused)
    seen = run(few, "status", "--json", "--pin-root", tool.pin_root)
    assert [row["mode"] for row in json.loads(seen.stdout)["interfaces"]] == ["unknown"]
    assert tool.status()["a"]["mode"] == "native"
    tool("detach", "a")


def test_without_a_right_to_the_folder(tool):
    few = with_capabilities(tool, "bpf", "net_admin")
    tool.pin_root.mkdir()
    for command in ("attach", "detach"):
        result = run(few, command, "lo", "--pin-root", tool.pin_root)
        assert result.returncode in (PERMISSION, NOT_FOUND)
        one_line(result)
    assert tool.folders() == set() and tool.xdp("lo") is None


def test_nobody_may_not_read(tool):
    tool("attach", "lo")
    result = run(without(tool, "--bounding-set=-all"), "show", "--pin-root", tool.pin_root)
    assert result.returncode == PERMISSION and str(tool.pin_root) in one_line(result)


# Where pins cannot be.


def unmounted(tool, words: str, *more: str) -> subprocess.CompletedProcess:
    """A shell line in a mount namespace without the bpf file system; $X is xdpstat."""
    script = f"umount /sys/fs/bpf && X={tool.xdpstat.binary} && {words}"
    return run([*network.inside(tool.netns), "unshare", "--mount", "sh", "-c", script], *more)


def test_bpffs_not_mounted(tool):
    result = unmounted(tool, "$X attach lo")
    assert result.returncode == INCOMPATIBLE and "--mount-bpffs" in one_line(result)
    result = unmounted(tool, "$X show lo")
    assert result.returncode == NOT_FOUND and "nothing is attached" in one_line(result)
    result = unmounted(tool, "$X detach lo")
    assert result.returncode == NOT_FOUND and "nothing is attached" in one_line(result)


def test_bpffs_is_mounted_on_request(tool):
    words = "$X attach lo --mount-bpffs && $X show lo --json && $X detach lo"
    result = unmounted(tool, words)
    assert (result.returncode, result.stderr) == (OK, "")
    assert result.stdout.endswith("lo: detached\n")


def test_pin_root_on_another_file_system(tool, tmp_path):
    for options in ([], ["--mount-bpffs"]):
        result = tool.xdpstat("attach", "lo", "--pin-root", tmp_path / "x", *options, netns=tool.netns, check=False)
        assert result.returncode == INCOMPATIBLE
        assert "does not lie on a bpf file system" in one_line(result)
    assert list(tmp_path.iterdir()) == []


def test_pin_root_that_is_a_file(tool, tmp_path, bpf_object):
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        for command in ("attach", "detach", "show", "run"):
            result = tool.xdpstat(command, "lo", "--pin-root", root, netns=tool.netns, check=False)
            assert result.returncode in (INCOMPATIBLE, NOT_FOUND), (command, result)
            one_line(result)
    tool.pin_root.parent.mkdir(exist_ok=True)
    network.run("bpftool", "prog", "load", bpf_object, tool.pin_root, "type", "xdp")
    for command in ("attach", "detach", "show", "status"):
        words = [] if command == "status" else ["lo"]
        tool.refused(INCOMPATIBLE, command, *words)
    tool.pin_root.unlink()


def test_pin_root_that_leads_nowhere(tool):
    tool.pin_root.symlink_to(tool.pin_root.parent / "nowhere")
    try:
        assert "is no folder" in tool.refused(INCOMPATIBLE, "attach", "lo")
    finally:
        tool.pin_root.unlink()


def test_pin_root_with_a_dot(tool, xdpstat):
    result = xdpstat("attach", "lo", "--pin-root", "/sys/fs/bpf/x.y", netns=tool.netns, check=False)
    assert result.returncode == USAGE and "no name with a dot" in one_line(result)


def test_what_cannot_be_mended_is_in_nobodys_way(tool):
    """A folder of somebody's below a name that is out of sight."""
    stuck = tool.pin_root / "%detaching-q" / "sub"
    stuck.mkdir(parents=True)
    try:
        tool("attach", "lo")
        assert tool("detach", "--all").stdout == "lo: detached\n"
    finally:
        stuck.rmdir()


def test_empty_pin_root(tool):
    for command in ("attach", "detach", "show"):
        result = tool.xdpstat(command, "lo", "--pin-root", "", netns=tool.netns, check=False)
        assert result.returncode == USAGE and "--pin-root" in one_line(result)


# Another program.

FOREIGN = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int somebody(struct xdp_md *ctx) { return XDP_PASS; }
char _license[] SEC("license") = "GPL";
"""


@pytest.fixture
def foreign(tmp_path, tool):
    """A program that is not ours, pinned in the pin root."""
    (tmp_path / "foreign.c").write_text(FOREIGN)
    network.run("clang-19", "-target", "bpf", "-O2", "-g", "-I/usr/include/x86_64-linux-gnu", "-c", "foreign.c", "-o", "foreign.o", cwd=tmp_path)
    pin = tool.pin_root.parent / f"{tool.pin_root.name}-foreign"
    pin.parent.mkdir(exist_ok=True)
    network.run("bpftool", "prog", "load", tmp_path / "foreign.o", pin, "type", "xdp")
    yield pin
    pin.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["xdpgeneric", "xdpdrv"])
@pytest.mark.parametrize("how", ["ip", "bpftool"])
def test_the_interface_is_taken(tool, foreign, how, kind):
    tool.veth("a", "b")
    if how == "ip":
        tool.ip("link", "set", "dev", "a", kind, "pinned", foreign)
    else:
        network.run(*network.inside(tool.netns), "bpftool", "net", "attach", kind, "pinned", foreign, "dev", "a")
    before = tool.xdp("a")
    for command in (["attach", "a"], ["attach", "a", "--mode", "generic"], ["attach", "a", "--dispatcher"], ["run", "a"]):
        line = tool.refused(BUSY, *command)
        assert "'somebody'" in line and f"id {before['prog']['id']}" in line
    assert tool.xdp("a") == before and not tool.pin_root.exists()
    tool.ip("link", "set", "dev", "a", kind, "off")
    tool("attach", "a")


def test_the_interface_is_taken_by_a_link(tool):
    """The other is our own program under another root: attached by a bpf_link as only loaders do."""
    tool.veth("a", "b")
    other = tool.pin_root.parent / f"{tool.pin_root.name}-other"
    tool.xdpstat("attach", "a", "--pin-root", other, netns=tool.netns)
    line = tool.refused(BUSY, "attach", "a")
    assert "'xdp_counter'" in line and f"id {tool.xdp('a')['prog']['id']}" in line
    assert "not pinned here" in line and "--pin-root" in line
    assert "nothing is attached" in tool.refused(NOT_FOUND, "detach", "a")
    tool.xdpstat("detach", "a", "--pin-root", other, netns=tool.netns)
    other.rmdir()


# Words that mean nothing.


@pytest.mark.parametrize("words, says", [
    ([], "a command is required"),
    (["atach", "lo"], "did you mean attach"),
    (["shwo"], "did you mean show"),
    (["frobnicate"], "no such command: frobnicate"),
    (["attach"], "IFACE"),
    (["detach"], "IFACE or --all"),
    (["detach", "lo", "--all"], "--all"),
    (["attach", "lo", "--frob"], "--frob"),
    (["show", "--jsn"], "--jsn"),
    (["show", "--json", "--csv"], "--csv"),
    (["attach", "lo", "--mode", "fast"], "auto|native|generic|offload"),
    (["attach", "lo", "--mode"], "--mode"),
    (["attach", "lo", "--layout", "both"], "percpu|shared"),
    (["run"], "IFACE"),
    (["run", "lo", "-i", "0"], "-i"),
    (["run", "lo", "-i", "-1"], "-i"),
    (["run", "lo", "-i", "nan"], "-i"),
    (["run", "lo", "-n", "many"], "--count"),
    (["run", "lo", "lo2"], "lo2"),
    (["status", "lo"], "lo"),
    (["completion", "tcsh"], "tcsh"),
    (["completion"], "SHELL"),
], ids=" ".join)  # fmt: skip
def test_wrong_usage(xdpstat, words, says):
    result = xdpstat(*words, check=False)
    assert result.returncode == USAGE and result.stdout == ""
    assert says in one_line(result)


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_shows_examples(xdpstat, command):
    result = xdpstat(*([command] if command else []), "--help")
    assert result.stderr == ""
    assert f"xdpstat {command or 'attach'}" in result.stdout.split("Examples:\n", 1)[1]


def test_version(xdpstat):
    result = xdpstat("--version")
    words = result.stdout.split()
    assert words[0] == "xdpstat" and words[1].count(".") >= 1
    assert "commit" in result.stdout and "libbpf" in result.stdout


# Output that nobody takes.


@pytest.mark.parametrize("words", [["show"], ["show", "--json"], ["show", "--csv"], ["status"], ["status", "--json"], ["--help"], ["completion", "bash"]], ids=" ".join)  # fmt: skip
class TestOutput:
    @pytest.fixture(autouse=True)
    def attached(self, tool):
        tool("attach", "lo")

    def shell(self, tool, words, rest) -> subprocess.CompletedProcess:
        command = f'set -o pipefail; "$@" {rest}'
        shell = [*network.inside(tool.netns), "bash", "-c", command, "bash", tool.xdpstat.binary]
        return run(shell, "--pin-root", tool.pin_root, *words)

    @pytest.mark.parametrize("reader", ["head -c 1", "true"])
    def test_closed_pipe(self, tool, words, reader):
        result = self.shell(tool, words, f"| {reader}")
        assert (result.returncode, result.stderr) == (OK, "")

    @pytest.mark.parametrize("rest", ["> /dev/full", ">&-"])
    def test_nowhere_to_write(self, tool, words, rest):
        result = self.shell(tool, words, rest)
        assert result.returncode == FAILURE
        assert "standard output" in one_line(result)


def test_attach_with_closed_descriptors(tool):
    """What is attached is not undone because nobody could be told of it, and no descriptor is mistaken for output."""
    shell = [*network.inside(tool.netns), "bash", "-c", '"$@" <&- >&- 2>&-', "bash", tool.xdpstat.binary]
    result = run(shell, "attach", "lo", "--pin-root", tool.pin_root)
    assert result.returncode == FAILURE
    assert set(tool.status()) == {"lo"} and tool.packets("lo") >= 0


def test_the_machine_is_as_it_was():
    """No test above has mounted anything over the bpf file system."""
    assert Path("/proc/mounts").read_text().count(" /sys/fs/bpf bpf ") == 1
