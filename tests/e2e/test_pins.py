# SPDX-License-Identifier: BSD-2-Clause
"""Pins that are missing, foreign or of another make; interfaces that vanish or change names."""

import json

import network
import pytest
from outcome import BUSY, INCOMPATIBLE, NOT_FOUND, OK, one_line, tool  # noqa: F401: a fixture

FIELDS = ["total_packets", "total_bytes", "icmp_packets", "tcp_packets", "udp_packets", "other_packets", "ipv4_packets", "ipv6_packets"]


@pytest.fixture
def pair(tool):
    """A cable in one namespace; its first end is attached."""
    tool.veth("a", "b")
    tool("attach", "a")
    return tool


@pytest.fixture
def folder(pair):
    return pair.pin_root / "a"


def make_map(pin, kind="array", key=4, value=64, entries=1, name="stats_map"):
    network.run("bpftool", "map", "create", pin, "type", kind, "key", key, "value", value, "entries", entries, "name", name)


def object_with(tmp_path, pin, fields: list[str], kind="ARRAY", entries=1, flags=0, struct="pkt_stats"):
    """Pins a map that carries BTF, its value a structure of these fields."""
    members = "".join(f"\t{field};\n" for field in fields)
    source = f"""
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {struct} {{
{members}}};
struct {{
	__uint(type, BPF_MAP_TYPE_{kind});
	__uint(map_flags, {flags});
	__uint(max_entries, {entries});
	__type(key, __u32);
	__type(value, struct {struct});
}} stats_map SEC(".maps");
SEC("xdp") int uses(struct xdp_md *ctx)
{{
	__u32 key = 0;
	char *value = bpf_map_lookup_elem(&stats_map, &key);

	return value && *value == 77 ? XDP_PASS : XDP_PASS;
}}
char _license[] SEC("license") = "GPL";
"""
    (tmp_path / "map.c").write_text(source)
    network.run("clang-19", "-target", "bpf", "-O2", "-g", "-I/usr/include/x86_64-linux-gnu", "-c", "map.c", "-o", "map.o", cwd=tmp_path)
    place = pin.parent.parent.parent / f"{pin.parent.parent.name}-made"
    place.mkdir()
    try:
        network.run("bpftool", "prog", "load", tmp_path / "map.o", place / "prog", "type", "xdp", "pinmaps", place)
        network.run("bpftool", "map", "pin", "pinned", place / "stats_map", pin)
    finally:
        for made in place.iterdir():
            made.unlink()
        place.rmdir()


def put(pin, words: list[int], index=0):
    """Writes 64-bit numbers as an entry of a map; of a per-CPU map, for every CPU."""
    raw = b"".join(word.to_bytes(8, "little") for word in words)
    network.run("bpftool", "map", "update", "pinned", pin, "key", *index.to_bytes(4, "little"), "value", *raw)


def shown(tool, *words) -> dict:
    result = tool("show", "a", "--json", *words)
    return json.loads(result.stdout)["interfaces"][0]["stats"] | {"note": result.stderr}


# Pins that are not what they should be.


def test_a_program_in_place_of_a_map(pair, folder):
    (folder / "stats_map").unlink()
    network.run("bpftool", "prog", "pin", "pinned", folder / "prog", folder / "stats_map")
    line = pair.refused(INCOMPATIBLE, "show", "a")
    assert f"{folder}/stats_map" in line and "it is a program, not a map" in line


def test_a_file_in_place_of_a_pin(tool, tmp_path):
    (tmp_path / "lo").mkdir()
    (tmp_path / "lo" / "stats_map").touch()
    result = tool.xdpstat("show", "lo", "--pin-root", tmp_path, netns=tool.netns, check=False)
    assert result.returncode == INCOMPATIBLE and "no BPF pin" in one_line(result)


def test_a_folder_in_place_of_a_pin(pair, folder):
    (folder / "stats_map").unlink()
    (folder / "stats_map").mkdir()
    assert "folder" in pair.refused(INCOMPATIBLE, "show", "a")
    (folder / "stats_map").rmdir()


@pytest.mark.parametrize("made, says", [
    ({"kind": "hash"}, "type hash"),
    ({"kind": "array", "value": 128}, "BTF"),
    ({"kind": "percpu_hash"}, "percpu_hash"),
    ({"kind": "array"}, "BTF"),
], ids=str)  # fmt: skip
def test_another_map(pair, folder, made, says):
    (folder / "stats_map").unlink()
    make_map(folder / "stats_map", **made)
    for command in (["show", "a"], ["status"]):
        line = pair.refused(INCOMPATIBLE, *command)
        assert says in line and f"{folder}/stats_map" in line


def test_another_key_size(pair, folder):
    (folder / "stats_map").unlink()
    make_map(folder / "stats_map", kind="hash", key=8)
    assert "hash" in pair.refused(INCOMPATIBLE, "show", "a", "--by-size")


