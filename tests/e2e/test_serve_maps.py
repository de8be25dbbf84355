# SPDX-License-Identifier: BSD-2-Clause
"""serve --map: any pinned map becomes metrics by its BTF, within a limit."""

import select
import signal
import struct
import subprocess
from pathlib import Path

import network
import pytest
from map_samples import flow_key, flow_stats, kinds, put  # noqa: F401
from test_serve import OPENMETRICS, start_server  # noqa: F401
from walkthrough import foreign_object  # noqa: F401


@pytest.fixture
def netns(make_namespace):
    return make_namespace("serve")


def test_fields_and_keys(kinds, start_server, netns):  # noqa: F811
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    put(kinds / "flows", flow_key(1), flow_stats(2**53 + 1))
    put(kinds / "cpu_numbers", struct.pack("<I", 2), struct.pack("<Q", 5))
    put(kinds / "wide", struct.pack("<I", 1), struct.pack("<128Q", *range(128)))
    server = start_server("--map", kinds / "flows", "--map", f"per_cpu={kinds}/cpu_numbers", "--map", kinds / "wide",
                          "--map-gauge", "flows.high", netns=netns)  # fmt: skip
    text = server.get("/metrics").text
    key = 'map="flows",saddr="10.0.0.1",daddr="192.168.0.1",sport="443",dport="53",protocol="17",pad="000000"'
    assert f"xdpstat_map_flows_packets_total{{{key}}} 9007199254740993\n" in text
    assert f"xdpstat_map_flows_low_total{{{key}}} 9\n" in text
    assert "# TYPE xdpstat_map_flows_high gauge\n" in text and f"xdpstat_map_flows_high{{{key}}} 1234567\n" in text
    assert "# TYPE xdpstat_map_flows_delta gauge\n" in text and f"xdpstat_map_flows_delta{{{key}}} -2\n" in text
    assert "flows_comm" not in text and "flows_verdict" not in text and "flows_seen" not in text
    samples = server.metrics()
    assert samples['xdpstat_map_per_cpu_value_total{map="per_cpu",key="2"}'] >= 5
    assert samples['xdpstat_map_wide_cells_total{map="wide",key="1",index="3.7"}'] == 3 * 16 + 7
    assert samples['xdpstat_map_up{map="flows"}'] == samples['xdpstat_map_entries{map="flows"}'] == 1
    families = {family.name: family for family in parser.text_string_to_metric_families(server.get("/metrics", Accept=OPENMETRICS).text)}
    assert families["xdpstat_map_flows_packets"].type == "counter" and families["xdpstat_map_flows_delta"].type == "gauge"


def test_the_limit_holds_and_is_told(kinds, start_server, netns):  # noqa: F811
    for host in range(1, 31):
        put(kinds / "flows", flow_key(host), flow_stats(host))
    server = start_server("--map", kinds / "flows", "--map-series", "52", netns=netns)
    samples = server.metrics()
    told = [series for series in samples if series.startswith("xdpstat_map_flows_")]
    assert len(told) == 50, "ten entries of five integers"
    assert samples['xdpstat_map_entries{map="flows"}'] == 30
    assert samples['xdpstat_map_entries_left_out{map="flows"}'] == 20


def test_a_map_that_goes_and_one_that_takes_its_place(kinds, start_server, netns):  # noqa: F811
    server = start_server("--map", f"m={kinds}/numbers", "--map", f"n={kinds}/hosts", netns=netns)
    network.run("bpftool", "map", "pin", "pinned", kinds / "cpu_numbers", kinds / "other")
    (kinds / "numbers").unlink()
    samples = server.metrics()
    assert (samples['xdpstat_map_up{map="m"}'], samples['xdpstat_map_up{map="n"}']) == (0, 1)
    assert not any(series.startswith("xdpstat_map_m_") for series in samples)
    (kinds / "other").rename(kinds / "numbers")
    put(kinds / "numbers", struct.pack("<I", 1), struct.pack("<Q", 77))
    samples = server.metrics()
    assert samples['xdpstat_map_up{map="m"}'] == 1 and samples['xdpstat_map_m_value_total{map="m",key="1"}'] >= 77


