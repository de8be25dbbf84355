# SPDX-License-Identifier: BSD-2-Clause
"""The walk-through by shell, script by script: it counts exactly, refuses clearly and touches nothing of others."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import network
import pytest
from test_counts import flood, frame
from walkthrough import (  # noqa: F401
    DEMO, ROOT, done, foreign_object, maps, path_without, refused, run, tree,
)  # fmt: skip

PIN_NAMES = {"xdp_counter", "stats_map", "traffic_map", "xdp_coun_rodata"}


class Walk:
    """The scripts with a pin folder of the test's own, on the receiving end of a link."""

    def __init__(self, tree: Path, pins: Path, link: network.Link):  # noqa: F811
        self.demo, self.pins, self.link = tree / "demo", pins, link
        self.end = link.receiver
        self.object = tree / "build" / "demo" / "xdp_counter.o"

    def __call__(self, name: str, *arguments, pins=True, **options) -> subprocess.CompletedProcess:
        (script,) = self.demo.glob(f"{name}*.sh")
        return run(script, *(["--pins", self.pins] if pins else []), *arguments, **{"netns": self.end.netns, **options})

    def stats(self) -> dict[str, int]:
        shown = [
            done(run(self.demo / name, "--json", self.pins / "stats_map", netns=self.end.netns))
            for name in ("03-show-stats.sh", "03-show-stats-python.py")
        ]
        assert shown[0] == shown[1]
        return json.loads(shown[0])

    def attached(self, interface: str | None = None) -> dict | None:
        """What the kernel says is attached."""
        words = ["ip", "-j", "-d", "link", "show", "dev", interface or self.end.name]
        return json.loads(self.end.run(*words).stdout)[0].get("xdp")

    def pinned(self) -> set[str]:
        return {path.name for path in self.pins.iterdir()} if self.pins.exists() else set()

    def program(self) -> int:
        return json.loads(network.run("bpftool", "-j", "prog", "show", "pinned", self.pins / "xdp_counter").stdout)["id"]


@pytest.fixture
def walk_on(tree, pin_root, make_link, bpf_object):  # noqa: F811
    """walk_on(link) is the walk-through on that link, compiled; taken away again by its own script, before the links."""
    walks = []

    def start(link: network.Link) -> Walk:
        one = Walk(tree, pin_root / "walk", link)
        pin_root.mkdir(exist_ok=True)
        one.object.parent.mkdir(parents=True)
        shutil.copy(bpf_object, one.object)
        walks.append(one)
        return one

    yield start
    for one in walks:
        done(one("00"))


@pytest.fixture
def walk(walk_on, link):
    return walk_on(link)


@pytest.fixture
def link(make_link) -> network.Link:
    """One on which nothing moves but what the test sends."""
    return make_link(ipv6=False)


def other_program(walk: Walk, maps: Path) -> int:  # noqa: F811
    """Puts somebody else's program on the interface; its id."""
    walk.end.run("bpftool", "net", "attach", "xdp", "pinned", maps / "someone_else", "dev", walk.end.name)
    return walk.attached()["prog"]["id"]


def test_the_walk(walk, send):
    walk.object.unlink()
    compiled = done(walk("01", pins=False))
    assert f"compiled  {walk.object}\n" in compiled and " -target bpf " in compiled

    loaded = done(walk("02", walk.end.name))
    assert walk.pinned() == PIN_NAMES
    assert f"attached  to {walk.end.name} in native mode" in loaded
    assert walk.attached()["prog"]["name"] == "xdp_counter" and walk.attached()["mode"] == 1

    kernel = network.settled(walk.end)["rx_packets"]
    before = walk.stats()
    flood(walk.link, send, [frame(walk.link, 6, 64), frame(walk.link, 17, 1000)], count=3_000)
    received = network.settled(walk.end)["rx_packets"] - kernel
    counted = {name: value - before[name] for name, value in walk.stats().items()}
    assert received == 6_000
    assert counted == {
        "total_packets": 6_000, "total_bytes": 3_000 * 1064, "icmp_packets": 0, "tcp_packets": 3_000, "udp_packets": 3_000,
        "other_packets": 0, "ipv4_packets": 6_000, "ipv6_packets": 0,
    }  # fmt: skip

    assert f"ok    {walk.end.name} carries xdp_counter" in done(walk("99", walk.end.name))
    unloaded = done(walk("04", walk.end.name))
    assert f"detached  xdp_counter (id {loaded.split('(id ')[1].split(')')[0]}) from {walk.end.name}, native mode" in unloaded
    assert walk.attached() is None and not walk.pins.exists()
    assert f"removed   {walk.object.parent}\n" in done(walk("00"))
    assert not walk.object.parent.parent.exists()
    assert done(walk("00")) == "clean\n"


