# SPDX-License-Identifier: BSD-2-Clause
"""Rule: man pages are free of mandoc's warnings, and say all that `xdpstat --help` offers."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import tree

MAN = Path("docs/man")


def lint(root: Path) -> list[str]:
    found = []
    for path in tree.man_pages(root):
        result = subprocess.run(
            ["mandoc", "-Tlint", "-W", "warning", str(path)], cwd=root, capture_output=True, text=True
        )
        if result.returncode != 0:
            found += (result.stdout + result.stderr).strip().splitlines()
    return found


def commands(help_text: str) -> list[str]:
    """The names that the section of subcommands of a --help lists."""
    names = []
    inside = False
    for line in help_text.splitlines():
        if re.match(r"^(\S.* )?(sub)?commands:?\s*$", line, re.IGNORECASE):
            inside = True
        elif line and not line[0].isspace():
            inside = False
        elif inside and (match := re.match(r"^ {1,3}([a-z][a-z-]*)\b", line)):
            names.append(match[1])
    return names


def long_options(help_text: str) -> list[str]:
    """The long options that a --help lists: those at the start of a line, not those told of in its prose."""
    options = []
    for line in help_text.splitlines():
        match = re.match(r"^\s+((?:-\w|--[a-z][\w.-]*)(?:[ =][A-Z:<\[][^\s,]*)?(?:,\s*-{1,2}[\w.-]+)*)", line)
        if match:
            options += re.findall(r"--[a-z][\w.-]*", match[1])
    return sorted(set(options))


def page_text(root: Path, name: str) -> str | None:
    """A page as a reader sees it, in plain characters; None where there is none."""
    page = root / MAN / f"{name}.1"
    if not page.exists():
        return None
    rendered = subprocess.run(["mandoc", "-Tascii", str(page)], capture_output=True, text=True, check=True).stdout
    return re.sub(r".\x08", "", rendered)


def covers(root: Path, name: str, help_text: str) -> list[str]:
    """What one program's or command's page leaves out of its --help."""
    page = page_text(root, name)
    if page is None:
        return [f"{MAN}/{name}.1: missing"]
    return [
        f"{MAN}/{name}.1: says nothing of {option}"
        for option in long_options(help_text)
        if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", page)
    ]


def violations(root: Path, help_of) -> list[str]:
    """help_of takes the arguments before --help and returns its text."""
    overview = help_of([])
    names = commands(overview)
    if not names:
        return ["xdpstat --help lists no commands"]
    found = covers(root, "xdpstat", overview)
    for name in names:
        found += covers(root, f"xdpstat-{name}", help_of([name]))
    return found


def need_mandoc() -> None:
    tree.need(shutil.which("mandoc") is not None, "mandoc: make deps")


def test_lint():
    need_mandoc()
    tree.report(lint(tree.ROOT))


def test_pages_say_what_help_says():
    need_mandoc()
    binary = os.environ.get("XDPSTAT_BINARY", "")
    tree.need(os.access(binary, os.X_OK), "XDPSTAT_BINARY, the built xdpstat: make build")

    def help_of(arguments: list[str]) -> str:
        return subprocess.run([binary, *arguments, "--help"], capture_output=True, text=True, check=True).stdout

    tree.report(violations(tree.ROOT, help_of))


PAGE = """.\\" SPDX-License-Identifier: BSD-2-Clause
.Dd November 1, 2026
.Dt {upper} 1
.Os
.Sh NAME
.Nm {name}
.Nd a page
.Sh DESCRIPTION
{body}
"""

HELP = """Counts packets
Usage: xdpstat [OPTIONS] COMMAND

Options:
  -h,--help                   Print this, or --nothing of it
  --pin-root DIR:DIR          Where pins lie
  -i, --interval SECONDS      Time

Commands:
  show                        What was counted
    more of the same
  attach IFACE                Attach

Examples:
  xdpstat run eth0
"""


def pages(root: Path, options: str) -> None:
    for name in ("xdpstat", "xdpstat-show", "xdpstat-attach"):
        tree.write(root, f"{MAN}/{name}.1", PAGE.format(upper=name.upper(), name=name, body=options))


ALL = "\n".join(f".Fl \\-{name}" for name in ("help", "pin\\-root", "interval"))


def test_reads_help():
    assert commands(HELP) == ["show", "attach"]
    assert long_options(HELP) == ["--help", "--interval", "--pin-root"]


def test_accepts_complete_pages(tmp_path):
    need_mandoc()
    pages(tmp_path, ALL)
    assert violations(tmp_path, lambda _: HELP) == []
    assert lint(tmp_path) == []


def test_finds_a_page_that_is_missing(tmp_path):
    need_mandoc()
    pages(tmp_path, ALL)
    (tmp_path / MAN / "xdpstat-show.1").unlink()
    assert violations(tmp_path, lambda _: HELP) == [f"{MAN}/xdpstat-show.1: missing"]


def test_finds_an_option_that_is_missing(tmp_path):
    need_mandoc()
    pages(tmp_path, ALL.replace("interval", "intervals"))
    assert len(violations(tmp_path, lambda _: HELP)) == 3


def test_finds_what_mandoc_warns_of(tmp_path):
    need_mandoc()
    pages(tmp_path, ".Xx no such macro\n.It outside a list")
    assert lint(tmp_path)
