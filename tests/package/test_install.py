# SPDX-License-Identifier: BSD-2-Clause
"""What `make install` puts below a prefix, and whether a program outside the tree can be built on it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import PREFIX, ROOT, files, need, needed_libraries, run

COMPONENTS = ["xdpstat", "libbpfxx", "libbpfxx-dev"]


def public_headers() -> list[Path]:
    """bpfxx's headers, of C++ and C, but those that hide what they declare."""
    hides = "#pragma GCC visibility push(hidden)"
    headers = [*(ROOT / "src/bpfxx").glob("*.hpp"), *(ROOT / "src/bpfxx").glob("*.h")]
    return [path for path in headers if hides not in path.read_text().splitlines()]


def test_components_are_the_whole_and_share_nothing(build, prefix, tmp_path):
    parts = {name: files(build.install(tmp_path / name, "--component", name)) for name in COMPONENTS}
    assert sum(map(len, parts.values())) == len(set().union(*parts.values()))
    assert set().union(*parts.values()) == files(prefix)

    assert {"bin/xdpstat", "share/man/man1/xdpstat.1", "share/bash-completion/completions/xdpstat"} <= parts["xdpstat"]
    assert not any("bpfxx" in name for name in parts["xdpstat"])
    short = ".".join(build.version.split(".")[: 2 if build.version.startswith("0.") else 1])
    libraries = {f"{build.libdir}/libbpfxx.so.{short}", f"{build.libdir}/libbpfxx.so.{build.version}"}
    assert parts["libbpfxx"] == libraries
    headers = {f"include/bpfxx/{path.name}" for path in public_headers()}
    assert {name for name in parts["libbpfxx-dev"] if name.startswith("include/")} == headers
    assert {f"{build.libdir}/libbpfxx.a", f"{build.libdir}/libbpfxx.so"} <= parts["libbpfxx-dev"]


def test_uninstall_leaves_what_others_put_there(build, tmp_path):
    prefix = build.install(tmp_path)
    foreign = prefix / "bin/another"
    foreign.write_text("")
    manifest = build.folder / "install_manifest.txt"
    uninstall = ["cmake", "-D", f"MANIFEST={manifest}", "-P", ROOT / "cmake/Uninstall.cmake"]
    run(*uninstall, env={**os.environ, "DESTDIR": str(tmp_path)})
    assert files(tmp_path) == {f"{PREFIX}/bin/another".lstrip("/")}
    assert not [path for path in tmp_path.rglob("*") if path.name == "xdpstat" or path.name == "bpfxx" and path != prefix]


def test_soname_is_that_of_the_version(build):
    dynamic = run("readelf", "--dynamic", "--wide", build.shared)
    major, minor, _ = build.version.split(".")
    soname = f"libbpfxx.so.{major}.{minor}" if major == "0" else f"libbpfxx.so.{major}"
    assert re.findall(r"\(SONAME\).*\[(.*)\]", dynamic) == [soname]


def test_shows_nothing_but_what_its_headers_declare(build, prefix):
    symbols = run("nm", "--dynamic", "--demangle", "--defined-only", build.shared).splitlines()
    names = [line.split(maxsplit=2)[2] for line in symbols if line.split()[1] != "A"]  # A: the version itself
    assert len(names) > 40
    of_c = {name.split("@")[0] for name in names if name.startswith("bpfxx_")}
    declared_in_c = set(re.findall(r"\b(bpfxx_\w+)\(", re.sub(r"/\*.*?\*/", "", (prefix / "include/bpfxx/bpfxx.h").read_text(), flags=re.DOTALL)))
    assert of_c == declared_in_c and len(of_c) > 30
    names = [name for name in names if not name.startswith("bpfxx_")]
    assert [name for name in names if not name.startswith("bpfxx::")] == []

    declared = {word for path in (prefix / "include/bpfxx").glob("*.hpp") for word in re.findall(r"\w+", path.read_text())}
    assert [name for name in names if set(re.findall(r"\w+", re.split(r"\[abi|\(|@", name)[0])) - declared] == []


def test_shows_all_that_this_tree_calls(build):
    """The tests and the counter are programs on bpfxx: what they call through its headers, others may call."""
    shown = run("nm", "--dynamic", "--defined-only", build.shared)
    shown = {line.split()[2].split("@")[0] for line in shown.splitlines()}
    objects = [build.folder / "src/counter/libcounter.a", *build.folder.glob("tests/maps/CMakeFiles/map_tests.dir/*.o")]
    need(len(objects) > 1, "the objects of map_tests")
    undefined = {line.split()[-1] for line in run("nm", "--undefined-only", *objects).splitlines() if " U " in line}
    called = {name for name in undefined if re.match(r"_ZNK?5bpfxx", name)}
    defined = run("nm", "--defined-only", *objects).splitlines()
    called -= {line.split()[-1] for line in defined if len(line.split()) == 3}
    assert len(called) > 20
    assert called - shown == set()


