# SPDX-License-Identifier: BSD-2-Clause
"""What programs read: JSON that keeps to its schema, CSV that says the same, and both agreeing with the text."""

import csv
import importlib.util
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import leaks
import network
import pytest
from conftest import need

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
NOBODY = 65534
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


@pytest.fixture
def as_nobody(xdpstat):
    """as_nobody("status", netns=...) runs the real binary without any right. The build may lie where nobody else may
    go, so the binary comes as an open file; so may pins, so /sys/fs/bpf is opened to all while the test runs."""
    mode = leaks.BPFFS.stat().st_mode
    leaks.BPFFS.chmod(mode | 0o055)
    with open(xdpstat.binary, "rb") as binary:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]

        def run(*words, netns: str) -> subprocess.CompletedProcess:
            return subprocess.run(
                [*network.inside(netns), *command, f"/proc/self/fd/{binary.fileno()}", *map(str, words)],
                pass_fds=[binary.fileno()], capture_output=True, text=True, timeout=30,
            )  # fmt: skip

        yield run
    leaks.BPFFS.chmod(mode)


@pytest.mark.parametrize("file", ["show_mixed.json", "show_several.json", "status.json", "doctor.json", "verify.json", "replay.json", "replay_user.json", "replay-frame.json"])
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
    lambda interface: interface.update(layout="unknown"),
    lambda interface: interface.pop("layout"),
    lambda interface: interface.update(breakdown=0),
])  # fmt: skip
def test_schema_refuses_what_is_wrong(validate, break_it):
    document = json.loads((GOLDEN / "show_mixed.json").read_text())
    validate(document, "show")
    break_it(document["interfaces"][0])
    with pytest.raises(Exception, match="(?s)Failed validating"):
        validate(document, "show")


@pytest.mark.parametrize(("name", "break_it"), [
    ("doctor", lambda report: report.update(schema="xdpstat.doctor/2")),
    ("doctor", lambda report: report.update(can_attach=True)),
    ("doctor", lambda report: report["interface_findings"].clear()),
    ("doctor", lambda report: report["interface_findings"][0].update(severity="warn")),
    ("doctor", lambda report: report["machine"][0].update(severity="error")),
    ("doctor", lambda report: report["machine"][0].pop("to_do")),
    ("doctor", lambda report: report["machine"][0].update(detail="")),
    ("doctor", lambda report: report.pop("interface")),
    ("doctor", lambda report: report.pop("interface_findings")),
    ("verify", lambda report: report.update(schema="xdpstat.verify/2")),
    ("verify", lambda report: report.update(agrees=True)),
    ("verify", lambda report: report["findings"].clear()),
    ("verify", lambda report: report["findings"][0].update(severity="ok")),
    ("verify", lambda report: report["findings"][0].pop("what")),
    ("verify", lambda report: report.update(mode="unknown")),
    ("verify", lambda report: report.update(seconds=0)),
    ("verify", lambda report: report["counter"].update(bytes=2**64)),
    ("verify", lambda report: report["kernel"].pop("rx_missed")),
    ("verify", lambda report: report["uncertainty"].update(packets=-1)),
    ("verify", lambda report: report["driver"].update(rx_queue_0_drops=0.5)),
])  # fmt: skip
def test_schemas_of_findings_refuse_what_is_wrong(validate, name, break_it):
    report = json.loads((GOLDEN / f"{name}.json").read_text())
    validate(report, name)
    break_it(report)
    with pytest.raises(Exception, match="(?s)Failed validating"):
        validate(report, name)


@pytest.mark.parametrize("name", ["doctor", "verify"])
def test_documented_example_keeps_to_its_schema(validate, name):
    examples = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "output.md").read_text(), re.DOTALL)
    (example,) = [json.loads(text) for text in examples if f'"xdpstat.{name}/1"' in text]
    validate(example, name)


def test_schemas_agree_on_what_they_share():
    """status has the fields of show but for the counts and its own, and both kinds of findings are alike."""
    show, status = schema("show")["$defs"], schema("status")["$defs"]
    for field, meaning in status["interface"]["properties"].items():
        assert field in ("stats", "dispatcher") or meaning == show["interface"]["properties"][field]
    findings = [schema(name)["$defs"]["finding"] for name in ("doctor", "verify")]
    for finding in findings:
        finding["properties"]["severity"].pop("description")
    assert findings[0] == findings[1]


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


