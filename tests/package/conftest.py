# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests of what is installed: this build folder, installed below a folder of the test's own."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/opt/bpfxx"


def need(found: bool, what: str) -> None:
    """Skips where something is missing; where everything is required, that is a failure."""
    if found:
        return
    if os.environ.get("XDPSTAT_REQUIRE") == "all":
        pytest.fail(f"missing, and XDPSTAT_REQUIRE=all: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def run(*command, **options) -> str:
    """The output of a command that must succeed."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **options)
    if result.returncode != 0:
        said = (result.stdout + result.stderr).strip()
        pytest.fail(f"{' '.join(map(str, command))}: exit code {result.returncode}:\n{said[-4000:]}", pytrace=False)
    return result.stdout


def files(folder: Path) -> set[str]:
    """All that is below a folder and is no folder, by its path from there."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


class Build:
    """The build folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (folder / "CMakeCache.txt").read_text(), re.MULTILINE))
        self.version = self.cache["CMAKE_PROJECT_VERSION"]
        self.libdir = self.cache["CMAKE_INSTALL_LIBDIR"]
        self.shared = folder / "src/bpfxx/libbpfxx.so"

    def install(self, destination: Path, *options) -> Path:
        """Installs it; returns where the prefix came to lie."""
        run("cmake", "--install", self.folder, "--prefix", PREFIX, *options, env={**os.environ, "DESTDIR": str(destination)})
        return destination / PREFIX.lstrip("/")


@pytest.fixture(scope="session")
def build():
    """The build folder. Its record of what `make install` installed is put back at the end."""
    folder = Path(os.environ.get("XDPSTAT_BUILD", "nowhere"))
    need((folder / "src/bpfxx/libbpfxx.so").exists(), f"XDPSTAT_BUILD, a folder in which all was built: '{folder}'")
    need(os.path.isfile(os.environ.get("XDPSTAT_BINARY", "")), "XDPSTAT_BINARY, the program that the build made")
    manifests = {path: path.read_bytes() for path in folder.glob("install_manifest*.txt")}
    yield Build(folder)
    for path in folder.glob("install_manifest*.txt"):
        path.unlink()
    for path, content in manifests.items():
        path.write_bytes(content)


@pytest.fixture(scope="session")
def prefix(build, tmp_path_factory) -> Path:
    """The prefix below which everything is installed."""
    return build.install(tmp_path_factory.mktemp("installed"))


class Consumer:
    """A project outside the tree that is built on an installed bpfxx, and run."""

    SOURCE = ROOT / "tests/package/consumer"
    OUTPUT = "libbpf 1\nhash: 7 packets, 700 bytes\narray: 2 packets, 200 bytes\n"
    WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]

    def __init__(self, folder: Path):
        self.folder = folder

    def with_cmake(self, prefix: Path | None, target: str) -> Path:
        """One of its targets, built with CMake. Where no prefix is given, bpfxx is where CMake looks by itself."""
        folder = self.folder / "cmake"
        if not folder.exists():
            where = [f"-DCMAKE_PREFIX_PATH={prefix}"] if prefix else []
            run("cmake", "-G", "Ninja", "-S", self.SOURCE, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", *where)
        run("cmake", "--build", folder, "--target", target)
        return folder / target

    def with_pkg_config(self, pc_folder: Path | None, *, static: bool) -> Path:
        """It built as a Makefile would. Where no folder is given, bpfxx.pc is where pkg-config looks by itself."""
        environment = {**os.environ, "PKG_CONFIG_PATH": str(pc_folder or "")}
        kind = ["--static"] if static else []
        options = run("pkg-config", *kind, "--cflags", "--libs", "bpfxx", env=environment).split()
        program = self.folder / ("by-pkg-config-static" if static else "by-pkg-config")
        source = self.SOURCE / "main.cpp"
        run("g++", "-std=c++23", *self.WARNINGS, *(["-static"] if static else []), source, "-o", program, *options)
        return program

    def in_c(self, pc_folder: Path, *, static: bool) -> Path:
        """The program in C. Wholly static it needs the C++ library by name, which a C compiler does not add by itself."""
        environment = {**os.environ, "PKG_CONFIG_PATH": str(pc_folder)}
        options = run("pkg-config", *(["--static"] if static else []), "--cflags", "--libs", "bpfxx", env=environment).split()
        program = self.folder / ("in-c-static" if static else "in-c")
        compiler = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
        linking = ["-static", *options, "-lstdc++", "-lm"] if static else options
        run(*compiler, self.SOURCE / "main.c", "-o", program, *linking)
        return program

    def check(self, program: Path, libdir: Path | None = None, output: str = OUTPUT) -> None:
        """Runs it: what it reads back is what it wrote."""
        environment = dict(os.environ)
        if libdir:
            environment["LD_LIBRARY_PATH"] = str(libdir)
        assert run(program, env=environment) == output


@pytest.fixture(scope="session")
def consumer(tmp_path_factory) -> Consumer:
    need(os.geteuid() == 0, "root, to make maps")
    return Consumer(tmp_path_factory.mktemp("consumer"))


def needed_libraries(program: Path) -> list[str]:
    """The shared libraries that a program or library asks for by itself."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", "--wide", program))
