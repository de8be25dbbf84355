# SPDX-License-Identifier: BSD-2-Clause
"""What is in the images, and that building them again gives the same."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import network
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("XDPSTAT_BUILD", ROOT / "build" / "static"))
MOST_BYTES = 8_000_000


def version() -> str:
    return subprocess.run([BUILD / "xdpstat", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def layout_of(image: str) -> Path:
    """The folder of "oci:FOLDER:TAG"."""
    kind, folder, tag = image.split(":")
    assert (kind, tag) == ("oci", version())
    return Path(folder)


def blob(folder: Path, digest: str) -> Path:
    """A part of an image in the layout of OCI."""
    return folder / "blobs" / digest.replace(":", "/")


def files_of(podman, image: str) -> dict[str, tarfile.TarInfo]:
    """All that a container of the image would find."""
    container = podman("create", image)
    archive = podman.folder / "export.tar"
    podman("export", "--output", archive, container)
    podman("rm", container)
    with tarfile.open(archive) as tar:
        members = {member.name: member for member in tar.getmembers() if not member.isdir()}
    archive.unlink()
    return members


def test_the_program_and_nothing_else(podman, images):
    facts = podman.inspect(images["program"])
    assert facts["Size"] <= MOST_BYTES
    assert facts["Config"]["User"] == "65532:65532"
    assert facts["Config"]["Entrypoint"] == ["/xdpstat"]
    assert list(facts["Config"]["ExposedPorts"]) == ["10435/tcp"]
    labels = facts["Labels"]
    assert labels["org.opencontainers.image.title"] == "xdpstat"
    assert labels["org.opencontainers.image.licenses"] == "BSD-2-Clause"
    assert labels["org.opencontainers.image.version"] == version() and images["program"] == f"localhost/xdpstat:{version()}"
    assert labels["org.opencontainers.image.revision"] in network.run(BUILD / "xdpstat", "--version").stdout
    members = {name: member for name, member in files_of(podman, images["program"]).items() if member.size > 0}
    assert set(members) == {"xdpstat", *(f"licenses/{path.name}" for path in (ROOT / "LICENSES").iterdir())}
    for name, member in members.items():
        assert (member.uid, member.gid, member.mtime) == (0, 0, 0), name
        assert member.mode & 0o7777 == (0o555 if name == "xdpstat" else 0o644), name


def test_built_twice_it_has_the_same_digest(podman, images):
    """By others, at another time: files of another age and with other rights, from a program that was linked anew."""
    digest = podman.inspect(images["program"])["Digest"]
    index = (layout_of(images["bytecode"]) / "index.json").read_bytes()
    before = hashlib.sha256((BUILD / "xdpstat").read_bytes()).hexdigest()
    (BUILD / "xdpstat").rename(BUILD / "xdpstat.before")
    try:
        network.run("cmake", "--build", BUILD, "--target", "xdpstat", timeout=300)
        assert hashlib.sha256((BUILD / "xdpstat").read_bytes()).hexdigest() == before
    finally:
        (BUILD / "xdpstat").unlink(missing_ok=True)
        (BUILD / "xdpstat.before").rename(BUILD / "xdpstat")
    shutil.rmtree(BUILD / "bpf" / "bytecode")
    network.run("cmake", "--build", BUILD, "--target", "bytecode")
    mask = os.umask(0o077)
    try:
        podman.build("program", "bytecode")
    finally:
        os.umask(mask)
    assert podman.inspect(images["program"])["Digest"] == digest
    assert (layout_of(images["bytecode"]) / "index.json").read_bytes() == index
    assert "localhost/xdpstat" in podman("images"), "nothing was put into the store that podman stumbles over"


@pytest.fixture(scope="session")
def bytecode(images) -> dict[str, dict]:
    """What a registry would be given for each machine: {"amd64": {"manifest": ..., "configuration": ..., "objects": ...}}."""
    found = {}
    folder = layout_of(images["bytecode"])
    index = json.loads((folder / "index.json").read_text())
    (top,) = index["manifests"]
    assert top["mediaType"] == "application/vnd.oci.image.index.v1+json"
    for entry in json.loads(blob(folder, top["digest"]).read_text())["manifests"]:
        machine = entry["platform"]["architecture"]
        manifest = json.loads(blob(folder, entry["digest"]).read_text())
        configuration = json.loads(blob(folder, manifest["config"]["digest"]).read_text())
        objects = {}
        for layer in manifest["layers"]:
            with tarfile.open(blob(folder, layer["digest"])) as tar:
                objects |= {member.name: tar.extractfile(member).read() for member in tar.getmembers() if member.isfile()}
        found[machine] = {"manifest": manifest, "configuration": configuration, "objects": objects}
    return found


def test_bytecode_as_bpfman_takes_it(bytecode):
    """docs/developer-guide/shipping-bytecode.md of bpfman: one layer, an object at its root, two labels, an image a machine."""
    assert set(bytecode) == {"amd64", "arm64"}
    for machine, image in bytecode.items():
        assert image["configuration"]["architecture"] == machine and image["configuration"]["os"] == "linux"
        assert [layer["mediaType"] for layer in image["manifest"]["layers"]] == ["application/vnd.oci.image.layer.v1.tar+gzip"]
        assert list(image["objects"]) == ["xdp_counter.o"]
        labels = image["configuration"]["config"]["Labels"]
        assert json.loads(labels["io.ebpf.programs"]) == {"xdp_counter": "xdp"}
        assert json.loads(labels["io.ebpf.maps"]) == {"stats_map": "array", "traffic_map": "array"}
        assert labels["org.opencontainers.image.version"] == version()


def test_the_object_is_what_the_labels_say(bytecode, pin_root):
    """Loaded by bpftool, which knows nothing of us, as bpfman would. BPF is the same on both machines, so both load here."""
    for machine, image in bytecode.items():
        pin_root.mkdir()
        file = Path(f"/run/xs-{os.getpid()}-{machine}.o")
        file.write_bytes(image["objects"]["xdp_counter.o"])
        network.run("bpftool", "prog", "load", file, pin_root / "xdp_counter", "type", "xdp", "pinmaps", pin_root)
        file.unlink()
        labels = image["configuration"]["config"]["Labels"]
        maps = {pin.name: json.loads(network.run("bpftool", "-j", "map", "show", "pinned", pin).stdout)["type"]
                for pin in pin_root.iterdir() if pin.name.endswith("_map")}  # fmt: skip
        assert maps == json.loads(labels["io.ebpf.maps"])
        program = json.loads(network.run("bpftool", "-j", "prog", "show", "pinned", pin_root / "xdp_counter").stdout)
        assert {program["name"]: program["type"]} == json.loads(labels["io.ebpf.programs"])
        shutil.rmtree(pin_root)


def test_on_another_base(podman, images):
    """ubi9 cannot be had without its registry: busybox from here stands in for it, as an image of a shell and no more."""
    context = podman.folder / "base"
    context.mkdir(exist_ok=True)
    shutil.copy("/bin/busybox", context / "sh")
    (context / "Containerfile").write_text("FROM scratch\nCOPY sh /bin/sh\n")
    podman("build", "--quiet", "--timestamp", "0", "--tag", "base:1", context)
    (image,) = podman.build("ubi", BASE="localhost/base:1")
    assert podman("run", "--rm", "--network", "none", "--read-only", "--cap-drop", "all", image, "--version").startswith(f"xdpstat {version()} ")
    # Where the pages call it, as in the image of the program alone.
    assert podman("run", "--rm", "--network", "none", "--entrypoint", "/xdpstat", image, "--version").startswith("xdpstat ")
    assert podman("run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", image, "-c", "id -u; ls /licenses | head -1").startswith("65532")
    labels = podman.inspect(image)["Labels"]
    assert {"name", "vendor", "version", "release", "summary", "description", "io.k8s.description"} <= set(labels)
    assert labels["version"] == version()
