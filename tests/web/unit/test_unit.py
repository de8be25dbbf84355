# SPDX-License-Identifier: BSD-2-Clause
"""The pure parts of the page by node's own test runner (web/test), and what holds of the page as it is built."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import modules  # noqa: E402

DIST = modules.WEB / "dist"


@pytest.fixture(scope="session", autouse=True)
def installed():
    modules.install()


@pytest.mark.parametrize("name", sorted(path.name for path in (modules.WEB / "test").glob("*.test.ts")))
def test_functions(name):
    result = modules.node("test.mjs", name)
    assert result.returncode == 0, result.stdout
    passed = int(re.search(r"^. pass (\d+)$", result.stdout, re.MULTILINE)[1])
    assert passed > 0


def test_types():
    result = modules.node("node_modules/typescript/bin/tsc", "--noEmit")
    assert result.returncode == 0, result.stdout


def differing(folder: Path, other: Path) -> list[str]:
    """The files that are not the same in two folders, or are in one alone."""
    contents = [{path.name: path.read_bytes() for path in one.iterdir()} for one in (folder, other)]
    return sorted(name for name in contents[0].keys() | contents[1].keys() if contents[0].get(name) != contents[1].get(name))


def test_built_page_is_that_of_the_sources(tmp_path):
    """What lies in web/dist is what is embedded: it must be what a fresh build makes, wherever that is done."""
    result = modules.node("build.mjs", tmp_path / "dist")
    assert result.returncode == 0, result.stdout
    found = differing(tmp_path / "dist", DIST)
    assert not found, f"web/dist is not what web/src gives: make page ({', '.join(found)})"


def test_finds_a_stale_page(tmp_path):
    for folder in ("old", "new"):
        shutil.copytree(DIST, tmp_path / folder)
    (tmp_path / "old/app.js").write_text("// older")
    (tmp_path / "old/gone.js").touch()
    assert differing(tmp_path / "new", tmp_path / "old") == ["app.js", "gone.js"]


def test_page_asks_for_nothing_outside():
    """The policy would stop it; better not even to try. Namespaces of XML and mentions in comments are no requests."""
    for path in DIST.iterdir():
        if path.suffix == ".txt":
            continue
        addresses = set(re.findall(r"https?://[^\s\"'`)<>]+", path.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name


def test_page_keeps_to_its_policy():
    """No script or style in the text of the page: neither elements with content nor attributes."""
    html = (DIST / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert all(not body.strip() for body in re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL))
    for path in DIST.glob("*.js"):
        assert not re.search(r"\beval\(|new Function\(|setAttribute\(\s*[\"']style", path.read_text()), path.name


def test_lock_names_no_registry():
    """Whoever builds has a registry of his own; the sums of the packages are what must agree."""
    lock = json.loads((modules.WEB / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []


def test_versions_are_exact():
    package = json.loads((modules.WEB / "package.json").read_text())
    versions = package["dependencies"] | package["devDependencies"]
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
