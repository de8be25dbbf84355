# SPDX-License-Identifier: BSD-2-Clause
"""Any map by its BTF: what is read, how keys are given, and what is refused."""

import os
import pickle
import re
import struct
import subprocess
import sys

import leaks
import network
import pytest
from map_samples import CPUS, flow_key, flow_stats, kinds, put  # noqa: F401
from walkthrough import foreign_object  # noqa: F401

import xdpstat as module

FLOW = {"saddr": 0x0A000001, "daddr": 0xC0A80001, "sport": 443, "dport": 53, "protocol": 17, "pad": bytes(3)}


@pytest.fixture
def flows(kinds):  # noqa: F811
    put(kinds / "flows", flow_key(1), flow_stats(2**64 - 1))
    return module.Map(kinds / "flows")


def test_structs_are_dicts(flows):
    ((key, value),) = flows.items()
    assert key == FLOW
    assert value == {
        "packets": 2**64 - 1, "bytes": 100, "verdict": "VERDICT_PASS", "seen": True, "comm": "curl", "delta": -2, "low": 9, "high": 1234567
    }  # fmt: skip
    assert list(flows) == list(flows.keys()) == [key] and list(flows.values()) == [value]
    assert len(flows) == 1


def test_what_it_is(flows, kinds, xdpstat):  # noqa: F811
    shown = xdpstat.json("map", "show", kinds / "flows", "--json")["map"]
    assert flows.info == shown
    assert {name: getattr(flows, name) for name in shown} == shown
    assert not flows.per_cpu and repr(flows) == f"<xdpstat.Map map 'flows' (id {flows.id})>"
    for other in (module.Map(id=flows.id), module.Map(name="flows"), module.Map(os.fsencode(kinds / "flows"))):
        assert other.info == shown


def test_entries_that_are_many(kinds):  # noqa: F811
    lines = [f"map update pinned {kinds}/flows key {' '.join(map(str, flow_key(i)))} value {' '.join(map(str, flow_stats(i)))}" for i in range(600)]
    network.run("bpftool", "batch", "file", "-", input="\n".join(lines))
    flows = module.Map(kinds / "flows")
    assert len(flows) == 600
    assert {value["packets"] for value in flows.values()} == set(range(600))
    for key, value in flows.items():
        assert flows[key] == value


def test_keys_of_a_struct(flows):
    value = next(flows.values())
    assert flows[FLOW] == flows[dict(reversed(FLOW.items()))] == value
    assert flows[flow_key(1)] == value
    assert flows[{**FLOW, "pad": [0, 0, 0]}] == value
    assert FLOW in flows and {**FLOW, "sport": 1} not in flows
    assert flows.get({**FLOW, "sport": 1}) is None and flows.get({**FLOW, "sport": 1}, 5) == 5
    with pytest.raises(KeyError) as caught:
        flows[{**FLOW, "sport": 1}]
    assert caught.value.args == ({**FLOW, "sport": 1},)


@pytest.mark.parametrize(
    "key, words",
    [
        ({name: FLOW[name] for name in FLOW if name != "dport"}, "'dport' in a key .*: it is missing"),
        ({**FLOW, "port": 1}, "it has no member 'port'"),
        ({**FLOW, "sport": 65536}, "'sport' .* does not fit 16 bits"),
        ({**FLOW, "sport": -1}, "'sport' .* does not fit 16 bits"),
        ({**FLOW, "sport": "https"}, "'sport' .* it takes a number"),
        ({**FLOW, "pad": bytes(4)}, "'pad' .* it takes 3 bytes, not 4"),
        ({**FLOW, "pad": [0, 0]}, "'pad' .* it takes 3 elements"),
        ({**FLOW, "pad": [0, 0, 256]}, r"'pad\[2\]' .* does not fit 8 bits"),
        (7, "it takes a part for each member"),
        (b"short", "it takes 16 bytes, not 5"),
    ],
)
def test_keys_that_do_not_fit(flows, key, words):
    with pytest.raises(module.InvalidError, match=words) as caught:
        flows[key]
    assert isinstance(caught.value, ValueError) and caught.value.errno == 22


