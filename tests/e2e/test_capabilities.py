# SPDX-License-Identifier: BSD-2-Clause
"""The capabilities that SECURITY.md says each command needs: with exactly these it works, with one less it is refused,
and says which is missing. The table there is the only one: a row that is added to it is tested."""

import os
import re
import subprocess
from pathlib import Path

import network
import pytest
from outcome import FINDINGS, OK, PERMISSION, tool  # noqa: F401: a fixture

ROOT = Path(__file__).resolve().parents[2]
USER = 65534
GROUP = 4242
CAPTURE = ROOT / "tests/fuzz/corpus/capture/little.pcap"
ROW = re.compile(r"^\| `xdpstat (?P<words>[^`]+)` \| (?P<needs>[^|]+) \|", re.MULTILINE)


def rows() -> dict[str, list[str]]:
    """The commands of the table, with what each needs."""
    text = (ROOT / "SECURITY.md").read_text()
    return {row["words"]: re.findall(r"CAP_\w+", row["needs"]) for row in ROW.finditer(text)}


TABLE = rows()
ONE_LESS = [(words, name) for words, needs in TABLE.items() for name in needs]
# What the words of the table need to be found there, by the beginning of a row's words.
UNATTACHED = ("attach", "run", "serve eth0 --attach")


def test_every_command_has_its_row(xdpstat):
    listed = re.search(r"^Subcommands:\n(.*?)(?:\n\n|\Z)", xdpstat("--help").stdout, re.MULTILINE | re.DOTALL)
    commands = {line.split()[0] for line in listed[1].splitlines() if re.match(r"^ {2}\w", line)}
    assert commands and {words.split()[0] for words in TABLE} == commands


def test_the_manual_says_the_same():
    """xdpstat(1) has the table too, for those who have no SECURITY.md."""
    page = (ROOT / "docs/man/xdpstat.1").read_text()
    section = page.split(".Sh CAPABILITIES", 1)[1].split("\n.Sh ", 1)[0]
    items = re.findall(r'^\.It Li "?([^"\n]+)"?\n(.*?)(?=^\.It|^\.El)', section, re.MULTILINE | re.DOTALL)
    assert {words.replace("\\&", ""): re.findall(r"CAP_\w+", text.split(":")[0]) for words, text in items} == TABLE


@pytest.fixture
def prepared(tool):
    """A cable, and a pin root that belongs to the user; prepared(words) attaches for a command that reads."""
    tool.veth("eth0", "eth1")
    tool.pin_root.mkdir()
    os.chown(tool.pin_root, USER, USER)

    def prepare(words: str) -> None:
        if not words.startswith(UNATTACHED):
            made = run(tool, ["CAP_BPF", "CAP_NET_ADMIN"], "attach eth0")
            assert made.returncode == OK, made.stderr

    tool.prepare = prepare
    return tool


def run(tool, held: list[str], words: str) -> subprocess.CompletedProcess:
    """Runs a command of the table as a user with these capabilities and no other."""
    listed = ",".join(["-all", *(f"+{name.removeprefix('CAP_').lower()}" for name in held)])
    named = {"PIN": tool.pin_root / "eth0" / "stats_map", "GROUP": GROUP, "FILE": "-"}
    command = [str(named.get(word, word)) for word in words.split()]
    if command[0] in ("run", "watch"):
        command += ["-n", "1", "-i", "0.05"]
    if command[0] == "verify":
        command += ["--seconds", "0.2"]
    if command[0] == "serve":
        # It is asked to end once it has begun: what it needs, it needs before that.
        command += ["--web.listen-address", f"unix:/tmp/xs-e2e-{os.getpid()}.sock"]
    limit = ["timeout", "--preserve-status", "-s", "TERM", "3"] if command[0] == "serve" else []
    identity = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", f"--inh-caps={listed}", f"--ambient-caps={listed}", f"--bounding-set={listed}", "--"]
    root = [] if command[0] == "completion" else ["--pin-root", str(tool.pin_root)]
    words = [*network.inside(tool.netns), *limit, *identity, tool.xdpstat.binary, *command, *root]
    # Opened here: the user may not read the tree.
    with open(CAPTURE) as capture:
        return subprocess.run(words, stdin=capture, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("words", TABLE)
def test_this_is_enough(prepared, words):
    prepared.prepare(words)
    result = run(prepared, TABLE[words], words)
    assert result.returncode in ((OK, FINDINGS) if words.startswith("doctor") else (OK,)), result.stderr
    said = result.stderr.replace("keeps no capability", "")
    assert "CAP_" not in said or words.startswith("serve"), said
    if words.startswith("serve"):
        assert "listening on" in said and "xdpstat_up is 0" not in said


@pytest.mark.parametrize(("words", "missing"), ONE_LESS)
def test_one_less_is_refused_and_named(prepared, words, missing):
    prepared.prepare(words)
    result = run(prepared, [name for name in TABLE[words] if name != missing], words)
    if words.startswith("serve") and "--attach" not in words:
        # What cannot be read for now is served as such: it may become readable.
        assert "xdpstat_up is 0" in result.stderr and missing in result.stderr
        return
    assert result.returncode == PERMISSION, result.stdout + result.stderr
    assert missing in result.stderr and len(result.stderr.splitlines()) == 1, result.stderr
    assert ";" in result.stderr, "it says what to do"
