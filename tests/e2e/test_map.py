# SPDX-License-Identifier: BSD-2-Clause
"""The map commands on real maps of every kind: what they show, and what they refuse."""

import json
import os
import re
import shutil
import signal
import struct
import subprocess

import network
import pytest
from conftest import need
from map_samples import CPUS, flow_key, flow_stats, kinds, put  # noqa: F401
from test_output import GOLDEN, as_nobody, validate  # noqa: F401
from walkthrough import foreign_object  # noqa: F401

OK, FAILURE, USAGE, NOT_FOUND, PERMISSION, BUSY, INCOMPATIBLE, UNSUPPORTED, FINDINGS = range(9)


@pytest.fixture
def shown(xdpstat, validate):  # noqa: F811
    """shown(MAP, ...) is the document of `map show --json`, which keeps to its schema."""

    def show(target, *words) -> dict:
        document = xdpstat.json("map", "show", target, "--json", *words)
        validate(document, "map")
        return document

    return show


def refused(xdpstat, code: int, *words) -> str:
    result = xdpstat("map", *words, check=False)
    lines = result.stderr.splitlines()
    assert (result.returncode, result.stdout, len(lines)) == (code, "", 1), result
    return lines[0]


def values(document: dict) -> list:
    return [entry["value"] for entry in document["entries"]]


# What is shown.


def test_every_type(kinds, shown):
    put(kinds / "flows", flow_key(1), flow_stats(7, verdict=7))
    put(kinds / "flows", flow_key(2), flow_stats(2**64 - 1, verdict=3, comm=b"\x01binary"))
    first, second = sorted(shown(kinds / "flows")["entries"], key=lambda entry: entry["key"]["saddr"])
    assert first["key"] == {
        "saddr": "10.0.0.1", "daddr": "192.168.0.1", "sport": 443, "dport": 53, "protocol": 17, "pad": [0, 0, 0]
    }  # fmt: skip
    assert first["value"] == {
        "packets": 7, "bytes": 100, "verdict": "VERDICT_LATER", "seen": True, "comm": "curl", "delta": -2, "low": 9, "high": 1234567
    }  # fmt: skip
    assert second["value"]["packets"] == 2**64 - 1
    assert second["value"]["verdict"] == 3
    assert second["value"]["comm"] == [1, *b"binary", 0, 0, 0, 0]


def test_a_table_for_people(kinds, xdpstat):
    put(kinds / "flows", flow_key(1), flow_stats(1234567))
    title, heads, row = xdpstat("map", "show", kinds / "flows").stdout.splitlines()
    assert re.fullmatch(r"flows  hash, id \d+, 1 of 600 entries", title)
    assert heads.split() == "saddr daddr sport dport protocol pad packets bytes verdict seen comm delta low high".split()
    assert row.split() == "10.0.0.1 192.168.0.1 443 53 17 000000 1,234,567 100 VERDICT_PASS true curl -2 9 1,234,567".split()


def test_addresses_of_other_kinds(kinds, shown):
    peer = bytes.fromhex("20010db8000000000000000000000001") + bytes.fromhex("02004c4f4f50") + struct.pack("<H", 3)
    put(kinds / "peers", peer, struct.pack("<I", 1))
    (entry,) = shown(kinds / "peers")["entries"]
    assert entry["key"] == {"addr": "2001:db8::1", "mac": "02:00:4c:4f:4f:50", "zone": 3}
    put(kinds / "hosts", bytes([127, 0, 0, 1]), bytes(8))
    assert shown(kinds / "hosts")["entries"] == [{"key": "127.0.0.1", "value": 0}]
    put(kinds / "routes", struct.pack("<I4B", 24, 10, 1, 2, 0), struct.pack("<I", 5))
    put(kinds / "routes", struct.pack("<I4B", 8, 10, 0, 0, 0), struct.pack("<I", 6))
    routes = {(entry["key"]["addr"], entry["key"]["prefixlen"]): entry["value"] for entry in shown(kinds / "routes")["entries"]}
    assert routes == {("10.1.2.0", 24): 5, ("10.0.0.0", 8): 6}