def test_what_cannot_be_served_says_why(kinds, xdpstat, netns):  # noqa: F811
    def serve(*words) -> tuple[int, str]:
        result = xdpstat("serve", *words, "--web.listen-address", "127.0.0.1:0", netns=netns, check=False)
        assert result.stderr.startswith("xdpstat: cannot ") and result.stderr.count("\n") == 1, result.stderr
        return result.returncode, result.stderr

    code, said = serve("--map", kinds / "nothere")
    assert code == 3 and "nothere" in said
    code, said = serve("--map", kinds / "waiting")
    assert code == 7 and "taken from it" in said
    assert serve("--map", kinds / "records")[0] == 7
    assert serve("--map", kinds / "program")[0] == 6
    code, said = serve("--map", kinds / "flows", "--map", f"flows={kinds}/numbers")
    assert code == 2 and "has the same name, flows" in said
    assert serve("--map", "0bad=/sys/fs/bpf/a")[0] == 2 and serve("--map", "flows")[0] == 2
    code, said = serve("--map", kinds / "no_types", "--by-size")
    assert code == 6 and "nothing would be told" in said and "load it with BTF" in said
    code, said = serve("--map", kinds / "flows", "--map-gauge", "flow.depth")
    assert code == 2 and "no map is called flow" in said
    code, said = serve("--map", kinds / "flows", "--map-gauge", "flows.depth")
    assert code == 2 and "--map-gauge flows.depth: depth is no integer of its values; its values have: packets, bytes, delta, low, high" in said


@pytest.fixture
def serve_file(start_server, netns, tmp_path):  # noqa: F811
    """serve_file(text, "--flag") is a server with this file of maps."""

    def run(text: str, *words):
        (tmp_path / "maps.yml").write_text(text)
        return start_server("--map.config.file", tmp_path / "maps.yml", *words, netns=netns)

    return run


def series_of(server, name: str) -> dict[str, int]:
    return {series: value for series, value in server.metrics().items() if series.startswith(f"xdpstat_map_{name}_")}


def test_a_file_says_what_of_a_map_is_told(kinds, serve_file):  # noqa: F811
    for host in (1, 2):
        for port in (80, 443):
            put(kinds / "flows", flow_key(host, port), flow_stats(1000 * host + port, delta=-3))
    put(kinds / "numbers", struct.pack("<I", 1), struct.pack("<Q", 7))
    server = serve_file(f"""
maps:
  - pin: {kinds}/flows
    fields: [packets, high, delta]
    gauges: [high]
    counters: [delta]
    labels: [dport, sport]
  - {{pin: {kinds}/numbers, name: renamed, gauges: [value], labels: []}}
  - {{pin: {kinds}/flows, name: limited, labels: [saddr], fields: [bytes], series: 1}}
""", "--map", f"whole={kinds}/flows", "--map-gauge", "renamed.value")  # fmt: skip
    key = 'map="flows",sport="443",dport="53"'
    assert series_of(server, "flows") == {
        f'xdpstat_map_flows_packets_total{{map="flows",sport="{port}",dport="53"}}': 3000 + 2 * port for port in (80, 443)
    } | {f'xdpstat_map_flows_high{{map="flows",sport="{port}",dport="53"}}': 2 * 1234567 for port in (80, 443)
    } | {f'xdpstat_map_flows_delta_total{{map="flows",sport="{port}",dport="53"}}': -6 for port in (80, 443)}  # fmt: skip
    text = server.get("/metrics").text
    assert "# TYPE xdpstat_map_flows_delta_total counter\n" in text and f"xdpstat_map_flows_packets_total{{{key}}}" in text
    assert series_of(server, "renamed") == {'xdpstat_map_renamed_value{map="renamed"}': 7}
    samples = server.metrics()
    assert len(series_of(server, "limited")) == 1 and samples['xdpstat_map_entries_left_out{map="limited"}'] == 2
    assert samples['xdpstat_map_entries_left_out{map="flows"}'] == 0 and samples['xdpstat_map_entries{map="flows"}'] == 4
    assert len(series_of(server, "whole")) == 4 * 5, "as ever, beside it"


def told(server, count: int = 1) -> list[str]:
    """The next lines on its standard error, which it writes at once."""
    assert select.select([server.process.stderr], [], [], 10)[0], "nothing is told"
    return [server.process.stderr.readline() for _ in range(count)]


@pytest.mark.parametrize("fixed", [False, True])
def test_a_file_is_read_again_at_sighup(kinds, serve_file, netns, tmp_path, fixed):  # noqa: F811
    put(kinds / "flows", flow_key(1), flow_stats(5))
    put(kinds / "numbers", struct.pack("<I", 1), struct.pack("<Q", 7))
    file = tmp_path / "maps.yml"
    server = serve_file(f"maps: [{{pin: {kinds}/flows}}]\n", *(["--fixed"] if fixed else []))
    assert len(series_of(server, "flows")) == 5

    def reload(text: str) -> None:
        file.write_text(text)
        server.process.send_signal(signal.SIGHUP)

    # What is open already goes on by other rules, whatever rights are left.
    reload(f"maps: [{{pin: {kinds}/flows, fields: [packets]}}]\n")
    network.until(lambda: len(series_of(server, "flows")) == 1, "the file is read again")
    for wrong, what in {
        f"maps:\n  - pin: {kinds}/flows\n    gauges: [packet]\n": ":3: maps[0].gauges: packet is no integer of its values",
        f"maps:\n  - pin: {kinds}/flows\n    label: []\n": ":3: unknown field maps[0].label",
        "": "there is no field maps",
    }.items():
        reload(wrong)
        (line,) = told(server)
        assert what in line and "maps.yml" in line and "going on with what was read before" in line
        assert len(series_of(server, "flows")) == 1
    file.unlink()
    server.process.send_signal(signal.SIGHUP)
    assert "No such file" in told(server)[0]
    reload(f"maps: [{{pin: {kinds}/flows}}, {{pin: {kinds}/numbers}}, {{pin: {kinds}/nothere}}]\n")
    lines = told(server, 2 if fixed else 1)
    assert all("xdpstat_map_up is 0 until it can be read" in line for line in lines) and "nothere" in lines[-1]
    samples = server.metrics()
    assert [samples[f'xdpstat_map_up{{map="{name}"}}'] for name in ("flows", "numbers", "nothere")] == [1, 0 if fixed else 1, 0]
    assert len(series_of(server, "flows")) == 5
    network.run("bpftool", "map", "pin", "pinned", kinds / "cpu_numbers", kinds / "nothere")
    assert server.metrics()['xdpstat_map_up{map="nothere"}'] == (0 if fixed else 1)
    reload("maps: []\n")
    network.until(lambda: not any("xdpstat_map" in series for series in server.metrics()), "none is left")