def test_it_compiles_what_the_build_compiles(tree, tmp_path, pin_root, bpf_object):  # noqa: F811
    """Instruction by instruction: the kernel's tag of a program is a hash of them."""
    done(run(tree / "demo" / "01-compile.sh", "-o", tmp_path / "one.o"))
    pin_root.mkdir()
    pin, tags = pin_root / "program", []
    for built in (tmp_path / "one.o", bpf_object):
        network.run("bpftool", "prog", "load", built, pin, "type", "xdp")
        tags.append(json.loads(network.run("bpftool", "-j", "prog", "show", "pinned", pin).stdout)["tag"])
        pin.unlink()
    assert tags[0] == tags[1]


def test_jumbo_frames_are_counted_natively(walk_on, make_link, send):
    walk = walk_on(make_link(mtu=9000, ipv6=False))
    assert "in native mode" in done(walk("02", walk.end.name))
    before = walk.stats()
    send(walk.link.sender, frame=frame(walk.link, 17, 9014), count=10)
    network.settled(walk.end)
    assert walk.stats()["total_bytes"] - before["total_bytes"] == 10 * 9014


def test_loading_twice_changes_nothing(walk):
    done(walk("02", walk.end.name))
    program = walk.program()
    again = done(walk("02", walk.end.name))
    assert f"loaded    already: xdp_counter (id {program})" in again
    assert f"attached  already: to {walk.end.name} in native mode" in again
    assert walk.program() == program == walk.attached()["prog"]["id"]