def test_more_entries_than_a_batch(kinds, shown):
    lines = [f"map update pinned {kinds}/flows key {' '.join(map(str, flow_key(i)))} value {' '.join(map(str, flow_stats(i)))}" for i in range(600)]
    network.run("bpftool", "batch", "file", "-", input="\n".join(lines))
    document = shown(kinds / "flows", "--by", "packets", "-n", 3)
    assert document["total"] == 600
    assert [value["packets"] for value in values(document)] == [599, 598, 597]
    everything = shown(kinds / "flows")
    assert {value["packets"] for value in values(everything)} == set(range(600)) and len(everything["entries"]) == 600


@pytest.mark.parametrize("name", ["cpu_flows", "cpu_numbers"])
def test_the_sum_of_all_cpus_or_each(kinds, shown, xdpstat, name):
    if name == "cpu_flows":
        put(kinds / name, flow_key(1), flow_stats(2**62))
        one = {"packets": 2**62, "bytes": 100, "verdict": "VERDICT_PASS", "seen": True, "comm": "curl", "delta": -2, "low": 9, "high": 1234567}
        total = {field: number * CPUS if type(number) is int else number for field, number in one.items()}
        total["packets"] = total["packets"] if total["packets"] < 2**64 else str(total["packets"])
    else:
        put(kinds / name, struct.pack("<I", 1), struct.pack("<Q", 2**40))
        one, total = 2**40, 2**40 * CPUS
    (entry,) = [entry for entry in shown(kinds / name)["entries"] if entry["value"] != 0]
    assert entry["value"] == total
    by_cpu = shown(kinds / name, "--per-cpu")
    each = [entry for entry in by_cpu["entries"] if entry["value"] != 0]
    assert [(entry["cpu"], entry["value"]) for entry in each] == [(cpu, one) for cpu in range(CPUS)]
    assert by_cpu["total"] == shown(kinds / name)["total"] and len(by_cpu["entries"]) == by_cpu["total"] * CPUS
    if zeros := len(by_cpu["entries"]) - CPUS:
        text = xdpstat("map", "show", kinds / name, "--per-cpu").stdout.splitlines()
        assert text[-1] == f"{zeros} rows are zero: --all shows all"


def test_arrays_and_zeros(kinds, shown, xdpstat):
    put(kinds / "numbers", struct.pack("<I", 2), struct.pack("<Q", 5))
    assert [(entry["key"], entry["value"]) for entry in shown(kinds / "numbers")["entries"]] == [(0, 0), (1, 0), (2, 5), (3, 0)]
    text = xdpstat("map", "show", kinds / "numbers").stdout.splitlines()
    assert [line.split() for line in text[1:3]] == [["key", "value"], ["2", "5"]]
    assert text[3:] == ["3 entries are zero: --all shows all"]
    assert len(xdpstat("map", "show", kinds / "numbers", "--all").stdout.splitlines()) == 6
    wide = [0] * 128
    wide[17] = 9
    put(kinds / "wide", struct.pack("<I", 1), struct.pack("<128Q", *wide))
    assert xdpstat("map", "show", kinds / "wide").stdout.splitlines()[1:] == [
        "key 1", "  cells[1][1]  9", "1 entry is zero: --all shows all", "127 fields are zero: --all shows all"
    ]  # fmt: skip


def test_global_data(kinds, shown, xdpstat):
    (data,) = values(shown(kinds / "kinds_data"))
    assert data["counted"] == 5 and data["last_flow"]["dport"] == 443
    assert values(shown(kinds / "kinds_rodata")) == [{"label": "edge"}]
    assert xdpstat("map", "show", kinds / "kinds_rodata").stdout.splitlines()[1] == "  label  edge"


