# SPDX-License-Identifier: BSD-2-Clause
"""The completion scripts, in the shells that they are for."""

import shutil
import subprocess

import network
import pytest
from conftest import need

WORDS = [
    (["att"], {"attach"}),
    (["s"], {"serve", "show", "status"}),
    (["serve", "--web."], {"--web.allowed-host", "--web.config.file", "--web.listen-address", "--web.max-connections", "--web.telemetry-path"}),
    (["attach", "--mo"], {"--mode", "--mount-bpffs"}),
    (["attach", "--mode", ""], {"auto", "native", "generic", "offload"}),
    (["attach", "--layout", "s"], {"shared"}),
    (["attach", "l"], {"lo"}),
    (["attach", "lo", "--no-"], {"--no-breakdown"}),
    (["--pin-root", "/sys", "stat"], {"status"}),
    (["show", "--j"], {"--json"}),
    (["replay", "--engine", ""], {"auto", "kernel", "user"}),
    (["completion", ""], {"bash", "fish", "zsh"}),
]


@pytest.fixture
def script(xdpstat, tmp_path):
    def write(shell: str):
        need(shutil.which(shell) is not None, shell)
        path = tmp_path / f"xdpstat.{shell}"
        path.write_text(xdpstat("completion", shell).stdout)
        return path

    return write


def ids(words) -> str:
    return " ".join(words) if isinstance(words, list) else ""


@pytest.mark.parametrize("words, expected", WORDS, ids=ids)
def test_bash(script, words, expected):
    program = 'source "$1"; shift; COMP_WORDS=(xdpstat "$@"); COMP_CWORD=$#; _xdpstat; printf "%s\\n" "${COMPREPLY[@]}"'
    result = network.run("bash", "-c", program, "bash", script("bash"), *words)
    assert result.stderr == ""
    assert set(result.stdout.split()) == expected


@pytest.mark.parametrize("words, expected", WORDS, ids=ids)
def test_fish(script, words, expected):
    # The line is handed over as an argument: nothing of it is expanded.
    path = script("fish")
    home = {"HOME": str(path.parent), "XDG_CONFIG_HOME": str(path.parent), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    program = f"source {path}; complete -C '{' '.join(['xdpstat', *words])}'"
    result = subprocess.run(["fish", "--no-config", "-c", program], capture_output=True, text=True, timeout=30, env=home)
    assert (result.returncode, result.stderr) == (0, "")
    assert {line.split("\t")[0] for line in result.stdout.splitlines()} == expected


def test_zsh_syntax(script):
    network.run("zsh", "-n", script("zsh"))


ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=READY; autoload -Uz compinit; compinit -D -u; source $1"
zpty -w shell "bindkey '^I' list-choices; zstyle ':completion:*' list-prompt ''; LISTMAX=9999; stty columns 200"
zpty -r shell text '*compinit*'
zpty -n -w shell "$2"$'\t'
sleep_until=$((SECONDS + 8))
while (( SECONDS < sleep_until )); do
  zpty -r -t shell text && { print -rn -- "$text"; [[ $3 && $text == *$3* ]] && break }
done
zpty -d shell
"""


@pytest.mark.parametrize(
    "line, wanted",
    [("xdpstat s", "status"), ("xdpstat attach --mode ", "generic"), ("xdpstat completion ", "fish"), ("xdpstat show --", "--json")],
)
def test_zsh_completes(script, tmp_path, line, wanted):
    program = tmp_path / "drive.zsh"
    program.write_text(ZSH)
    result = network.run("zsh", "-f", program, script("zsh"), line, wanted)
    assert wanted in result.stdout