def test_two_loads_at_once(walk):
    """The one that comes too late must not take away what the other has attached."""
    for other in (False, True):
        if other:
            done(walk("02", "lo"))  # loaded, so that both go on to attach at once
        for _ in range(5):
            loads = [
                subprocess.Popen([*network.inside(walk.end.netns), walk.demo / "02-load.sh", "--pins", walk.pins, walk.end.name],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                for _ in range(2)
            ]  # fmt: skip
            ended = [(process.communicate(timeout=60)[1], process.returncode) for process in loads]
            assert ended == [("", 0)] * 2
            assert walk.attached()["prog"]["id"] == walk.program()
            done(walk("04", walk.end.name))
        done(walk("04"))


def test_generic_mode_is_said_and_why(walk):
    said = done(walk("02", "lo"))
    assert "attached  to lo in generic mode" in said and "refused native mode (Operation not supported)" in said
    assert walk.attached("lo")["mode"] == 2


def test_two_interfaces_share_one_program(walk):
    done(walk("02", walk.end.name))
    assert "loaded    already" in done(walk("02", "lo"))
    assert walk.attached("lo")["prog"]["id"] == walk.program()
    said = done(walk("04", "lo"))
    assert "from lo, generic mode" in said and f"{walk.end.name} still counts" in said
    assert walk.attached("lo") is None and walk.attached() is not None and walk.pinned() == PIN_NAMES
    done(walk("02", "lo"))
    done(walk("00"))
    assert walk.attached("lo") is walk.attached() is None and walk.pinned() == set()


def test_the_default_route_chooses_the_interface(walk):
    line = refused(walk("02"))
    assert line.startswith("no default route tells which interface to use: name one: ")
    walk.end.run("ip", "route", "add", "default", "via", walk.link.sender.ipv4)
    assert f"attached  to {walk.end.name}" in done(walk("02"))
    assert f"{walk.end.name} carries xdp_counter" in done(walk("99"))


def test_the_default_folder_of_pins(walk):
    """The paths of the documentation; the environment chooses others."""
    said = done(walk("02", walk.end.name, pins=False, env={**os.environ, "XDPSTAT_PINS": f"{walk.pins}/"}))
    assert walk.pinned() == PIN_NAMES
    assert f"next      sudo {walk.demo}/03-show-stats.sh {walk.pins}/stats_map" in said
    for script in ("02-load.sh", "04-unload.sh", "00-cleanup-all.sh", "99-diagnose.sh", "03-show-stats.sh"):
        assert "/sys/fs/bpf (" in (text := done(run(DEMO / script, "--help"))) or "/sys/fs/bpf/stats_map" in text
    assert 'pins=${XDPSTAT_PINS:-/sys/fs/bpf}' in (DEMO / "lib.sh").read_text()


def test_names_are_those_of_the_header():
    header = (ROOT / "abi" / "xdp_counter.h").read_text()
    names = dict(re.findall(r'#define XDP_COUNTER_(PROGRAM|STATS_MAP|TRAFFIC_MAP) "(\w+)"', header))
    wanted = f"program={names['PROGRAM']} stats_map={names['STATS_MAP']} traffic_map={names['TRAFFIC_MAP']}\n"
    assert f"readonly {wanted}" in (DEMO / "lib.sh").read_text()


# What 02-load.sh refuses, and that it then leaves nothing behind.


def test_an_interface_that_carries_another_program(walk, maps):  # noqa: F811
    other = other_program(walk, maps)
    line = refused(walk("02", walk.end.name))
    assert line.startswith(f"{walk.end.name} carries another XDP program, 'someone_else' (id {other}): it is left alone")
    assert walk.attached()["prog"]["id"] == other and not walk.pins.exists()
    result = walk("99", walk.end.name)
    assert result.returncode == 1 and f"carries another XDP program, 'someone_else' (id {other})" in result.stdout


def test_an_interface_on_which_xdpstat_counts(walk, xdpstat, pin_root):
    xdpstat("attach", walk.end.name, "--pin-root", pin_root, netns=walk.end.netns)
    other = walk.attached()["prog"]["id"]
    assert f"another XDP program, 'xdp_counter' (id {other})" in refused(walk("02", walk.end.name))
    done(walk("02", "lo"))
    assert f"'xdp_counter' (id {other}), is not the one pinned in {walk.pins}" in refused(walk("04", walk.end.name))
    said = done(walk("00"))
    assert f"kept      xdp_counter (id {other}) on {walk.end.name}" in said
    assert walk.attached()["prog"]["id"] == other and (pin_root / walk.end.name / "stats_map").exists()
    xdpstat("detach", walk.end.name, "--pin-root", pin_root, netns=walk.end.netns)


@pytest.mark.parametrize("name", sorted(PIN_NAMES))
def test_a_pin_of_somebody_else(walk, name):
    walk.pins.mkdir()
    network.run("bpftool", "map", "create", walk.pins / name, "type", "array", "key", 4, "value", 64, "entries", 1, "name", name)
    line = refused(walk("02", walk.end.name))
    assert line.startswith(f"{walk.pins / name} is there already and not of this walk-through: it is left alone")
    assert walk.attached() is None
    assert f"fail  {walk.pins / name} is not of this walk-through" in walk("99", walk.end.name).stdout
    assert done(walk("04")) == f"nothing of the walk-through in {walk.pins}\n"
    assert f"kept      {walk.pins / name}: not of this walk-through" in done(walk("00"))
    assert walk.pinned() == {name}
    (walk.pins / name).unlink()


def test_another_program_under_our_name(walk, maps):  # noqa: F811
    walk.pins.mkdir()
    (maps / "someone_else").rename(maps / "xdp_counter")
    walk.pins, own = maps, walk.pins
    assert "xdp_counter is there already and not of this walk-through" in refused(walk("02", walk.end.name))
    assert "xdp_counter: not of this walk-through" in done(walk("00"))
    assert (maps / "xdp_counter").exists()
    walk.pins = own


def test_a_namesake_of_somebody_else(walk, foreign_object):  # noqa: F811
    """Their program and their map bear our names, and the one uses the other."""
    walk.pins.mkdir()
    network.run("bpftool", "prog", "load", foreign_object("namesake"), walk.pins / "xdp_counter", "type", "xdp", "pinmaps", walk.pins)
    walk.end.run("bpftool", "net", "attach", "xdp", "pinned", walk.pins / "xdp_counter", "dev", walk.end.name)
    assert f"{walk.pins}/xdp_counter is there already and not of this walk-through" in refused(walk("02", "lo"))
    assert "is not the one pinned in" in refused(walk("04", walk.end.name))
    assert f"nothing of the walk-through in {walk.pins}\n" == done(walk("04"))
    assert f"kept      {walk.pins}/stats_map: " in done(walk("00"))
    assert walk.attached()["prog"]["name"] == "xdp_counter" and walk.pinned() == {"xdp_counter", "stats_map"}
    walk.end.run("ip", "link", "set", "dev", walk.end.name, "xdp", "off")
    shutil.rmtree(walk.pins)


def test_half_a_load(walk):
    done(walk("02", walk.end.name))
    (walk.pins / "traffic_map").unlink()
    assert "half a load: take it away first: sudo" in refused(walk("02", walk.end.name))
    assert "holds half a load" in walk("99", walk.end.name).stdout
    done(walk("04"))
    assert walk.attached() is None and not walk.pins.exists()


def test_arguments_that_cannot_be(walk, tmp_path):
    assert refused(walk("02", "nowhere")) == "no interface nowhere here: choose one of: ip -brief link"
    assert refused(walk("04", "nowhere")) == "no interface nowhere here: choose one of: ip -brief link"
    assert "fail  no interface nowhere here" in walk("99", "nowhere").stdout
    for script in ("02", "04", "00", "99"):
        assert "unknown option --nonsense" in refused(walk(script, "--nonsense"), 2)
        assert "must be an absolute path" in refused(walk(script, "--pins", "relative", pins=False), 2)
        assert "--pins wants a folder" in refused(walk(script, "--pins", pins=False), 2)
        assert "not understood: 'two'" in refused(walk(script, "one", "two"), 2) or script == "00"
        assert done(walk(script, "--help")).startswith("Usage: ")
    assert "not understood: 'eth0'" in refused(walk("00", "eth0"), 2)
    assert "not understood: 'eth0'" in refused(walk("01", "eth0", pins=False), 2)
    assert done(walk("01", "--help", pins=False)).startswith("Usage: ")
    walk.pins, own = tmp_path, walk.pins
    assert f"{tmp_path} is not on a BPF file system: mount one:" in refused(walk("02", walk.end.name))
    assert f"fail  {tmp_path} is not on a BPF file system" in walk("99", walk.end.name).stdout
    walk.pins = own


def test_an_object_that_is_not_there_or_none(walk):
    walk.object.write_bytes(b"no object")
    line = refused(walk("02", walk.end.name))
    assert line.startswith(f"cannot load {walk.object}: Error: ") and "kernel 5.18" in line
    walk.object.unlink()
    assert refused(walk("02", walk.end.name)).startswith(f"no object at {walk.object}: compile it first: ")
    assert not walk.pins.exists()


def test_without_root():
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    for script in ("00-cleanup-all.sh", "02-load.sh", "04-unload.sh"):
        assert refused(run(DEMO / script, **nobody)).startswith("root is needed, ")
    result = run(DEMO / "99-diagnose.sh", env={**os.environ, "PATH": "/usr/bin:/bin"}, **nobody)
    assert result.returncode == 1 and "fail  " in result.stdout and result.stderr == ""


@pytest.mark.parametrize("tool", ["bpftool", "ip"])
def test_without_a_tool(walk, tmp_path, tool):
    # Its folder is shadowed for this process alone, as the scripts look in /usr/sbin whatever PATH says.
    folder = path_without(tmp_path / "bin", tool)
    hidden = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /usr/sbin && shift && exec "$@"', "sh", folder]
    environment = {**os.environ, "PATH": folder}
    for script, code in (("02-load.sh", 1), ("04-unload.sh", 1), ("99-diagnose.sh", 1)):
        command = [*hidden, walk.demo / script, "--pins", walk.pins, "lo"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
        assert result.returncode == code
        assert f"{tool} is missing: sudo {walk.demo.parent}/scripts/install-deps demo\n" in result.stdout + result.stderr


def test_an_interface_that_refuses_both_modes(walk, tmp_path):
    """What was loaded by then is taken back."""
    text = '#!/bin/sh\ncase "$*" in "net attach"*) echo "Error: failed: Device or resource busy" >&2; exit 1 ;; esac\nexec /usr/sbin/bpftool "$@"\n'
    environment = {**os.environ, "PATH": path_without(tmp_path / "bin", replaced={"bpftool": text})}
    result = walk("02", walk.end.name, env=environment)
    assert result.returncode == 1
    assert f"cannot attach to {walk.end.name}: native mode: Device or resource busy; generic mode: Device or" in result.stderr
    assert result.stderr.count("\n") == 1 and not walk.pins.exists()
    # But not what was there before.
    done(walk("02", "lo"))
    assert walk("02", walk.end.name, env=environment).returncode == 1
    assert walk.pinned() == PIN_NAMES and walk.attached("lo") is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("words", ["prog load", "net attach"])
def test_nothing_is_left_after_a_signal(walk, tmp_path, number, words):
    """As Ctrl-C does it: the signal goes to bpftool too, which has just done its part."""
    text = f'#!/bin/sh\n/usr/sbin/bpftool "$@"\ncode=$?\ncase "$*" in "{words}"*) kill -{int(number)} 0; sleep 1 ;; esac\nexit $code\n'
    environment = {**os.environ, "PATH": path_without(tmp_path / "bin", replaced={"bpftool": text})}
    result = walk("02", walk.end.name, env=environment, start_new_session=True)
    assert result.returncode == 128 + number
    assert walk.attached() is None and not walk.pins.exists()


# What the others refuse.


def test_unloading_where_there_is_nothing(walk):
    assert done(walk("04")) == done(walk("04", walk.end.name)) == f"nothing of the walk-through in {walk.pins}\n"


def test_unloading_what_is_not_ours(walk, maps):  # noqa: F811
    done(walk("02", "lo"))
    other = other_program(walk, maps)
    line = refused(walk("04", walk.end.name))
    assert line.startswith(f"the XDP program on {walk.end.name}, 'someone_else' (id {other}), is not the one pinned in {walk.pins}")
    assert walk.attached()["prog"]["id"] == other and walk.pinned() == PIN_NAMES
    done(walk("00"))
    assert walk.attached()["prog"]["id"] == other and walk.pinned() == set()


def test_pins_of_others_in_the_same_folder_stay(walk):
    walk.pins.mkdir()
    network.run("bpftool", "map", "create", walk.pins / "theirs", "type", "array", "key", 4, "value", 64, "entries", 1, "name", "theirs")
    done(walk("02", walk.end.name))
    assert walk.pinned() == PIN_NAMES | {"theirs"}
    done(walk("04"))
    assert walk.pinned() == {"theirs"}
    (walk.pins / "theirs").unlink()


def test_what_stops_the_compiler(tree):  # noqa: F811
    compile_sh = tree / "demo" / "01-compile.sh"
    assert refused(run(compile_sh, env={**os.environ, "CLANG": "clang-none"})).startswith("clang-none is missing: sudo ")
    assert "-o wants a file" in refused(run(compile_sh, "-o"), 2)
    assert "cannot make the folder of /proc/none/one.o" in refused(run(compile_sh, "-o", "/proc/none/one.o"))

    program = tree / "bpf" / "xdp_counter.bpf.c"
    text = program.read_text()
    program.write_text(text.replace("<bpf/bpf_helpers.h>", "<bpf/none.h>"))
    result = run(compile_sh)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "clang finds no bpf/none.h: the headers of libbpf or the kernel are missing: sudo" in result.stderr
    program.write_text(text + "nonsense\n")
    result = run(compile_sh)
    assert result.returncode == 1 and "cannot compile it, as it says above" in result.stderr.splitlines()[-1]

    recipe = tree / "cmake" / "AddBpfObject.cmake"
    recipe.write_text(recipe.read_text().replace("COMMAND ${BPF_CLANG}", "COMMAND clang"))
    assert refused(run(compile_sh)).startswith("no flags for clang found in ")


def test_the_diagnosis_without_xdpstat(walk):
    """The tree of the test holds no build of it; the PATH must not either."""
    if shutil.which("xdpstat"):
        pytest.skip("xdpstat is installed here")
    said = walk("99", walk.end.name).stdout
    for line in ("ok    kernel ", "ok    the kernel's BTF", "ok    the right to load and attach", "ok    a BPF file system for",
                 "ok    bpftool: ", f"ok    {walk.end.name} is free", "note  nothing pinned by this walk-through"):  # fmt: skip
        assert line in said, line


def test_the_diagnosis_asks_xdpstat(walk, xdpstat):
    (walk.demo.parent / "build" / "release").mkdir()
    (walk.demo.parent / "build" / "release" / "xdpstat").symlink_to(xdpstat.binary)
    said = walk("99", walk.end.name).stdout
    assert said.splitlines()[0].endswith(f"xdpstat doctor {walk.end.name}") and "ok    XDP program    none" in said
    done(walk("02", walk.end.name))
    said = done(walk("99", walk.end.name))
    assert said.splitlines()[0].endswith("xdpstat doctor") and f"{walk.end.name} carries xdp_counter" in said
    shutil.rmtree(walk.demo.parent / "build" / "release")