def test_maps_without_types_are_shown_in_hex(kinds, shown, xdpstat):
    put(kinds / "no_types", bytes([1, 2]), bytes([3, 4, 5]))
    document = shown(kinds / "no_types")
    assert document["entries"] == [{"key": "0102", "value": "030405"}]
    assert document["map"]["key_type"] is None and document["map"]["value_type"] is None
    assert "no BTF tells its types" in xdpstat("map", "show", kinds / "no_types").stdout


def test_queues_keep_their_entries(kinds, validate, xdpstat):  # noqa: F811
    assert "0 of" not in xdpstat("map", "show", kinds / "waiting").stdout
    for number in (7, 8):
        network.run("bpftool", "map", "update", "pinned", kinds / "waiting", "value", *struct.pack("<Q", number))
    for _ in range(2):
        result = xdpstat("map", "show", kinds / "waiting", "--json")
        document = json.loads(result.stdout)
        validate(document, "map")
        assert document["entries"] == [{"key": None, "value": struct.pack("<Q", 7).hex()}] and document["complete"] is False
        assert len(result.stderr.splitlines()) == 1 and "taking them out" in result.stderr


def test_the_counters_own_maps(xdpstat, link, attach, pin_root, shown, validate):  # noqa: F811
    attach(link.receiver)
    link.sender.run("ping", "-q", "-c", 20, "-i", 0.01, link.receiver.ipv4)
    network.settled(link.receiver)
    folder = pin_root / link.receiver.name
    (counter,) = xdpstat.json("show", "--json", "--pin-root", pin_root, netns=link.receiver.netns)["interfaces"]
    slots = values(shown(folder / "stats_map"))
    assert counter["stats"]["icmp_packets"] >= 20
    assert {field: sum(slot[field] for slot in slots) for field in counter["stats"]} == counter["stats"]
    cells = [cell for slot in values(shown(folder / "traffic_map")) for plane in slot["cell"] for row in plane for cell in row]
    assert sum(cell["packets"] for cell in cells) == counter["stats"]["total_packets"]
    assert sum(cell["bytes"] for cell in cells) == counter["stats"]["total_bytes"]
    text = xdpstat("map", "show", folder / "traffic_map").stdout
    assert re.search(r"^  cell(\[\d\]){3}\.packets +\d+$", text, re.MULTILINE)


def test_list(kinds, xdpstat, validate):  # noqa: F811
    document = xdpstat.json("map", "list", "--json")
    validate(document, "maps")
    flows = shown_id(xdpstat, kinds / "flows")
    (row,) = [one for one in document["maps"] if one["id"] == flows]
    assert (row["name"], row["type"], row["max_entries"], row["key_type"], row["value_type"]) == (
        "flows", "hash", 600, "struct flow", "struct flow_stats"
    )  # fmt: skip
    lines = [line for line in xdpstat("map", "list").stdout.splitlines() if line.split()[0] == str(flows)]
    assert lines[0].split() == f"{flows} flows hash 600 16 B 40 B struct flow struct flow_stats".split()


def shown_id(xdpstat, pin) -> int:
    return xdpstat.json("map", "show", pin, "--json")["map"]["id"]


def test_by_id_and_by_name(kinds, shown, xdpstat):
    put(kinds / "lru_flows", flow_key(3), struct.pack("<Q", 3))
    by_pin = shown(kinds / "lru_flows")
    by_id = shown(f"id:{by_pin['map']['id']}")
    by_name = shown("name:lru_flows")
    assert by_pin["entries"] == by_id["entries"] == by_name["entries"] != []


# Sorted, limited, again and again.


def test_sorted_by_any_field(kinds, shown):
    for host, packets in ((1, 20), (2, 3), (3, 100)):
        put(kinds / "flows", flow_key(host, port=host + 1000), flow_stats(packets, size=1000 - packets))

    def hosts(*words) -> list[int]:
        return [int(entry["key"]["saddr"].split(".")[3]) for entry in shown(kinds / "flows", *words)["entries"]]

    assert hosts("--by", "packets") == hosts("--by", "value.packets") == [3, 1, 2]
    assert hosts("--by", "packets", "--reverse") == [2, 1, 3]
    assert hosts("--by", "bytes") == [2, 1, 3]
    assert hosts("--by", "sport") == hosts("--by", "key.sport") == hosts("--by", "key") == [3, 2, 1]
    assert hosts("--by", "packets", "-n", 1) == [3]


