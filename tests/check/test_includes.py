# SPDX-License-Identifier: BSD-2-Clause
"""Rule: a folder includes only what the table in ARCHITECTURE.md allows it."""

import fnmatch
import os
import re
from pathlib import Path

import tree

HEADING = "## Who may include whom"
INCLUDE = re.compile(r'^\s*#\s*include(?:_next)?\s*([<"])([^>"]+)[>"]', re.MULTILINE)

C_STANDARD = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg "
    "stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype"
).split()
STD = [f"{name}.h" for name in C_STANDARD]
POSIX = (
    "unistd.h fcntl.h poll.h dirent.h pthread.h sched.h spawn.h termios.h err.h getopt.h glob.h ifaddrs.h netdb.h "
    "endian.h langinfo.h link.h malloc.h pwd.h grp.h syslog.h dlfcn.h strings.h mntent.h sys/*.h net/*.h netinet/*.h arpa/*.h netpacket/*.h"
).split()
GROUPS = {
    "std": STD,
    "posix": POSIX,
    "uapi": ["linux/*.h", "linux/*/*.h", "asm/*.h", "asm-generic/*.h"],
    "libbpf": ["bpf/*.h"],
    "skeleton": ["*.skel.h"],
    "json": ["nlohmann/*.hpp"],
    "fmt": ["fmt/*.h"],
    "boost": ["boost/*.hpp"],
    "openssl": ["openssl/*.h"],
}
# Not of the C library though they lie in its folders.
NOT_POSIX = {"sys/capability.h"}
CLOSED = ("tests", "bench")


class TableError(Exception):
    pass


def read_table(document: str) -> dict[str, list[str]]:
    """The allowed words of each folder, as the table has them."""
    if HEADING not in document:
        raise TableError(f"no heading {HEADING!r}")
    section = re.split(r"^## ", document.split(HEADING, 1)[1], flags=re.MULTILINE)[0]
    rows = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 2 or cells[0] == "folder" or set(cells[0]) <= {"-", ":"}:
            continue
        words = [] if cells[1] == "nothing" else [word.strip() for word in cells[1].split(",")]
        rows[cells[0]] = words
    if not rows:
        raise TableError("the table has no rows")
    return rows


def resolve(root: Path, including: Path, quote: str, name: str) -> Path | None:
    """The file of the tree that an include names; None for one outside it."""
    bases = ([including.parent] if quote == '"' else []) + [Path("src"), Path()]
    for base in bases:
        candidate = Path(os.path.normpath(base / name))
        if (root / candidate).is_file():
            return candidate
    return None


def matches(group: str, name: str) -> bool:
    if group == "std":
        # C++'s own have no suffix, and no other library in use here has such names.
        return name in STD or re.fullmatch(r"[a-z_]+", name) is not None
    if group == "posix" and name in NOT_POSIX:
        return False
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in GROUPS[group])


def allows(root: Path, word: str, including: Path, target: Path | None, name: str) -> bool:
    """Whether one word of a row allows one include."""
    if word.endswith(" in .cpp"):
        return including.suffix == ".cpp" and allows(root, word.removesuffix(" in .cpp"), including, target, name)
    if word == "all":
        return target is None or target.parts[0] not in CLOSED
    if word in GROUPS:
        return target is None and matches(word, name)
    if word.startswith("`"):
        return target is None and name == word.strip("`")
    return target is not None and (target == Path(word) or Path(word) in target.parents)


def known(root: Path, word: str) -> bool:
    bare = word.removesuffix(" in .cpp")
    return bare == "all" or bare in GROUPS or re.fullmatch(r"`[\w./+-]+`", bare) is not None or (root / bare).exists()


