# SPDX-License-Identifier: BSD-2-Clause
"""What programs read: JSON that keeps to its schema, CSV that says the same, and both agreeing with the text."""

import csv
import importlib.util
import io
import json
import re
from pathlib import Path

import network
import pytest
from conftest import need

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
HEADLINE = ["total_packets", "total_bytes", "icmp_packets", "tcp_packets", "udp_packets", "other_packets", "ipv4_packets", "ipv6_packets"]


def schema(name: str) -> dict:
    return json.loads((ROOT / "docs" / "schema" / f"{name}.v1.json").read_text())


@pytest.fixture
def validate():
    need(importlib.util.find_spec("jsonschema") is not None, "python3-jsonschema: make deps")
    import jsonschema

    def check(document: dict, name: str) -> None:
        jsonschema.Draft202012Validator.check_schema(schema(name))
        jsonschema.Draft202012Validator(schema(name)).validate(document)

    return check


@pytest.fixture
def counted(link, xdpstat, pin_root):
    """An interface that has counted pings over both IP versions, and is quiet again."""
    netns, root = link.receiver.netns, ["--pin-root", str(pin_root)]
    xdpstat(*root, "attach", link.receiver.name, netns=netns)
    for address in (link.receiver.ipv4, link.receiver.ipv6):
        link.sender.run("ping", "-q", "-c", 20, "-i", 0.01, address)
    network.settled(link.receiver)
    yield lambda *words: xdpstat(*root, *words, netns=netns).stdout
    xdpstat(*root, "detach", "--all", netns=netns)


@pytest.mark.parametrize("file", ["show_mixed.json", "show_several.json", "status.json"])
def test_golden_documents_keep_to_their_schema(validate, file):
    validate(json.loads((GOLDEN / file).read_text()), file.split("_")[0].split(".")[0])


@pytest.mark.parametrize("break_it", [
    lambda interface: interface["stats"].pop("udp_packets"),
    lambda interface: interface["stats"].update(total_packets=2**64),
    lambda interface: interface["stats"].update(total_packets=-1),
    lambda interface: interface["stats"].update(total_packets="1"),
    lambda interface: interface.update(since="yesterday"),
    lambda interface: interface.pop("traffic"),
    lambda interface: interface["traffic"]["by_size"].pop("0_64"),
    lambda interface: interface["traffic"]["cells"][0].update(network="ipx"),
])  # fmt: skip
def test_schema_refuses_what_is_wrong(validate, break_it):
    document = json.loads((GOLDEN / "show_mixed.json").read_text())
    validate(document, "show")
    break_it(document["interfaces"][0])
    with pytest.raises(Exception, match="(?s)Failed validating"):
        validate(document, "show")


def test_schema_names_what_the_program_names():
    """Every key of the schema's sums stands in a document that has them all, and the other way round."""
    document = json.loads((GOLDEN / "show_mixed.json").read_text())
    traffic = document["interfaces"][0]["traffic"]
    definitions = schema("show")["$defs"]
    for side in ("network", "transport", "size"):
        keys = list(traffic[f"by_{side}"])
        assert list(definitions["traffic"]["properties"][f"by_{side}"]["properties"]) == keys
        assert definitions["cell"]["properties"][side]["enum"] == keys
    assert list(definitions["stats"]["properties"]) == list(document["interfaces"][0]["stats"]) == HEADLINE


def test_real_documents_keep_to_their_schema(validate, counted):
    validate(json.loads(counted("show", "--json")), "show")
    validate(json.loads(counted("status", "--json")), "status")


def test_json_csv_and_text_agree(counted, link):
    # Without a carrier nothing arrives between one reading and the next.
    link.sender.run("ip", "link", "set", link.sender.name, "down")
    network.settled(link.receiver)
    interface = json.loads(counted("show", "--json"))["interfaces"][0]
    stats = interface["stats"]
    assert stats["icmp_packets"] >= 40
    assert sum(cell["packets"] for cell in interface["traffic"]["cells"]) == stats["total_packets"]
    assert sum(cell["bytes"] for cell in interface["traffic"]["cells"]) == stats["total_bytes"]

    rows = list(csv.DictReader(io.StringIO(counted("show", "--csv"))))
    assert {row["counter"]: int(row["value"]) for row in rows if not row["network"]} == stats
    cells = {(row["network"], row["transport"], row["size"]): {} for row in rows if row["network"]}
    for row in rows:
        if row["network"]:
            cells[row["network"], row["transport"], row["size"]][row["counter"]] = int(row["value"])
    assert cells == {
        (cell["network"], cell["transport"], cell["size"]): {"packets": cell["packets"], "bytes": cell["bytes"]}
        for cell in interface["traffic"]["cells"]
    }

    text = counted("show")
    for label, counter in (("packets", "total_packets"), ("bytes", "total_bytes"), ("ICMP", "icmp_packets"), ("IPv6", "ipv6_packets")):
        assert re.search(rf"^  {label} +{stats[counter]:,}\b", text, re.MULTILINE), f"{label} in\n{text}"
    assert f"{stats['total_packets']:,}" in counted("status")
