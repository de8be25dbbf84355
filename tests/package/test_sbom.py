# SPDX-License-Identifier: BSD-2-Clause
"""The software bill of materials: whole, valid by the structure of SPDX 2.3, and of what is really linked."""

import importlib.machinery
import importlib.util
import json
import os
import re
from pathlib import Path

import pytest
from conftest import ROOT, needed_libraries, run

IDENTIFIER = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
LICENCE = re.compile(r"[A-Za-z0-9.-]+( (OR|AND|WITH) [A-Za-z0-9.-]+)*")
RELATIONS = {"DESCRIBES", "DYNAMIC_LINK", "STATIC_LINK", "DEPENDS_ON", "CONTAINS"}
# Section 7 of the specification, and what a receiver asks for beyond it.
FIELDS = {"SPDXID", "name", "versionInfo", "downloadLocation", "filesAnalyzed", "licenseConcluded", "licenseDeclared", "copyrightText", "supplier"}


def script():
    """scripts/sbom as a module."""
    loader = importlib.machinery.SourceFileLoader("sbom", str(ROOT / "scripts" / "sbom"))
    spec = importlib.util.spec_from_loader("sbom", loader)
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["sbom"] = module  # a data class looks itself up
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sbom(build) -> dict:
    return json.loads(run(ROOT / "scripts" / "sbom", build.folder))


def names(sbom: dict, *kinds: str) -> set[str]:
    by_id = {one["SPDXID"]: one["name"] for one in sbom["packages"]}
    return {by_id[one["relatedSpdxElement"]] for one in sbom["relationships"] if one["relationshipType"] in kinds}


def test_structure(sbom):
    assert (sbom["spdxVersion"], sbom["dataLicense"], sbom["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT")
    assert re.fullmatch(r"https://[^\s#]+", sbom["documentNamespace"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sbom["creationInfo"]["created"])
    assert all(re.match(r"(Tool|Person|Organization): \S", one) for one in sbom["creationInfo"]["creators"])
    ids = [one["SPDXID"] for one in sbom["packages"]]
    assert len(ids) == len(set(ids)) and all(IDENTIFIER.fullmatch(one) for one in ids)
    for one in sbom["packages"]:
        assert FIELDS <= set(one), one["name"]
        assert one["versionInfo"] and one["filesAnalyzed"] is False
        assert LICENCE.fullmatch(one["licenseDeclared"]) and LICENCE.fullmatch(one["licenseConcluded"])
        assert one["downloadLocation"] == "NOASSERTION" or re.fullmatch(r"https://\S+", one["downloadLocation"])
        for reference in one.get("externalRefs", []):
            assert reference["referenceType"] == "purl" and re.fullmatch(r"pkg:\w+/\S+@\S+", reference["referenceLocator"])
        for checksum in one.get("checksums", []):
            assert checksum["algorithm"] == "SHA512" and re.fullmatch(r"[0-9a-f]{128}", checksum["checksumValue"])
    for relation in sbom["relationships"]:
        assert relation["relationshipType"] in RELATIONS
        assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= {*ids, "SPDXRef-DOCUMENT"}
    assert {one["relatedSpdxElement"] for one in sbom["relationships"]} == set(ids), "none is there without a relation"


def test_is_of_this_build(sbom, build):
    versions = {one["name"]: one["versionInfo"] for one in sbom["packages"]}
    assert versions["xdpstat"] == build.version
    assert versions["libbpf"] == run("pkg-config", "--modversion", "libbpf").strip()
    lock = json.loads((ROOT / "web/package-lock.json").read_text())
    assert versions["uplot"] == lock["packages"]["node_modules/uplot"]["version"]
    assert "esbuild" not in versions, "it builds, and is not in what is built"
    assert names(sbom, "DESCRIBES") == {"xdpstat"}
    assert {"libbpf", "OpenSSL", "libdeflate", "yaml-cpp", "libseccomp", "ncurses", "glibc"} <= names(sbom, "DYNAMIC_LINK")
    assert "libelf" in names(sbom, "DEPENDS_ON", "DYNAMIC_LINK"), "libbpf brings it"
    archive = "libxdp " + run("pkg-config", "--modversion", "libxdp").strip() in run(os.environ["XDPSTAT_BINARY"], "--version")
    assert ("libxdp" in names(sbom, "STATIC_LINK")) == archive, "it is linked from its archive, where that is there"
    assert {"Boost", "CLI11", "fmt", "nlohmann-json", "uplot"} <= names(sbom, "CONTAINS")


def test_repeats(sbom, build):
    assert json.loads(run(ROOT / "scripts" / "sbom", build.folder)) == sbom


def test_what_is_linked_unseen_is_an_error(build, monkeypatch):
    module = script()
    without = [one for one in module.COMPONENTS if one.name != "libdeflate"]
    monkeypatch.setattr(module, "COMPONENTS", without)
    assert any(name.startswith("libdeflate.so") for name in needed_libraries(Path(os.environ["XDPSTAT_BINARY"]).with_name("xdpstat-serve")))
    with pytest.raises(SystemExit, match="libdeflate.so"):
        module.document(build.folder)