def test_keys_of_no_type_that_there_is(flows):
    with pytest.raises(TypeError):
        flows[object()]
    with pytest.raises(TypeError):
        flows[{1: 2}]
    with pytest.raises(OverflowError):
        flows[{**FLOW, "sport": 2**128}]


def test_numbers_as_keys(kinds):  # noqa: F811
    put(kinds / "numbers", struct.pack("<I", 2), struct.pack("<Q", 2**63 + 1))
    numbers = module.Map(kinds / "numbers")
    assert numbers[2] == 2**63 + 1 and numbers[0] == 0 and len(numbers) == 4
    assert 4 not in numbers
    assert dict(numbers.items()) == {0: 0, 1: 0, 2: 2**63 + 1, 3: 0}
    with pytest.raises(module.InvalidError):
        numbers[2**32]
    # The number of a key in network order is what it means.
    put(kinds / "hosts", bytes([127, 0, 0, 1]), struct.pack("<Q", 9))
    hosts = module.Map(kinds / "hosts")
    assert dict(hosts.items()) == {0x7F000001: 9} and hosts[0x7F000001] == hosts[bytes([127, 0, 0, 1])] == 9


def test_the_longest_prefix_that_matches(kinds):  # noqa: F811
    put(kinds / "routes", struct.pack("<I", 8) + bytes([10, 0, 0, 0]), struct.pack("<I", 1))
    put(kinds / "routes", struct.pack("<I", 16) + bytes([10, 1, 0, 0]), struct.pack("<I", 2))
    routes = module.Map(kinds / "routes")
    host = {"prefixlen": 32, "addr": 0x0A010203}
    assert host not in list(routes) and host in routes
    assert routes[host] == 2 and routes.get({**host, "addr": 0x0A020304}) == 1
    assert {**host, "addr": 0x0B000001} not in routes


def test_addresses_in_structs(kinds):  # noqa: F811
    peer = bytes.fromhex("20010db8000000000000000000000001") + bytes.fromhex("02004c4f4f50") + struct.pack("<H", 3)
    put(kinds / "peers", peer, struct.pack("<I", 1))
    peers = module.Map(kinds / "peers")
    ((key, value),) = peers.items()
    assert value == 1 and key["mac"] == bytes.fromhex("02004c4f4f50") and key["zone"] == 3
    # All readings of a union's bytes are there, and lead back.
    assert peers[key] == 1
    address = {"in6_u": {"u6_addr8": bytes.fromhex("20010db8000000000000000000000001")}}
    assert key["addr"]["in6_u"]["u6_addr8"] == address["in6_u"]["u6_addr8"]
    assert peers[{**key, "addr": address}] == 1
    with pytest.raises(module.InvalidError, match="none of a union's members"):
        peers[{**key, "addr": {"in6_u": {}}}]


def test_the_values_of_each_cpu(kinds):  # noqa: F811
    put(kinds / "cpu_numbers", struct.pack("<I", 1), struct.pack("<Q", 2**40))
    numbers = module.Map(kinds / "cpu_numbers")
    assert numbers.per_cpu
    assert numbers[1] == 2**40 * CPUS
    assert numbers.get(1, per_cpu=True) == [2**40] * CPUS
    assert dict(numbers.items(per_cpu=True))[1] == [2**40] * CPUS
    assert list(numbers.values())[1] == 2**40 * CPUS
    with pytest.raises(module.InvalidError, match="one value for all CPUs"):
        module.Map(kinds / "numbers").items(per_cpu=True)


def test_without_types(kinds):  # noqa: F811
    put(kinds / "no_types", b"\1\2", b"\3\4\5")
    plain = module.Map(kinds / "no_types")
    assert not plain.btf and plain.key_type is None
    assert list(plain.items()) == [(b"\1\2", b"\3\4\5")] and plain[b"\1\2"] == b"\3\4\5"
    with pytest.raises(module.InvalidError, match="it takes 2 bytes"):
        plain[513]


def test_global_data(kinds):  # noqa: F811
    number = next(one["id"] for one in leaks.bpf_objects("map") if one.get("name") == "kinds.data")
    ((_, variables),) = module.Map(id=number).items()
    assert variables["counted"] == 5 and variables["last_flow"]["dport"] == 443