def test_a_map_without_btf_by_size(pair, folder):
    (folder / "stats_map").unlink()
    make_map(folder / "stats_map")
    assert "--by-size" in pair.refused(INCOMPATIBLE, "show", "a")
    put(folder / "stats_map", [10, 640, 1, 2, 3, 4, 5, 5])
    stats = shown(pair, "--by-size")
    assert [stats[field] for field in FIELDS] == [10, 640, 1, 2, 3, 4, 5, 5]
    assert "stats_map: opened by size" in stats["note"] and stats["note"].count("\n") == 1


def test_a_map_of_another_size_by_size(pair, folder):
    (folder / "stats_map").unlink()
    make_map(folder / "stats_map", value=72)
    assert "72 bytes, not 64" in pair.refused(INCOMPATIBLE, "show", "a", "--by-size")


def test_another_layout_is_listed_as_a_table(pair, folder, tmp_path):
    (folder / "stats_map").unlink()
    fields = ["__u32 total_packets", "__u32 pad", "__u64 total_bytes", "__u64 icmp_packets", "__s64 tcp_packets",
              "__u64 udp_packets", "__u64 ipv4_packets", "__u64 ipv6_packets", "__u64 extra"]  # fmt: skip
    object_with(tmp_path, folder / "stats_map", fields)
    result = pair("show", "a", code=INCOMPATIBLE)
    first, *table = result.stderr.splitlines()
    assert first.startswith("xdpstat: ") and "listed below" in first
    rows = {line.split()[0]: line for line in table}
    assert set(rows) == {"field", "total_packets", "pad", "tcp_packets", "other_packets", "ipv4_packets", "ipv6_packets", "extra"}
    for field in ("total_packets", "tcp_packets", "other_packets"):
        assert rows[field].endswith("refused")
    assert "missing" in rows["other_packets"] and rows["ipv4_packets"].endswith("bridged")


@pytest.mark.parametrize("flags", [0, 1024], ids=["plain", "mmapable"])
def test_a_compatible_layout_is_read_field_by_field(pair, folder, tmp_path, flags):
    (folder / "stats_map").unlink()
    object_with(tmp_path, folder / "stats_map", ["__u64 newer", *(f"__u64 {field}" for field in reversed(FIELDS)), "__u32 tail[2]"], flags=flags)
    put(folder / "stats_map", [99, 5, 5, 4, 3, 2, 1, 640, 10, 7])
    stats = shown(pair)
    assert [stats[field] for field in FIELDS] == [10, 640, 1, 2, 3, 4, 5, 5]
    assert "made by another version" in stats["note"] and stats["note"].count("\n") == 1


@pytest.mark.parametrize("kind, entries", [("ARRAY", 1), ("ARRAY", 3), ("PERCPU_ARRAY", 1)])
def test_other_kinds_of_array(pair, folder, tmp_path, kind, entries):
    (folder / "stats_map").unlink()
    object_with(tmp_path, folder / "stats_map", [f"__u64 {field}" for field in FIELDS], kind, entries)
    for index in range(entries):
        put(folder / "stats_map", [10, 640, 1, 2, 3, 4, 5, 5], index)
    entry = network.run("bpftool", "-j", "map", "lookup", "pinned", folder / "stats_map", "key", 0, 0, 0, 0).stdout
    times = entries * len(json.loads(entry).get("values", [0]))
    stats = shown(pair)
    assert stats["note"] == ""
    assert [stats[field] for field in FIELDS] == [times * value for value in (10, 640, 1, 2, 3, 4, 5, 5)]


# Pins that are missing.


def test_missing_breakdown_pin(pair, folder):
    (folder / "traffic_map").unlink()
    assert json.loads(pair("show", "a", "--json").stdout)["interfaces"][0]["breakdown"] is False
    assert "restored" in pair("attach", "a").stdout
    assert (folder / "traffic_map").exists()


def map_id(pin) -> int:
    return json.loads(network.run("bpftool", "-j", "map", "show", "pinned", pin).stdout)["id"]


@pytest.mark.parametrize("missing", [["stats_map"], ["prog"], ["prog", "stats_map", "traffic_map"]], ids=" ".join)
def test_missing_pins_are_restored(pair, folder, missing):
    before = pair.xdp("a")
    for name in missing:
        (folder / name).unlink()
    if "stats_map" in missing:
        line = pair.refused(NOT_FOUND, "show", "a")
        assert f"{folder}/stats_map" in line and "xdpstat attach restores" in line
    assert "restored" in pair("attach", "a").stdout
    assert pair.xdp("a") == before
    assert {path.name for path in folder.iterdir()} == {"link", "prog", "stats_map", "traffic_map"}
    assert "restored" not in pair("attach", "a").stdout


@pytest.mark.parametrize("other", ["a hash", "another counter's"])
def test_pins_of_other_maps_are_replaced(pair, folder, other):
    """Else the counter would be read from a map that its program does not write."""
    number = map_id(folder / "stats_map")
    (folder / "stats_map").unlink()
    if other == "a hash":
        make_map(folder / "stats_map", kind="hash")
    else:
        pair("attach", "b")
        network.run("bpftool", "map", "pin", "pinned", pair.pin_root / "b" / "stats_map", folder / "stats_map")
    assert "restored" in pair("attach", "a").stdout
    assert map_id(folder / "stats_map") == number
    assert "restored" not in pair("attach", "a").stdout


