# SPDX-License-Identifier: BSD-2-Clause
"""The kernels: which, and how they come from Debian's mirror into a cache.

apt does it, with a root of its own: it changes nothing of this machine's, and checks the signatures of the mirror's
lists and the sum of each package. What is unpacked stays, and is not looked for again.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cmp_to_key
from pathlib import Path

MIRROR = os.environ.get("XDPSTAT_DEBIAN_MIRROR", "http://deb.debian.org/debian")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Modules that the tests use; the rest is not unpacked.
MODULES = ("veth",)


@dataclass(frozen=True)
class Kernel:
    """A series of kernels, as a suite of Debian has it; its newest is taken."""

    series: str
    suite: str

    @property
    def name(self) -> str:
        return f"{self.series}-{self.suite}"


# Oldest first.
KERNELS = (
    Kernel("5.10", "bullseye"),
    Kernel("6.1", "bookworm"),
    Kernel("6.12", "bookworm-backports"),
    Kernel("6.12", "trixie"),
    Kernel("6.18", "trixie-backports"),
    Kernel("7.3", "trixie-backports"),
)


class NoKernel(Exception):
    """Why a kernel could not be had."""


@dataclass(frozen=True)
class Unpacked:
    """A kernel in the cache."""

    image: Path
    modules: tuple[Path, ...]

    @property
    def release(self) -> str:
        return (self.image.parent / "release").read_text().strip()


def cache() -> Path:
    chosen = os.environ.get("XDPSTAT_VM_CACHE")
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "xdpstat" / "kernels"


def selected() -> tuple[Kernel, ...]:
    """Those named by XDPSTAT_KERNELS ("5.10 6.12 7.3": of a series that is there twice, the last), or all."""
    wanted = os.environ.get("XDPSTAT_KERNELS", "").split()
    if not wanted:
        return KERNELS
    by_series = {kernel.series: kernel for kernel in KERNELS}
    unknown = [series for series in wanted if series not in by_series]
    if unknown:
        raise ValueError(f"XDPSTAT_KERNELS: there is no {', '.join(unknown)} among {', '.join(by_series)}")
    return tuple(by_series[series] for series in wanted)


def run(*command: str | Path, **options) -> str:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise NoKernel(f"{' '.join(map(str, command))}: {(result.stderr or result.stdout).strip()}")
    return result.stdout


class AptRoot:
    """apt with folders of its own, and one suite."""

    def __init__(self, folder: Path, suite: str):
        self.folder = folder
        for part in ("lists/partial", "archives/partial", "parts"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")
        settings = {
            "Dir::State": folder,
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder,
            "Dir::Cache::archives": folder / "archives",
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": folder / "parts",
            "Dir::Etc::parts": folder / "parts",
            "Dir::Etc::preferencesparts": folder / "parts",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        (folder / "apt.conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
        self.environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}

    def update(self) -> None:
        run("apt-get", "update", "-o", "APT::Update::Error-Mode=any", env=self.environment)

    def packages(self) -> list[str]:
        return run("apt-cache", "pkgnames", "linux-", env=self.environment).split()

    def download(self, package: str) -> Path:
        """A package's file; apt has compared its sum with that of the signed list."""
        target = self.folder / package
        target.mkdir()
        run("apt-get", "download", package, cwd=target, env=self.environment)
        return next(target.glob("*.deb"))


def newer(left: str, right: str) -> int:
    less = subprocess.run(["dpkg", "--compare-versions", left, "lt", right]).returncode == 0
    return -1 if less else 1


def newest(packages: list[str], series: str) -> tuple[str, list[str]]:
    """The newest release of a series, and the packages that it consists of: from 7.1 on, kernel and modules apart."""
    pattern = re.compile(rf"linux-(?:image|binary|modules)-({re.escape(series)}\.[0-9][^ ]*-cloud-amd64)")
    found = {}
    for package in packages:
        if match := pattern.fullmatch(package):
            found.setdefault(match[1], []).append(package)
    if not found:
        raise NoKernel(f"linux-image-{series}.*-cloud-amd64 is not there")
    release = max(found, key=cmp_to_key(newer))
    return release, sorted(found[release])


def unpack(packages: list[Path], release: str, into: Path) -> None:
    """The kernel's image and the modules of MODULES, as they are named there."""
    with tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        for package in packages:
            run("dpkg-deb", "--extract", package, scratch)
        files = [path for path in Path(scratch).rglob("*") if path.is_file()]
        images = [path for path in files if path.name.startswith("vmlinuz")]
        modules = [path for path in files if path.name.split(".ko")[0] in MODULES and ".ko" in path.name]
        if len(images) != 1 or len(modules) != len(MODULES):
            raise NoKernel(f"{release}: its packages hold {len(images)} images and {len(modules)} of {len(MODULES)} modules")
        shutil.copy(images[0], into / "vmlinuz")
        for module in modules:
            shutil.copy(module, into / module.name)
        (into / "release").write_text(release + "\n")


def obtain(kernel: Kernel) -> Unpacked:
    """From the cache, or from the mirror. Raises NoKernel where that does not have it, or cannot be reached."""
    folder = cache() / kernel.name
    if not (folder / "release").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{kernel.name}-") as scratch:
            try:
                root = AptRoot(Path(scratch) / "apt", kernel.suite)
                root.update()
                release, packages = newest(root.packages(), kernel.series)
                whole = Path(scratch) / "kernel"
                whole.mkdir()
                unpack([root.download(package) for package in packages], release, whole)
            except NoKernel as error:
                raise NoKernel(f"cannot get Linux {kernel.series} of {kernel.suite} from {MIRROR}: {error}") from error
            shutil.rmtree(folder, ignore_errors=True)
            whole.rename(folder)
    modules = tuple(path for path in sorted(folder.iterdir()) if ".ko" in path.name)
    return Unpacked(folder / "vmlinuz", modules)