def test_rates(kinds, xdpstat, validate):  # noqa: F811
    put(kinds / "flows", flow_key(1), flow_stats(10))
    watching = xdpstat.start("map", "top", kinds / "flows", "--by", "packets", "--rate", "--json", "-i", 0.2)
    first = json.loads(watching.stdout.readline())
    validate(first, "map")
    assert [entry["rates"] for entry in first["entries"]] == [{"packets": 0, "bytes": 0, "delta": 0, "low": 0, "high": 0}]
    put(kinds / "flows", flow_key(1), flow_stats(1010))
    put(kinds / "flows", flow_key(2), flow_stats(5000))
    grown = {}
    while len(grown) < 2:
        document = json.loads(watching.stdout.readline())
        rates = [entry["rates"]["packets"] for entry in document["entries"]]
        assert rates == sorted(rates, reverse=True)
        grown |= {one["key"]["saddr"]: one["rates"]["packets"] * document["seconds"] for one in document["entries"] if one["rates"]["packets"]}
    assert grown == {"10.0.0.1": pytest.approx(1000), "10.0.0.2": pytest.approx(5000)}
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=5) == OK
    assert "packets/s" in xdpstat("map", "show", kinds / "flows", "--rate", "-i", 0.1).stdout


def test_watch_shows_what_changes(kinds, xdpstat):
    watching = xdpstat.start("map", "watch", kinds / "numbers", "--json", "-i", 0.1)
    assert values(json.loads(watching.stdout.readline())) == [0, 0, 0, 0]
    put(kinds / "numbers", struct.pack("<I", 1), struct.pack("<Q", 77))
    for line in watching.stdout:
        if values(json.loads(line)) == [0, 77, 0, 0]:
            break
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=5) == OK


def test_watch_ends_with_its_reader(kinds, xdpstat):
    watching = xdpstat.start("map", "watch", kinds / "numbers", "-i", 0.05)
    watching.stdout.readline()
    watching.stdout.close()
    watching.stdout = None
    assert watching.wait(timeout=5) == OK


def test_top_shows_twenty(kinds, xdpstat):
    for host in range(25):
        put(kinds / "flows", flow_key(host), flow_stats(host))
    rows = xdpstat("map", "top", kinds / "flows", "--by", "packets", "--count", 1).stdout.splitlines()[2:]
    assert [line.split()[6] for line in rows if line] == [str(24 - i) for i in range(20)]


def test_in_a_terminal(kinds, xdpstat):
    need(shutil.which("script") is not None, "script")
    put(kinds / "flows", flow_key(1), flow_stats(4711))
    command = f"{xdpstat.binary} map top {kinds}/flows --by packets -i 0.1 --count 2"
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "30"}
    result = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True, timeout=20, env=environment)
    assert result.returncode == OK and "4,711" in result.stdout and "q ends" in result.stdout
    result = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, text=True, timeout=20, env={**environment, "TERM": "no-such-terminal"}
    )
    assert result.returncode == OK and "4,711" in result.stdout and "q ends" not in result.stdout


# What is refused.


def test_what_is_not_there(kinds, xdpstat):
    assert "No such file" in refused(xdpstat, NOT_FOUND, "show", kinds / "nothing")
    assert "id:N or name:NAME" in refused(xdpstat, NOT_FOUND, "show", "flows")
    assert "map list shows all" in refused(xdpstat, NOT_FOUND, "show", "id:4000000000")
    assert "map list shows all" in refused(xdpstat, NOT_FOUND, "show", "name:no_such_map")
    for wrong in ("id:", "id:x", "id:-1", "id:1x"):
        assert "stands a number" in refused(xdpstat, USAGE, "show", wrong)
    for beyond in ("id:4294967296", "id:1000000000000", "id:99999999999999999999"):
        assert f"{beyond}: a map's id is from 1 to 4294967295" in refused(xdpstat, USAGE, "show", beyond)