def test_what_could_not_be_read_is_null(validate, link, attach, as_nobody, pin_root):
    """A reader who may open the maps of one counter only, and neither link nor program of any."""
    netns, ends = link.receiver.netns, [link.receiver, network.Endpoint(link.receiver.netns, "lo", "", "127.0.0.1", "::1")]
    for end in ends:
        attach(end, "--layout", "shared")
    for name in ("stats_map", "traffic_map"):
        (pin_root / link.receiver.name / name).chmod(0o666)
    link.sender.run("ping", "-q", "-c", 5, "-i", 0.01, link.receiver.ipv4)
    network.settled(link.receiver)

    status = as_nobody("status", "--json", "--by-size", "--pin-root", pin_root, netns=netns)
    validate(json.loads(status.stdout), "status")
    rows = {row["interface"]: row for row in json.loads(status.stdout)["interfaces"]}
    readable, closed = rows[link.receiver.name], rows["lo"]
    for row in (readable, closed):
        assert (row["mode"], row["ifindex"], row["program_id"], row["program_tag"]) == ("unknown", 0, 0, "")
        assert row["breakdown"] is True, "the pin is there for all to see"
    assert readable["layout"] == "shared"
    assert readable["stats"]["icmp_packets"] >= 5
    assert (closed["layout"], closed["stats"]) == (None, None)

    text = as_nobody("status", "--by-size", "--pin-root", pin_root, netns=netns).stdout
    assert re.search(r"^lo +unknown +- +\S+ \S+ UTC +- +unreadable$", text, re.MULTILINE), text
    assert re.search(rf"^{link.receiver.name} +unknown +- +\S+ \S+ UTC +shared +\d+$", text, re.MULTILINE), text

    show = as_nobody("show", link.receiver.name, "--json", "--by-size", "--pin-root", pin_root, netns=netns)
    assert show.returncode == 0, show.stderr
    validate(json.loads(show.stdout), "show")
    (shown,) = json.loads(show.stdout)["interfaces"]
    assert (shown["mode"], shown["layout"], shown["breakdown"]) == ("unknown", "shared", True)
    assert as_nobody("show", "lo", "--json", "--by-size", "--pin-root", pin_root, netns=netns).stdout == ""


@pytest.mark.parametrize("interface", ["none", "real", "missing"])
@pytest.mark.parametrize("who", ["root", "nobody"])
def test_real_doctor_keeps_to_its_schema(who, interface, validate, link, xdpstat, as_nobody, pin_root):
    end = link.receiver
    words = {"none": [], "real": [end.name], "missing": [end.name + "x"]}[interface]
    words = ["doctor", *words, "--json", "--pin-root", pin_root]
    result = xdpstat(*words, netns=end.netns, check=False) if who == "root" else as_nobody(*words, netns=end.netns)
    assert result.stderr == ""
    report = json.loads(result.stdout)
    validate(report, "doctor")
    assert report["can_attach"] is (who == "root" and interface != "missing")
    assert result.returncode == (0 if report["can_attach"] else 8)
    assert ("interface_findings" in report) == (interface != "none")


@pytest.mark.parametrize("traffic", [True, False])
def test_real_verify_keeps_to_its_schema(traffic, validate, link, attach, xdpstat, pin_root):
    end = link.receiver
    attach(end)
    process = xdpstat.start("verify", end.name, "--seconds", 1, "--json", "--pin-root", pin_root, netns=end.netns)
    if not traffic:
        link.sender.run("ip", "link", "set", link.sender.name, "down")
    while traffic and process.poll() is None:
        link.sender.run("ping", "-q", "-c", 10, "-i", 0.01, end.ipv4)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    report = json.loads(out)
    validate(report, "verify")
    assert report["agrees"] is True
    if traffic:
        assert report["counter"]["packets"] > 0
        assert report["driver"], "a veth has counters of its own"


def test_verify_that_fails_keeps_to_its_schema(validate, link, attach, xdpstat, pin_root):
    """Packets that only the map has seen are a gap that nothing explains."""
    end = link.receiver
    attach(end)
    process = xdpstat.start("verify", end.name, "--seconds", 1, "--json", "--pin-root", pin_root, netns=end.netns)
    forged = 0
    while process.poll() is None:
        forged += 1000
        value = b"".join(count.to_bytes(8, sys.byteorder) for count in (forged, forged * 100, 0, 0, 0, forged, 0, 0))
        network.run("bpftool", "map", "update", "pinned", pin_root / end.name / "stats_map", "key", 0, 0, 0, 0, "value", *value)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 8, out + err
    report = json.loads(out)
    validate(report, "verify")
    assert report["agrees"] is False


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
