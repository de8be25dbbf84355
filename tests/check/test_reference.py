# SPDX-License-Identifier: BSD-2-Clause
"""The reference of bpfxx builds without a warning, and a public name without a comment is one."""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from tree import ROOT, need, report

HEADERS = ROOT / "src" / "bpfxx"
HIDES = "#pragma GCC visibility push(hidden)"
DETAILS = "// Details."


def public_headers() -> list[Path]:
    return [path for path in sorted(HEADERS.glob("*.hpp")) if HIDES not in path.read_text().splitlines()]


def doxyfile() -> Path:
    path = Path(os.environ.get("XDPSTAT_BUILD", "nowhere")) / "docs/bpfxx/Doxyfile"
    need(path.exists(), f"XDPSTAT_BUILD, a folder that CMake configured: '{path}'")
    need(shutil.which("doxygen") is not None, "doxygen: make deps")
    return path


def build(folder: Path, *settings: str) -> subprocess.CompletedProcess:
    """Builds the reference into a folder; later settings win."""
    text = "\n".join([f"@INCLUDE = {doxyfile()}", f'OUTPUT_DIRECTORY = "{folder}"', *settings])
    return subprocess.run(["doxygen", "-"], input=text, capture_output=True, text=True, timeout=120)


def declared_names(header: Path) -> set[str]:
    """The types, functions outside of classes and macros that a header declares for its users."""
    text = header.read_text().split(DETAILS)[0]
    text = re.sub(r"^namespace detail \{.*?^\} // namespace detail", "", text, flags=re.DOTALL | re.MULTILINE)
    names = set(re.findall(r"^(?:struct|class|enum|enum class) (?:\[\[\w+\]\] )?(\w+)(?:<\w+>)?(?: :[^{]*)? \{", text, re.MULTILINE))
    names |= set(re.findall(r"^using (\w+)", text, re.MULTILINE))
    names |= set(re.findall(r"^(?!\s|static_assert)(?:\[\[[\w:]+\]\] |inline |constexpr )*[\w:<>*&, ]+?[ *&](\w+)\([^;{]*[;{]$", text, re.MULTILINE))
    return names | set(re.findall(r"^#define (BPFXX_(?:DESCRIBE|TRY)\w*)", text, re.MULTILINE))


@pytest.fixture(scope="module")
def documented(tmp_path_factory) -> set[str]:
    folder = tmp_path_factory.mktemp("reference")
    built = build(folder, "GENERATE_HTML = NO", "GENERATE_XML = YES", "XML_PROGRAMLISTING = NO")
    assert built.returncode == 0, built.stderr
    index = ElementTree.parse(folder / "xml" / "index.xml").getroot()
    return {name.text.split("::")[-1] for name in index.iter("name")}


def test_reference_builds_without_a_warning(tmp_path):
    built = build(tmp_path)
    report(built.stderr.splitlines())
    assert built.returncode == 0
    front = (tmp_path / "html" / "index.html").read_text()
    version = re.search(r"VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text().split("project(")[1])[1]
    assert f">{version}<" in front.replace("&#160;", "") and "BPFXX_DESCRIBE" in front


def test_reference_is_of_the_public_headers():
    (inputs,) = [line for line in doxyfile().read_text().splitlines() if line.startswith("INPUT ")]
    assert sorted(Path(name) for name in re.findall(r'"([^"]+\.hpp)"', inputs)) == public_headers()


def test_reference_holds_every_public_name(documented):
    declared = {name: header.name for header in public_headers() for name in declared_names(header)}
    assert len(declared) > 60
    report([f"{header}: {name} is not in the reference" for name, header in declared.items() if name not in documented])


@pytest.mark.parametrize("comment", ["    /// Entries that it can hold.\n", "/// BPF_MAP_TYPE_HASH.\n"])
def test_a_name_without_a_comment_fails(tmp_path, comment):
    text = (HEADERS / "keyed_map.hpp").read_text()
    assert text.count(comment) == 1
    (tmp_path / "keyed_map.hpp").write_text(text.replace(comment, ""))
    others = " ".join(f'"{path}"' for path in public_headers() if path.name != "keyed_map.hpp")
    built = build(tmp_path / "out", f'INPUT = "{tmp_path}/keyed_map.hpp" {others}', "USE_MDFILE_AS_MAINPAGE =")
    assert built.returncode != 0 and "is not documented" in built.stderr