def test_what_is_no_map(kinds, xdpstat):
    assert "a program, not a map" in refused(xdpstat, INCOMPATIBLE, "show", kinds / "program")
    assert refused(xdpstat, INCOMPATIBLE, "show", "/etc/hostname")


def test_two_of_one_name(kinds, xdpstat):
    other = kinds / "other"
    network.run("bpftool", "map", "create", other, "type", "array", "key", 4, "value", 8, "entries", 1, "name", "lru_flows")
    line = refused(xdpstat, BUSY, "show", "name:lru_flows")
    ids = {shown_id(xdpstat, other), shown_id(xdpstat, kinds / "lru_flows")}
    assert set(map(int, re.search(r"id (\d+), (\d+)", line).groups())) == ids


def test_what_cannot_be_read_without_being_taken(kinds, xdpstat):
    assert "take them away" in refused(xdpstat, UNSUPPORTED, "show", kinds / "records")
    assert "take them away" in refused(xdpstat, UNSUPPORTED, "watch", kinds / "records")


def test_wrong_usage(kinds, xdpstat):
    assert "did you mean packets" in refused(xdpstat, USAGE, "show", kinds / "flows", "--by", "pakets")
    assert "there are: value, key" in refused(xdpstat, USAGE, "show", kinds / "numbers", "--by", "zzzzzzzzzz")
    assert "one value for all CPUs" in refused(xdpstat, USAGE, "show", kinds / "flows", "--per-cpu")
    for words in (["-n", "0"], ["-n", "-1"], ["-n", "x"], ["-i", "0"], ["-i", "nan"]):
        assert refused(xdpstat, USAGE, "show", kinds / "flows", *words)
    assert "--by is required" in refused(xdpstat, USAGE, "top", kinds / "flows")
    assert "map: a command is required" in refused(xdpstat, USAGE)
    assert "no such command: shwo; did you mean show" in refused(xdpstat, USAGE, "shwo", kinds / "flows")


def test_without_rights(kinds, xdpstat, as_nobody, make_namespace):  # noqa: F811
    netns = make_namespace("nobody")
    for words in (["list"], ["show", f"id:{shown_id(xdpstat, kinds / 'flows')}"], ["show", "name:flows"], ["top", "name:flows", "--by", "packets"]):
        result = as_nobody("map", *words, netns=netns)
        assert (result.returncode, result.stdout) == (PERMISSION, "") and "CAP_SYS_ADMIN" in result.stderr
        assert len(result.stderr.splitlines()) == 1
    result = as_nobody("map", "show", kinds / "flows", netns=netns)
    assert result.returncode == PERMISSION and "Permission denied" in result.stderr


def test_without_the_right_to_read_btf(kinds, xdpstat):
    put(kinds / "hosts", bytes([127, 0, 0, 1]), bytes(8))
    without = ["setpriv", "--inh-caps=-sys_admin", "--bounding-set=-sys_admin", "--", xdpstat.binary, "map", "show", kinds / "hosts"]
    result = subprocess.run(without, capture_output=True, text=True, timeout=30)
    assert result.returncode == PERMISSION and "--by-size" in result.stderr
    result = subprocess.run([*without, "--by-size", "--json"], capture_output=True, text=True, timeout=30)
    assert result.returncode == OK and json.loads(result.stdout)["entries"] == [{"key": "7f000001", "value": "00" * 8}]


@pytest.mark.parametrize("file", ["map_flows.json", "map_flows_rates.json", "maps.json"])
def test_golden_documents_keep_to_their_schema(validate, file):  # noqa: F811
    validate(json.loads((GOLDEN / file).read_text()), re.match(r"[a-z]+", file)[0])
