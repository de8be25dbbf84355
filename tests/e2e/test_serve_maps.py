# SPDX-License-Identifier: BSD-2-Clause
"""serve --map: any pinned map becomes metrics by its BTF, within a limit."""

import struct

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
    code, said = serve("--map", kinds / "flows", "--map-gauge", "flow.depth")
    assert code == 2 and "no map is called flow" in said