def test_headers_compile_alone_where_they_are_installed(prefix, tmp_path):
    """Each of them first once; without warnings, though they are no system headers here."""
    headers = sorted((prefix / "include/bpfxx").glob("*.hpp"))
    compiler = ["g++", "-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
    compiler += [f"-I{prefix}/include"]
    for number, header in enumerate(headers):
        (tmp_path / f"{number}.cpp").write_text(f"#include <bpfxx/{header.name}>\n#include <bpfxx/{header.name}>\n")
    compilers = [
        subprocess.Popen([*compiler, *map(str, sorted(tmp_path.glob("*.cpp"))[half::2])], stderr=subprocess.PIPE, text=True)
        for half in (0, 1)
    ]
    said = "".join(process.communicate(timeout=120)[1] for process in compilers)
    assert not said and not any(process.returncode for process in compilers)


@pytest.mark.parametrize("target", ["shared", "static", "wholly_static"])
def test_consumer_by_cmake(build, prefix, consumer, target):
    program = consumer.with_cmake(prefix, target)
    consumer.check(program)
    needed = needed_libraries(program)
    assert any(name.startswith("libbpfxx.so.") for name in needed) == (target == "shared")
    assert bool(needed) == (target != "wholly_static")


def test_cmake_refuses_another_minor_version(build, prefix, tmp_path):
    def found(version: str) -> bool:
        (tmp_path / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(finder LANGUAGES CXX)\n"
            f"find_package(bpfxx {version} QUIET)\nmessage(STATUS found=${{bpfxx_FOUND}})\n"
        )
        said = run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
        return "found=1" in said or "found=TRUE" in said

    major, minor, _ = map(int, build.version.split("."))
    assert found(f"{major}.{minor}")
    assert not found(f"{major}.{minor + 1}")
    assert major > 0 or minor == 0 or not found(f"{major}.{minor - 1}")
    assert not found(f"{major + 1}.{minor}")


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_consumer_in_c(build, prefix, consumer, static):
    """A C compiler alone builds it on the shared library, and links it with what --static names on the other."""
    libdir = prefix / build.libdir
    program = consumer.in_c(libdir / "pkgconfig", static=static)
    consumer.check(program, None if static else libdir, "hash: 7 packets, 700 bytes\narray: 2 packets, 200 bytes\n")
    assert any(name.startswith("libbpfxx.so.") for name in needed_libraries(program)) != static


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_consumer_by_pkg_config(build, prefix, consumer, static):
    libdir = prefix / build.libdir
    program = consumer.with_pkg_config(libdir / "pkgconfig", static=static)
    consumer.check(program, None if static else libdir)
    assert any(name.startswith("libbpfxx.so.") for name in needed_libraries(program)) != static


def test_pkg_config_knows_the_version(build, prefix):
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / build.libdir / "pkgconfig")}
    assert run("pkg-config", "--modversion", "bpfxx", env=environment).strip() == build.version
    assert run("pkg-config", "--print-requires", "bpfxx", env=environment).startswith("libbpf >= ")


def test_guide_does_what_it_says(build, prefix, consumer, tmp_path):
    guide = (ROOT / "docs/bpfxx/install.md").read_text()
    blocks = {language: text for language, text in re.findall(r"^```(\w+)\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)}
    (tmp_path / "ports.cpp").write_text(blocks["cpp"])
    (tmp_path / "CMakeLists.txt").write_text(blocks["cmake"])
    libdir = prefix / build.libdir
    environment = {**os.environ, "PKG_CONFIG_PATH": str(libdir / "pkgconfig"), "LD_LIBRARY_PATH": str(libdir)}
    run("bash", "-ec", blocks["sh"], cwd=tmp_path, env=environment)
    run("cmake", "-G", "Ninja", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "build")
    for program in ("ports", "ports-static", "build/ports"):
        assert run(tmp_path / program, env=environment) == "there\n"
    assert needed_libraries(tmp_path / "ports-static") == []

    (tmp_path / "map.c").write_text(blocks["c"])
    (command,) = re.findall(r"`(cc -std=c11 map.c [^`]*)`", guide)
    run("bash", "-ec", f"{command} -Wall -Wextra -Wpedantic -Werror -o map", cwd=tmp_path, env=environment)
    result = subprocess.run([tmp_path / "map", "/nowhere"], capture_output=True, text=True, env=environment)
    assert (result.returncode, result.stdout) == (1, "") and result.stderr.startswith("cannot open /nowhere: ")