def violations(root: Path) -> list[str]:
    try:
        table = read_table((root / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    except (OSError, TableError) as error:
        return [f"ARCHITECTURE.md: {error}"]

    found = []
    for folder, words in table.items():
        # A folder that is not there yet has a row already; one that is must be able to follow its row.
        if (root / folder).is_dir():
            found += [f"ARCHITECTURE.md: {folder}: {word!r} is no group, and not in the tree" for word in words if not known(root, word)]

    for path in tree.c_family(root):
        rows = [folder for folder in table if Path(folder) in path.parents]
        if not rows:
            found.append(f"{path}: its folder has no row in ARCHITECTURE.md")
            continue
        row = max(rows, key=len)
        for quote, name in INCLUDE.findall(tree.text(root, path) or ""):
            target = resolve(root, path, quote, name)
            own = target is not None and Path(row) in target.parents
            below_src = path.parts[0] == "src" and path.parts[1] != "bpfxx"
            # The tree has a folder of the same name as libbpf's.
            if below_src and target is None and matches("libbpf", name):
                found.append(f"{path}: includes {name}: below src/ only src/bpfxx may")
            elif not own and not any(allows(root, word, path, target, name) for word in table[row]):
                found.append(f"{path}: includes {name}, which is {target or 'outside the tree'}: {row} may include {', '.join(table[row]) or 'nothing'}")
    return found


def test_tree():
    tree.report(violations(tree.ROOT))


ARCHITECTURE = f"""# Architecture

{HEADING}

| folder | may include |
|---|---|
| abi | `linux/types.h` |
| src/low | std, posix, libbpf |
| src/bpfxx | std, libbpf |
| src/high | std, abi, src/low/plain.hpp, skeleton in .cpp |
| src/top | all |
| web | nothing |
| tests | all, tests |

## Another section

| not | part of it |
"""


def house(root: Path) -> None:
    tree.write(root, "ARCHITECTURE.md", ARCHITECTURE)
    tree.write(root, "abi/layout.h", "#include <linux/types.h>\n")
    tree.write(root, "src/low/plain.hpp", "#include <vector>\n#include <unistd.h>\n")
    tree.write(root, "src/low/deep.hpp", '#include "low/plain.hpp"\n')
    tree.write(root, "src/bpfxx/map.hpp", "#include <bpf/bpf.h>\n")
    tree.write(root, "src/high/high.cpp", '#include "low/plain.hpp"\n#include "abi/layout.h"\n#include "a.skel.h"\n')
    tree.write(root, "src/top/top.cpp", '#include "high/high.hpp"\n#include "low/deep.hpp"\n#include <CLI/CLI.hpp>\n')
    tree.write(root, "tests/help.hpp", '#include "low/deep.hpp"\n')


def test_accepts_a_house_in_order(tmp_path):
    house(tmp_path)
    assert violations(tmp_path) == []


def broken(root: Path, path: str, content: str) -> list[str]:
    house(root)
    tree.write(root, path, content)
    return violations(root)


def test_finds_a_deep_header(tmp_path):
    assert len(broken(tmp_path, "src/high/b.cpp", '#include "low/deep.hpp"\n')) == 1


def test_finds_a_relative_way_round(tmp_path):
    assert len(broken(tmp_path, "src/high/b.cpp", '#include "../low/deep.hpp"\n')) == 1


def test_finds_angle_brackets_around_the_tree(tmp_path):
    assert len(broken(tmp_path, "src/high/b.cpp", "#  include <low/deep.hpp>\n")) == 1


def test_finds_the_skeleton_in_a_header(tmp_path):
    assert len(broken(tmp_path, "src/high/b.hpp", '#include "a.skel.h"\n')) == 1


def test_finds_a_system_header_that_is_not_listed(tmp_path):
    assert len(broken(tmp_path, "abi/b.h", "#include <linux/bpf.h>\n")) == 1


def test_finds_libbpf_outside_bpfxx(tmp_path):
    assert len(broken(tmp_path, "src/low/b.cpp", "#include <bpf/libbpf.h>\n")) == 1
    assert len(broken(tmp_path, "src/top/b.cpp", "#include <bpf/libbpf.h>\n")) == 2


def test_tells_the_folder_bpf_from_libbpf(tmp_path):
    tree.write(tmp_path, "bpf/plain.h", "")
    found = broken(tmp_path, "src/high/b.cpp", '#include "bpf/plain.h"\n')
    assert any("src/high may include" in line for line in found) and not any("only src/bpfxx" in line for line in found)


def test_finds_an_include_of_tests(tmp_path):
    assert len(broken(tmp_path, "src/top/b.cpp", '#include "tests/help.hpp"\n')) == 1


def test_finds_a_folder_without_a_row(tmp_path):
    assert len(broken(tmp_path, "new/a.c", "")) == 1


def test_finds_an_unknown_word(tmp_path):
    house(tmp_path)
    tree.write(tmp_path, "ARCHITECTURE.md", ARCHITECTURE.replace("std, posix, libbpf", "std, posix, anything nice"))
    assert any("anything nice" in line for line in violations(tmp_path))


def test_finds_a_lost_table(tmp_path):
    house(tmp_path)
    tree.write(tmp_path, "ARCHITECTURE.md", "# Architecture\n")
    assert len(violations(tmp_path)) == 1
