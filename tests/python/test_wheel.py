# SPDX-License-Identifier: BSD-2-Clause
"""The wheel: whole, described, standing alone; and the guide, which does what it says."""

import base64
import csv
import email
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import network
import pytest
from conftest import ROOT
from map_samples import flow_key, flow_stats, kinds, put  # noqa: F401
from outcome import tool  # noqa: F401
from walkthrough import foreign_object  # noqa: F401

import xdpstat as module

GUIDE = ROOT / "python/README.md"


@pytest.fixture(scope="module")
def wheel():
    (path,) = Path(os.environ["XDPSTAT_WHEEL"]).glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def version() -> str:
    cache = (Path(os.environ["XDPSTAT_BUILD"]) / "CMakeCache.txt").read_text()
    return re.search(r"^CMAKE_PROJECT_VERSION:\w+=(.*)$", cache, re.MULTILINE)[1]  # type: ignore[index]


def test_every_file_is_recorded_as_it_is(wheel):
    info = f"xdpstat-{version()}.dist-info"
    rows = {name: (digest, size) for name, digest, size in csv.reader(wheel.read(f"{info}/RECORD").decode().splitlines())}
    assert set(rows) == set(wheel.namelist())
    for name, (digest, size) in rows.items():
        if name == f"{info}/RECORD":
            continue
        content = wheel.read(name)
        wanted = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == (f"sha256={wanted}", len(content)), name


def test_it_is_described(wheel):
    info = f"xdpstat-{version()}.dist-info"
    metadata = email.message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert (metadata["Name"], metadata["Version"], metadata["License"]) == ("xdpstat", version(), "BSD-2-Clause")
    assert metadata["Requires-Python"] == f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    assert metadata.get_payload() == GUIDE.read_text()
    assert wheel.read(f"{info}/LICENSE") == (ROOT / "LICENSES/BSD-2-Clause.txt").read_bytes()
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    tag = f"{python}-{python}-{re.sub('[-.]', '_', sysconfig.get_platform())}"
    assert f"Tag: {tag}" in wheel.read(f"{info}/WHEEL").decode() and Path(wheel.filename).name == f"xdpstat-{version()}-{tag}.whl"
    assert {"xdpstat/py.typed", "xdpstat/_native.pyi"} <= set(wheel.namelist())
    assert module.__version__ == version()


def test_it_brings_its_libraries_along(wheel):
    """What is loaded lies in the wheel, each with its licence, or is the C library's; or the interpreter has it already."""
    program = """
import re, xdpstat
xdpstat.counters()
print("\\n".join(sorted({line.split()[-1] for line in open("/proc/self/maps") if ".so" in line})))
"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    before = subprocess.run([sys.executable, "-c", program.replace(", xdpstat", "").replace("xdpstat.counters()", "")],
                            capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
    package = str(Path(module.__file__).parent)
    foreign = [path for path in set(loaded) - set(before) if not path.startswith(package)]
    assert [path for path in foreign if not re.search(r"/(libc|libm|libpthread|libdl|librt|_\w+)(\.|-)", path)] == []
    libraries = {name.split("/")[-1] for name in wheel.namelist() if name.startswith("xdpstat/libraries/")}
    shared = {name for name in libraries if not name.endswith(".copyright")}
    assert any(name.startswith("libbpf.so.") for name in shared) and any(f"{package}/libraries/libbpf.so" in path for path in loaded)
    if Path("/etc/debian_version").exists():
        assert libraries - shared == {f"{name}.copyright" for name in shared}


def test_the_same_input_gives_the_same_wheel(wheel, tmp_path):
    extension = next(Path(os.environ["XDPSTAT_BUILD"]).glob("python/_native*.so"))
    command: list = ["/usr/bin/python3", "-B", ROOT / "python/build_wheel.py", "--version", version(), "--strip", "strip"]
    subprocess.run([*command, "--output", tmp_path, extension], check=True, capture_output=True)
    (path,) = tmp_path.glob("*.whl")
    assert path.read_bytes() == Path(wheel.filename).read_bytes()


def test_the_guide_does_what_it_says(tool, kinds):  # noqa: F811
    """Every block of its code, in one program, in a namespace where eth0 is a veth."""
    put(kinds / "flows", flow_key(1), flow_stats(7))
    end = tool.veth("eth0", "xspeer")
    tool("attach", "eth0")
    code = "".join(re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL))
    assert code.count("import xdpstat") == 1 and code.count('open("eth0")') == 5
    code = code.replace('open("eth0")', f'open("eth0", pin_root={str(tool.pin_root)!r})')
    code = code.replace("counters()", f"counters(pin_root={str(tool.pin_root)!r})").replace("/sys/fs/bpf/flows", str(kinds / "flows"))
    result = subprocess.run([*network.inside(end.netns), sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"\d+ frames, \d+ bytes", lines[0]) and lines[1].startswith("{'total_packets': ")
    assert any(re.fullmatch(r"eth0 (native|generic) \d+\.\d+", line) for line in lines)
    assert "hash 1 of 600 struct flow struct flow_stats" in lines and "53 7 VERDICT_PASS" in lines
    assert any(line.endswith("True not there") for line in lines)
    assert sum(line.endswith(f"counted by {tool.pin_root}/eth0") for line in lines) == 3
    assert any('"comm": "curl"' in line and '"packets": 7' in line for line in lines)  # as JSON
    assert lines[-1].startswith("not_found 2 find interface nosuch0")
