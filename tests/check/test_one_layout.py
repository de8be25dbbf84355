# SPDX-License-Identifier: BSD-2-Clause
"""Rule: the structs that the maps hold are described once, in abi/xdp_counter.h."""

import re
from pathlib import Path

import tree

STRUCTS = ["pkt_stats", "traffic_stats", "traffic_cell", "xdp_counter_config"]
HOME = Path("abi/xdp_counter.h")


def definitions(root: Path, name: str) -> list[Path]:
    before = r"(?:(?:__attribute__\s*\(\(.*?\)\)|alignas\(.*?\)|\[\[.*?\]\])\s*)*"
    after = r"\s*(?:final\b\s*)?(?::[^;{]*)?"
    pattern = re.compile(rf"\b(?:struct|class)\s+{before}{name}\b{after}\{{")
    return [path for path in tree.c_family(root) if pattern.search(tree.text(root, path) or "")]


def violations(root: Path) -> list[str]:
    found = []
    for name in STRUCTS:
        places = definitions(root, name)
        if places != [HOME]:
            found.append(f"struct {name}: defined in {', '.join(map(str, places)) or 'no file'}, wanted in {HOME} alone")
    return found


def test_tree():
    tree.report(violations(tree.ROOT))


def header(root: Path) -> None:
    tree.write(root, str(HOME), "".join(f"struct {name} {{\n\tint x;\n}};\n" for name in STRUCTS))


def test_finds_a_copy(tmp_path):
    header(tmp_path)
    tree.write(tmp_path, "demo/reader.cpp", "struct pkt_stats\n{\n    unsigned long total_packets;\n};\n")
    assert len(violations(tmp_path)) == 1


def test_finds_a_decorated_copy(tmp_path):
    header(tmp_path)
    tree.write(tmp_path, "src/a.hpp", "struct alignas(64) pkt_stats : base {\n};\n")
    assert len(violations(tmp_path)) == 1


def test_finds_that_the_header_lost_it(tmp_path):
    tree.write(tmp_path, str(HOME), "struct pkt_stats;\n")
    assert len(violations(tmp_path)) == len(STRUCTS)


def test_accepts_uses(tmp_path):
    header(tmp_path)
    tree.write(tmp_path, "src/a.cpp", "struct pkt_stats f(struct pkt_stats s) { struct pkt_stats t{}; return t; }\n")
    assert violations(tmp_path) == []