def test_missing_link_pin(pair, folder):
    (folder / "link").unlink()
    network.until(lambda: pair.xdp("a") is None, "the kernel has let go of the link")
    assert pair.status()["a"]["mode"] == "detached"
    assert "counts from 0" in pair("attach", "a").stdout


def test_what_is_not_ours_is_not_removed(pair, folder):
    make_map(folder / "theirs", name="theirs")
    assert "'theirs'" in pair.refused(INCOMPATIBLE, "detach", "a")
    assert pair.xdp("a") and pair.status()["a"]["mode"] == "native"
    (folder / "theirs").unlink()
    other = pair.pin_root / "other"
    other.mkdir()
    make_map(other / "theirs", name="theirs")
    assert set(pair.status()) == {"a"}
    pair("detach", "--all")
    (other / "theirs").unlink()
    other.rmdir()


def test_a_pin_in_place_of_the_folder(tool):
    tool.pin_root.mkdir()
    make_map(tool.pin_root / "lo")
    assert f"{tool.pin_root}/lo" in tool.refused(INCOMPATIBLE, "attach", "lo")
    assert tool.xdp("lo") is None and tool.folders() == {"lo"}
    (tool.pin_root / "lo").unlink()


# Interfaces come, go and change their names.


def count_one(tool, end: str):
    """Makes the far end of a cable send at least one frame."""
    before = tool.packets(end)
    tool.ip("link", "set", "dev", end, "down")
    tool.ip("link", "set", "dev", end, "up")
    network.until(lambda: tool.packets(end) > before, f"{end} counts")


def test_a_deleted_interface(pair):
    count_one(pair, "a")
    before = pair.packets("a")
    pair.ip("link", "delete", "dev", "a")
    assert pair.status()["a"]["mode"] == "detached" and pair.packets("a") >= before
    pair.refused(NOT_FOUND, "attach", "a")
    pair.veth("a", "b", up=False)
    assert "counts from 0" in pair("attach", "a").stdout
    assert pair.packets("a") == 0


def test_a_deleted_interface_is_detached(pair):
    pair.ip("link", "delete", "dev", "a")
    assert pair("detach", "a").stdout == "a: detached\n" and pair.folders() == set()


def test_a_renamed_interface_is_followed(pair):
    count_one(pair, "a")
    before = pair.packets("a"), pair.xdp("a")
    pair.ip("link", "set", "dev", "a", "name", "c")
    assert set(pair.status()) == {"c"} and pair.packets("c") >= before[0]
    pair.refused(NOT_FOUND, "show", "a")
    out = pair("attach", "c").stdout
    assert "already attached" in out and "renamed" in out
    assert pair.folders() == {"c"} and pair.xdp("c") == before[1]


def test_a_new_interface_takes_the_name_of_a_renamed_one(pair):
    program = pair.xdp("a")["prog"]["id"]
    pair.ip("link", "set", "dev", "a", "name", "c")
    pair.veth("a", "d")
    assert "moved to its own" in pair("attach", "a").stdout
    assert pair.xdp("c")["prog"]["id"] == program != pair.xdp("a")["prog"]["id"]
    assert pair.folders() == {"a", "c"} and set(pair.status()) == {"a", "c"}


@pytest.mark.parametrize("circle", [["a", "b"], ["a", "b", "x"], ["a", "b", "x", "y"]], ids=len)
@pytest.mark.parametrize("first", [0, 1])
def test_names_that_change_in_a_circle(pair, circle, first):
    if len(circle) > 2:
        pair.veth("x", "y")
    pair("attach", *circle)
    programs = {name: pair.xdp(name)["prog"]["id"] for name in circle}
    for name in circle:
        pair.ip("link", "set", "dev", name, "name", f"{name}0")
    after = dict(zip(circle, circle[1:] + circle[:1]))
    for name, new in after.items():
        pair.ip("link", "set", "dev", f"{name}0", "name", new)
    for name in circle[first:] + circle[:first]:
        assert "already attached" in pair("attach", name).stdout
    rows = pair.status()
    for name, new in after.items():
        assert rows[new]["program_id"] == pair.xdp(new)["prog"]["id"] == programs[name]
        pin = json.loads(network.run("bpftool", "-j", "prog", "show", "pinned", pair.pin_root / new / "prog").stdout)
        assert pin["id"] == programs[name]
    assert pair.folders() == set(circle)


def test_the_same_name_in_another_namespace(pair, make_namespace):
    other = make_namespace("other")
    network.run(*network.inside(other), "ip", "link", "add", "name", "a", "type", "veth", "peer", "name", "b")
    before = pair.xdp("a")
    for command in (["attach", "a"], ["run", "a"], ["detach", "a"]):
        assert "another network namespace" in pair.refused(BUSY, *command, netns=other)
    assert pair.status(netns=other)["a"]["mode"] == "other namespace"
    assert pair.xdp("a") == before and pair("attach", "a").stdout.startswith("a: already attached")
    assert pair("detach", "--all", netns=other).stdout == "a: detached\n"
    assert pair.xdp("a") is None and pair.folders() == set()
