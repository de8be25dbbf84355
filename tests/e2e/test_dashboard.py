# SPDX-License-Identifier: BSD-2-Clause
"""The Grafana dashboard and the recording rules over a real Prometheus that scrapes the real exporter under traffic."""

import json
import re
from pathlib import Path

import network
import pytest
import yaml
from monitoring import Prometheus

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "xdpstat.json"
RULES = ROOT / "deploy" / "prometheus" / "xdpstat.rules.yml"
ALERTS = RULES.parent / "xdpstat.alerts.yml"
EXPORTER = "127.0.0.1:10435"
FRAME = bytes.fromhex("ffffffffffff0200000000990800") + bytes([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17]) + bytes(60)


def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text())


def panel_queries() -> list[tuple[str, str]]:
    """Title and query of each target of each panel."""
    return [(panel["title"], target["expr"]) for panel in dashboard()["panels"] for target in panel.get("targets", [])]


@pytest.fixture
def prometheus(tmp_path, link, attach, pin_root, xdpstat, send):
    """Scrapes an exporter whose interface has traffic, and has taken two readings at least."""
    end = link.receiver
    attach(end)
    xdpstat.start("serve", "--pin-root", pin_root, "--web.listen-address", EXPORTER, netns=end.netns)
    # Its intervals are shorter than in production; the rules are the real ones.
    config = yaml.safe_load((RULES.parent / "prometheus.yml").read_text()) | {"rule_files": [str(RULES)]}
    server = Prometheus(end.netns, tmp_path, config)
    try:
        server.wait("xdpstat_up", "a first scrape")
        for _ in range(2):
            send(link.sender, frame=FRAME, count=1000)
            before = int(server.value("count_over_time(xdpstat_up[5m])"))
            server.wait(f"count_over_time(xdpstat_up[5m]) > {before}", "another scrape")
        server.wait("job:xdpstat_packets:rate5m > 0", "an evaluation of the rules")
        yield server
    finally:
        server.stop()


def test_every_query_of_the_dashboard_returns_data(prometheus):
    empty = []
    for title, query in panel_queries():
        query = query.replace("$__rate_interval", "1m")
        query = re.sub(r"\$(job|node|device)\b", ".*", query)
        assert "$" not in query, f"{title}: a variable without a value: {query}"
        if not prometheus.query(query):
            empty.append(f"{title}: {query}")
    assert not empty


def test_every_variable_of_the_dashboard_has_values(prometheus):
    found = 0
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] != "query":
            continue
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
        assert match, variable["query"]
        selector = re.sub(r"\$\w+", ".*", match[1])
        assert prometheus.query(f"group by ({match[2]}) ({selector})"), variable["name"]
        found += 1
    assert found == 3


def test_what_the_dashboard_shows_is_what_arrived(prometheus, link, xdpstat, pin_root):
    counted = xdpstat.json("show", link.receiver.name, "--pin-root", pin_root, "--json", netns=link.receiver.netns)
    packets = counted["interfaces"][0]["stats"]["total_packets"]
    assert packets >= 2000
    prometheus.wait(f"sum(xdpstat_packets_total) == {packets}", f"{packets} packets")
    assert prometheus.query('sum(xdpstat_packets_total{ip_version="4", protocol="udp"}) >= 2000')


def rules(name: str) -> list[dict]:
    groups = {group["name"]: group["rules"] for file in (RULES, ALERTS) for group in yaml.safe_load(file.read_text())["groups"]}
    return groups[name]


def test_recording_rules_over_real_readings(prometheus):
    for rule in rules("xdpstat"):
        assert prometheus.query(rule["record"]), rule["record"]


def test_alerts_over_real_readings(prometheus, link, xdpstat, pin_root):
    """None is raised, and none fails to be evaluated: labels that match more than one series are an error only then."""
    for rule in rules("xdpstat-usual"):
        assert not prometheus.query(rule["expr"]), "a day of readings is not over"
    alerts = {rule["alert"]: rule["expr"] for rule in rules("xdpstat-alerts")}
    for name, expression in alerts.items():
        assert not prometheus.query(expression), name
    # Detached, with an exporter that was given no interfaces: all series of the interface end.
    xdpstat("detach", link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)
    network.until(lambda: prometheus.query(alerts["XdpstatNothingCounted"]), "it is seen that nothing is counted", timeout=30)
    assert not prometheus.query(alerts["XdpstatCounterNotAttached"])
    xdpstat("attach", link.receiver.name, "--pin-root", pin_root, netns=link.receiver.netns)
    network.until(lambda: not prometheus.query(alerts["XdpstatNothingCounted"]), "it counts again", timeout=30)
