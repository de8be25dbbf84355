#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts the wheel of the module xdpstat together: the package, its compiled part, and the libraries that it loads.

    build_wheel.py --version VERSION --output FOLDER [--strip PROGRAM] EXTENSION

The wheel stands alone but for the C library: libbpf, libelf and libz lie in it, as they are on this machine, with their
licences. The same input gives the same bytes.
"""

import argparse
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from wheel.wheelfile import WheelFile

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# Of the C library, which every machine has and which must be the loader's own.
C_LIBRARY = re.compile(r"^(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt)\.so")
# Zip knows no earlier time.
EARLIEST = 315532800


def loaded_libraries(extension: Path) -> dict[str, Path]:
    """What the extension loads besides the C library, by the names under which it is looked for."""
    said = subprocess.run(["ldd", extension], check=True, capture_output=True, text=True).stdout
    missing = re.findall(r"^\s*(\S+) => not found", said, re.MULTILINE)
    if missing:
        raise SystemExit(f"build_wheel.py: {extension} needs what is not on this machine: {', '.join(missing)}")
    found = dict(re.findall(r"^\s*(\S+) => (\S+) \(", said, re.MULTILINE))
    return {name: Path(path) for name, path in sorted(found.items()) if not C_LIBRARY.match(name)}


def copyright_of(library: Path) -> Path | None:
    """What the Debian package that a library is of says of its licence."""
    for path in (library, library.resolve(), Path("/usr") / str(library.resolve()).lstrip("/")):
        answer = subprocess.run(["dpkg-query", "-S", str(path)], capture_output=True, text=True) if shutil.which("dpkg-query") else None
        if answer and answer.returncode == 0:
            package = answer.stdout.split(":")[0]
            file = Path("/usr/share/doc") / package / "copyright"
            return file if file.exists() else None
    return None


def metadata(version: str) -> str:
    minor = ".".join(sysconfig.get_python_version().split(".")[:2])
    fields = [
        ("Metadata-Version", "2.1"),
        ("Name", "xdpstat"),
        ("Version", version),
        ("Summary", "Packet counters of network interfaces, and any BPF map, as typed Python values"),
        ("Author", "The xdpstat authors"),
        ("License", "BSD-2-Clause"),
        ("License-File", "LICENSE"),
        ("Classifier", "License :: OSI Approved :: BSD License"),
        ("Classifier", "Operating System :: POSIX :: Linux"),
        ("Classifier", f"Programming Language :: Python :: {minor}"),
        ("Classifier", "Typing :: Typed"),
        ("Requires-Python", f"=={minor}.*"),
        ("Description-Content-Type", "text/markdown"),
    ]
    return "".join(f"{name}: {value}\n" for name, value in fields) + "\n" + (HERE / "README.md").read_text(encoding="utf-8")


def tag() -> str:
    """For this interpreter and platform alone: what the extension was compiled for."""
    python = "cp" + sysconfig.get_config_var("py_version_nodot")
    return f"{python}-{python}-{re.sub(r'[-.]', '_', sysconfig.get_platform())}"


def fill(folder: Path, extension: Path, version: str, strip: str | None) -> None:
    package = folder / "xdpstat"
    package.mkdir()
    for file in sorted((HERE / "xdpstat").iterdir()):
        if file.suffix in (".py", ".pyi") or file.name == "py.typed":
            shutil.copyfile(file, package / file.name)
    compiled = package / extension.name
    shutil.copyfile(extension, compiled)
    if strip:
        subprocess.run([strip, "--strip-unneeded", compiled], check=True)

    info = folder / f"xdpstat-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(metadata(version), encoding="utf-8")
    (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nGenerator: xdpstat\nRoot-Is-Purelib: false\nTag: {tag()}\n")
    (info / "top_level.txt").write_text("xdpstat\n")
    shutil.copyfile(ROOT / "LICENSES" / "BSD-2-Clause.txt", info / "LICENSE")

    libraries = package / "libraries"
    libraries.mkdir()
    for name, path in loaded_libraries(extension).items():
        shutil.copyfile(path, libraries / name)
        if licence := copyright_of(path):
            shutil.copyfile(licence, libraries / f"{name}.copyright")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--strip")
    parser.add_argument("extension", type=Path)
    options = parser.parse_args()

    os.environ.setdefault("SOURCE_DATE_EPOCH", str(EARLIEST))
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, options.extension, options.version, options.strip)
        for path in folder.rglob("*"):
            path.chmod(0o755 if path.is_dir() or ".so" in path.suffixes else 0o644)
        path = options.output / f"xdpstat-{options.version}-{tag()}.whl"
        with WheelFile(path, "w") as wheel:
            wheel.write_files(folder)
    print(path)


if __name__ == "__main__":
    main()
