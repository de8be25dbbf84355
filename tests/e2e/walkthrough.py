# SPDX-License-Identifier: BSD-2-Clause
"""The scripts of the walk-through as the tests run them, and maps for them that xdpstat did not make."""

import os
import shutil
import subprocess
from pathlib import Path

import network
import pytest
from pages import clang

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo"
SOURCES = Path(__file__).parent / "maps"


def run(script: Path, *arguments, netns: str | None = None, **options) -> subprocess.CompletedProcess:
    """Runs a script to its end, whatever that is."""
    options = {"capture_output": True, "text": True, "timeout": 60, **options}
    return subprocess.run([*network.inside(netns), script, *map(str, arguments)], **options)


def done(result: subprocess.CompletedProcess) -> str:
    """What a script said that must have gone well, without a word on stderr."""
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def refused(result: subprocess.CompletedProcess, code: int = 1) -> str:
    """The one line of a script that must have refused."""
    assert result.returncode == code, result.stdout + result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and result.stdout == "", result.stdout + result.stderr
    name = Path(result.args[result.args.index("--") + 1 if "--" in result.args else 0]).name
    assert lines[0].startswith(f"{name}: ")
    return lines[0].removeprefix(f"{name}: ")


def path_without(folder: Path, *tools: str, replaced: dict[str, str] | None = None) -> str:
    """A PATH that holds what this machine's holds, but for some tools; others are replaced by a script."""
    folder.mkdir()
    copied = {"bpftool", "ip"}  # to be there also for a test that hides /usr/sbin, where the others' links may end
    for place in reversed(os.environ["PATH"].split(":") + ["/usr/sbin", "/sbin"]):
        for tool in Path(place).iterdir() if Path(place).is_dir() else []:
            if tool.name not in tools:
                (folder / tool.name).unlink(missing_ok=True)
                if tool.name in copied:
                    shutil.copy(tool, folder / tool.name)
                else:
                    (folder / tool.name).symlink_to(tool)
    for name, text in (replaced or {}).items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return str(folder)


def read_struct(name: str) -> list[str]:
    """The fields of a struct in the shared header, in their order."""
    text = (ROOT / "abi" / "xdp_counter.h").read_text()
    body = text[text.index(f"struct {name} {{") :]
    body = body[: body.index("};")]
    return [line.split()[1].rstrip(";") for line in body.splitlines() if line.strip().startswith("__u64")]


@pytest.fixture
def tree(tmp_path) -> Path:
    """A copy of what the walk-through needs of the project, so that the folder build/demo of the real one stays."""
    for folder in ("abi", "bpf", "cmake", "demo"):
        shutil.copytree(ROOT / folder, tmp_path / "tree" / folder)
    return tmp_path / "tree"


@pytest.fixture(scope="session")
def foreign_object(tmp_path_factory):
    """foreign_object("maps") is tests/e2e/maps/maps.bpf.c, compiled."""
    folder = tmp_path_factory.mktemp("maps")
    flags = ["-target", "bpf", "-O2", "-g", "-I", ROOT, "-idirafter", f"/usr/include/{os.uname().machine}-linux-gnu"]

    def compiled(name: str) -> Path:
        if not (folder / f"{name}.o").exists():
            network.run(clang(), *flags, "-c", SOURCES / f"{name}.bpf.c", "-o", folder / f"{name}.o")
        return folder / f"{name}.o"

    return compiled


@pytest.fixture
def maps(foreign_object, pin_root):
    """The folder where the maps of maps.bpf.c are pinned, and someone_else, the program."""
    pin_root.mkdir(exist_ok=True)
    folder = pin_root / "others"
    folder.mkdir()
    network.run("bpftool", "prog", "load", foreign_object("maps"), folder / "someone_else", "type", "xdp", "pinmaps", folder)
    yield folder
    shutil.rmtree(folder)


def write(pin: Path, key: int, numbers: list[int]) -> None:
    """Writes one entry; in a map with a value for each CPU all of them get the same."""
    words = [byte for number in numbers for byte in number.to_bytes(8, "little")]
    network.run("bpftool", "map", "update", "pinned", pin, "key", *key.to_bytes(4, "little"), "value", *words)