def test_a_map_that_is_missing_takes_nothing_else_with_it(kinds, start_server, netns):  # noqa: F811
    """Beside what can be served it is told; why it cannot be read is said once, and again when that changes."""
    pin = kinds / "late"
    server = start_server("--map", kinds / "flows", "--map", f"late={pin}", netns=netns)

    def up() -> list[int]:
        samples = server.metrics()
        return [samples[f'xdpstat_map_up{{map="{name}"}}'] for name in ("flows", "late")]

    assert up() == up() == [1, 0]
    until = "xdpstat_map_up is 0 until it can be read"
    assert told(server) == [f"xdpstat: map late: its pin {pin} is not there; {until}\n"]
    run = subprocess.run(["bpftool", "map", "pin", "pinned", kinds / "cpu_numbers", pin])
    assert run.returncode == 0 and up() == up() == [1, 1]
    pin.unlink()
    assert up() == [1, 0]
    assert told(server, 2) == ["xdpstat: map late: it is read\n", f"xdpstat: map late: its pin {pin} is not there; {until}\n"]


WRONG_FILES = {
    "no file": (None, 3, "No such file"),
    "empty": ("", 2, ":1: there is no field maps"),
    "not YAML": ("maps: [\n", 2, ":2: "),
    "unknown field": ("maps:\n  - pin: PIN\n    gauge: [a]\n", 2, ":3: unknown field maps[0].gauge"),
    "no pin": ("maps:\n  - name: a\n", 2, ":2: maps[0] has no pin"),
    "no such map": ("maps:\n  - pin: PIN-not\n", 3, "flows-not"),
    "limit": ("maps:\n  - pin: PIN\n    series: 0\n", 2, ":3: maps[0].series is not from 1 to 1000000"),
    "no such integer": ("maps:\n  - pin: PIN\n    fields: [packets,\n      verdict]\n", 2, ":4: maps[0].fields: verdict is no integer"),
    "no such key": ("maps:\n  - pin: PIN\n    labels: [packets]\n", 2, ":3: maps[0].labels: packets is no field of its keys; its keys have: saddr, daddr"),
    "twice": ("maps:\n  - pin: PIN\n  - pin: PIN\n", 2, ":3: two maps have the name flows"),
    "bytes": ("\0\x01", 2, ":1"),
    "endless": ("[" * 100_000, 2, ":1"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_wrong_files_of_maps_say_where(kinds, xdpstat, netns, tmp_path, name):  # noqa: F811
    text, code, what = WRONG_FILES[name]
    if text is not None:
        (tmp_path / "maps.yml").write_text(text.replace("PIN", str(kinds / "flows")))
    result = xdpstat("serve", "--map.config.file", tmp_path / "maps.yml", "--web.listen-address", "127.0.0.1:0", netns=netns, check=False)
    assert result.returncode == code and what in result.stderr, result.stderr
    assert result.stderr.startswith("xdpstat: cannot ") and result.stderr.count("\n") == 1


def test_the_documented_file_of_maps_is_one(tmp_path, xdpstat, netns):
    """The example of docs/metrics.md is understood: what is wrong with it here is only that its maps are not there."""
    document = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text()
    example = next(block.split("```")[0] for block in document.split("```yaml\n") if block.startswith("maps:"))
    (tmp_path / "maps.yml").write_text(example.replace("/sys/fs/bpf/", "/sys/fs/bpf/xs-not-there/"))
    result: subprocess.CompletedProcess = xdpstat("serve", "--map.config.file", tmp_path / "maps.yml", "--web.listen-address", "127.0.0.1:0", netns=netns, check=False)
    assert result.returncode == 3 and "/sys/fs/bpf/xs-not-there/flows" in result.stderr, result.stderr
