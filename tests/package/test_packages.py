# SPDX-License-Identifier: BSD-2-Clause
"""The packages that `make package` builds. The .deb are installed on this machine, used, and removed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, files, need, needed_libraries, run

# What lintian says and why it stays.
ACCEPTED = {
    "arch-dependent-file-in-usr-share": "the BPF object is the same for every machine of one byte order",
    "binary-from-other-architecture": "it runs in the kernel",
    "maintscript-calls-ldconfig": "CPack writes these scripts; the trigger is there too",
    "malformed-contact": "who builds the packages says so by XDPSTAT_PACKAGER",
    "no-changelog": "the changes are in CHANGELOG.md.gz",
    "systemd-service-file-refers-to-unusual-wantedby-target": "the counter is wanted by its interface, and waits for it",
}

on_debian = pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="this is no Debian: no .deb here")


def packages_of(build, folder: Path, generator: str) -> dict[str, Path]:
    """The packages by their names."""
    config = build.folder / "CPackConfig.cmake"
    run("cpack", "--config", config, "-G", generator, "-B", folder, cwd=folder)
    if generator == "DEB":
        return {run("dpkg-deb", "-f", path, "Package").strip(): path for path in folder.glob("*.deb")}
    return {run("rpm", "-qp", "--queryformat", "%{NAME}", path): path for path in folder.glob("*.rpm")}


@pytest.fixture(scope="module")
def debs(build, tmp_path_factory) -> dict[str, Path]:
    need(shutil.which("dpkg-shlibdeps") is not None, "dpkg-shlibdeps: make deps")
    return packages_of(build, tmp_path_factory.mktemp("deb"), "DEB")


@pytest.fixture(scope="module")
def rpms(build, tmp_path_factory) -> dict[str, Path]:
    need(shutil.which("rpmbuild") is not None, "rpmbuild: make deps")
    return packages_of(build, tmp_path_factory.mktemp("rpm"), "RPM")


def interface(build) -> str:
    """The part of the version that the shared library's name has."""
    major, minor, _ = build.version.split(".")
    return f"{major}.{minor}" if major == "0" else major


def contents(deb: Path) -> list[str]:
    """The paths in a .deb, folders with a slash at their end."""
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True).stdout
    names = subprocess.run(["tar", "-t"], input=tar, capture_output=True, check=True).stdout.decode().split()
    return [name.removeprefix(".") for name in names if name != "./"]


@on_debian
def test_debs_are_described(build, debs):
    library = f"libbpfxx{interface(build)}"
    assert set(debs) == {"xdpstat", library, "libbpfxx-dev"}
    fields = {
        name: dict(re.findall(r"^(\S+): (.*)$", run("dpkg-deb", "-f", path), re.MULTILINE)) for name, path in debs.items()
    }
    assert {field["Version"] for field in fields.values()} == {build.version}
    assert fields["xdpstat"]["Description"] == build.cache["CMAKE_PROJECT_DESCRIPTION"]
    for name in ("xdpstat", library):
        assert re.search(r"\blibbpf1\b", fields[name]["Depends"]) and re.search(r"\blibc6\b", fields[name]["Depends"])
    assert f"{library} (= {build.version})" in fields["libbpfxx-dev"]["Depends"]
    assert "libbpf-dev" in fields["libbpfxx-dev"]["Depends"]
    assert "libbpfxx" not in fields["xdpstat"]["Depends"]


@on_debian
def test_debs_satisfy_lintian(build, debs):
    need(shutil.which("lintian") is not None, "lintian: make deps")
    accepted = list(ACCEPTED)
    if build.libdir == "lib":  # of the builder's choice
        accepted.append("pkg-config-unavailable-for-cross-compilation")
    command = ["lintian", "--allow-root", "--suppress-tags", ",".join(accepted), *debs.values()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.stdout == ""
    assert result.returncode == 0


@pytest.fixture
def installed(debs):
    """The packages installed on this machine; yields what of their contents was not there before."""
    need(os.geteuid() == 0, "root, to install packages")
    for name in debs:
        state = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", name], capture_output=True, text=True)
        need(state.stdout in ("", "not-installed"), f"a machine without the package {name}")
    new = [path for deb in debs.values() for path in contents(deb) if not os.path.lexists(path)]
    try:
        run("dpkg", "-i", *debs.values())
        yield new
    finally:
        run("dpkg", "--purge", *debs)


@on_debian
def test_debs_come_and_go(build, debs, consumer, request):
    new = request.getfixturevalue("installed")
    everything = [path for deb in debs.values() for path in contents(deb) if not path.endswith("/")]
    assert set(everything) <= set(new)
    assert [path for path in everything if not os.path.lexists(path)] == []

    assert run("/usr/bin/xdpstat", "--version").startswith(f"xdpstat {build.version}")
    assert not any("bpfxx" in name for name in needed_libraries(Path("/usr/bin/xdpstat")))
    # Where compiler, linker, loader and CMake look by themselves.
    program = consumer.with_pkg_config(None, static=False)
    consumer.check(program)
    assert re.search(rf"=> (/usr)?/{build.libdir}/libbpfxx.so.{interface(build)} ", run("ldd", program))

    run("dpkg", "-r", *debs)
    assert [path for path in new if os.path.lexists(path)] == []
    assert "libbpfxx" not in run("/sbin/ldconfig", "-p")


def test_rpms_hold_what_is_installed(build, prefix, rpms):
    assert set(rpms) == {"xdpstat", "libbpfxx", "libbpfxx-devel"}
    held = set()
    for name, path in rpms.items():
        assert run("rpm", "-qp", "--queryformat", "%{VERSION} %{LICENSE}", path) == f"{build.version} BSD-2-Clause"
        listed = set(run("rpm", "-qlp", path).split())
        assert f"/usr/share/licenses/{name}/LICENSE" in listed
        assert not listed & {"/usr", "/usr/bin", "/usr/share/man/man1", f"/usr/{build.libdir}", f"/usr/{build.libdir}/pkgconfig"}
        held |= listed
    wanted = {f"/usr/{path}" + (".gz" if "/man/" in path else "") for path in files(prefix)}
    assert wanted - held == set()
    assert f"libbpfxx = {build.version}" in run("rpm", "-qp", "--requires", rpms["libbpfxx-devel"])
    assert f"libbpfxx.so.{interface(build)}()(64bit)" in run("rpm", "-qp", "--provides", rpms["libbpfxx"])


def test_help_names_the_verbs():
    said = run("make", "-C", ROOT, "--no-print-directory", "help")
    assert {"install", "uninstall", "package"} <= set(re.findall(r"make (\w+)", said))