def test_wide_values(kinds):  # noqa: F811
    cells = module.Map(kinds / "wide")[0]["cells"]
    assert cells == [[0] * 16] * 8


def test_what_cannot_be_read(kinds):  # noqa: F811
    for name in ("waiting", "records"):
        with pytest.raises(module.UnsupportedError, match="take"):
            module.Map(kinds / name).items()
    with pytest.raises(module.IncompatibleError, match="a program, not a map"):
        module.Map(kinds / "program")
    with pytest.raises(module.NotFoundError):
        module.Map(kinds / "nothing")
    with pytest.raises(module.NotFoundError):
        module.Map(name="no such name")
    with pytest.raises(module.NotFoundError):
        module.Map(id=2**32 - 1)


def test_wrong_arguments(kinds):  # noqa: F811
    for words in ({}, {"path": "/a", "id": 1}, {"id": 1, "name": "a"}):
        with pytest.raises(TypeError, match="one of path, id and name"):
            module.Map(**words)
    with pytest.raises(TypeError):
        module.Map(7)
    with pytest.raises(ValueError, match="NUL"):
        module.Map("/sys/fs/bpf/\0")
    for words, said in (({"id": "3"}, "an int, not str"), ({"id": 1.5}, "an int, not float"),
                        ({"name": 5}, "a str, not int"), ({"name": b"flows"}, "a str, not bytes")):  # fmt: skip
        with pytest.raises(TypeError, match=said):
            module.Map(**words)
    for number in (-1, 0, 2**32, 2**40, 2**70):
        with pytest.raises(module.InvalidError, match=f"id {number}: a map's id is from 1 to 4294967295"):
            module.Map(id=number)
    for words in ({"path": ""}, {"path": b""}, {"name": ""}):
        with pytest.raises(module.InvalidError, match=f"the {next(iter(words))} is empty"):
            module.Map(**words)
    with pytest.raises(ValueError, match="NUL"):
        module.Map(name="flows\0x")


def test_two_of_one_name(kinds):  # noqa: F811
    network.run("bpftool", "map", "create", kinds / "other", "type", "array", "key", 4, "value", 8, "entries", 1, "name", "lru_flows")
    with pytest.raises(module.BusyError, match="several have this name"):
        module.Map(name="lru_flows")


def test_closing(flows):
    entries = flows.items()
    with flows as same:
        assert same is flows and not flows.closed
    assert flows.closed and repr(flows) == "<xdpstat.Map, closed>"
    for use in (lambda: len(flows), lambda: flows.items(), lambda: flows[FLOW]):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert flows.name == flows.info["name"] == "flows" and flows.id == flows.info["id"] and not flows.per_cpu
    assert next(entries)[0] == FLOW  # what was read is there
    flows.close()


def test_errors_can_be_sent_to_another_process(pin_root):
    with pytest.raises(module.Error) as caught:
        module.Map(pin_root / "nothing")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value) and str(again) == str(caught.value) and again.hint == caught.value.hint
    assert again.errno == 2 and again.kind == "not_found" and again.object == caught.value.object


PROGRAM = """
import sys, xdpstat
try:
    print(list(xdpstat.Map(sys.argv[1], by_size=sys.argv[2] == "size").items()))
except xdpstat.AccessError as error:
    assert isinstance(error, PermissionError) and error.errno in (1, 13)
    print("refused:", error)
"""


@pytest.mark.parametrize("proof, said", [("btf", "refused: .*CAP_SYS_ADMIN.*: by_size=True$"), ("size", r"\[\(b'\\x7f\\x00\\x00\\x01', b'\\x00")])
def test_without_the_right_to_read_btf(kinds, proof, said):  # noqa: F811
    put(kinds / "hosts", bytes([127, 0, 0, 1]), bytes(8))
    without = ["setpriv", "--inh-caps=-sys_admin", "--bounding-set=-sys_admin", "--", sys.executable, "-c", PROGRAM, kinds / "hosts", proof]
    result = subprocess.run(without, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert re.match(said, result.stdout), result.stdout
