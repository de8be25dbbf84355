# SPDX-License-Identifier: BSD-2-Clause
"""The rules and alerts for Prometheus: accepted by promtool, each alert tested both ways and explained in the runbook."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "prometheus"
ALERTS = DEPLOY / "xdpstat.alerts.yml"
RULES = DEPLOY / "xdpstat.rules.yml"
TESTS = Path(__file__).parent / "prometheus"
RUNBOOK = ROOT / "docs" / "runbook.md"
METRICS = ROOT / "docs" / "metrics.md"
PLACEHOLDER = "https://xdpstat.example"


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def rules_of(path: Path) -> list[dict]:
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


ALERT_NAMES = [rule["alert"] for rule in rules_of(ALERTS)]


def test_promtool_accepts_the_rules(tool):
    outcome = run(tool("promtool"), "check", "rules", "--lint=all", "--lint-fatal", RULES, ALERTS)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_promtool_accepts_the_configuration_and_finds_its_rules(tool):
    outcome = run(tool("promtool"), "check", "config", "--lint=all", "--lint-fatal", DEPLOY / "prometheus.yml")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "2 rule files found" in outcome.stdout


@pytest.mark.parametrize("name, rule_files", [("shard.yml", 2), ("global.yml", 0)])
def test_promtool_accepts_what_a_fleet_needs(tool, name, rule_files):
    outcome = run(tool("promtool"), "check", "config", "--lint=all", "--lint-fatal", DEPLOY / "fleet" / name)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert f"{rule_files} rule files found" in outcome.stdout or rule_files == 0


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.yml")), ids=lambda path: path.name)
def test_rules_do_what_they_say(tool, file):
    outcome = run(tool("promtool"), "test", "rules", file)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def outcome_without(tool, tmp_path: Path, group: str, old: str, new: str) -> subprocess.CompletedProcess:
    """The outcome of one group of tests where one text of the rules or alerts is another."""
    found = 0
    for path in (RULES, ALERTS):
        text = path.read_text()
        found += text.count(old)
        (tmp_path / path.name).write_text(text.replace(old, new))
    assert found == 1, f"{old!r} stands {found} times"
    for file in TESTS.glob("*.test.yml"):
        tests = yaml.safe_load(file.read_text())
        tests["tests"] = [test for test in tests["tests"] if test.get("name") == group]
        if tests["tests"]:
            tests["rule_files"] = [RULES.name, ALERTS.name]
            (tmp_path / file.name).write_text(yaml.safe_dump(tests))
            return run(tool("promtool"), "test", "rules", tmp_path / file.name)
    raise AssertionError(f"no group of tests has the name {group!r}")


MAPS_ALONE = "an exporter that never had an interface, one of maps alone, one whose interface is not attached"
NO_NAMES = "a counter whose series end, for its exporter was given no interfaces"
ENDS = "traffic that ends at 36 hours, and stays so"
PAUSES = "traffic that pauses by itself, or never was"
WEEKLY_REST = "five days of work and two of rest"
REPLACED = "a pod that is replaced, where its name is a label"
SURGE = "a protocol that rises, and what only looks like it"
WEEKLY_RISE = "a protocol that rises once a week"
GONE = "an exporter that does not answer, and other jobs that do not concern us"


@pytest.mark.parametrize(
    "group, old, new",
    [
        ("a counter that is not attached", "xdpstat_up == 0", "xdpstat_up == 1"),
        (NO_NAMES, "            >= 6\n", "            >= 1\n"),
        (NO_NAMES, "xdpstat_up[1d:10m]", "xdpstat_up[1h:10m]"),
        (NO_NAMES, "          and on (job, instance) xdpstat_build_info\n", ""),
        (NO_NAMES, "          unless on (job, instance, device) xdpstat_up\n", ""),
        (MAPS_ALONE, "          unless on (job, instance) xdpstat_up\n", ""),
        (MAPS_ALONE, "          unless on (job, instance) xdpstat_map_up\n", ""),
        ("a counter in generic mode", 'mode="generic"', 'mode="native"'),
        (ENDS, "instance_device:xdpstat_packets:rate5m\n            < 0.1\n", "instance_device:xdpstat_packets:rate5m\n            < 0\n"),
        (ENDS, "packets:min1d[7d]", "packets:min1d[1d]"),
        (PAUSES, "            > 1\n", "            >= 0\n"),
        (PAUSES, "          instance_device:xdpstat_packets:rate5m offset 1d\n          and\n", ""),
        (WEEKLY_REST, "rate5m[4h] offset 166h", "rate5m[4h] offset 266h"),
        (SURGE, "            > 1000\n", "            > 10\n"),
        (SURGE, "            > 10\n", "            > 1\n"),
        (SURGE, "            > 10\n", "            > 1000\n"),
        (SURGE, "            > 3\n", "            > 0.3\n"),
        (SURGE, "mean1d offset 1d", "mean1d"),
        (WEEKLY_RISE, "            <= 3\n", "            <= 0.3\n"),
        (REPLACED, "max without (pod, container, endpoint) (last_over_time(xdpstat_packets_total[5m]))", "last_over_time(xdpstat_packets_total[5m])"),
        (REPLACED, "max without (pod, container, endpoint) (last_over_time(xdpstat_bytes_total[5m]))", "last_over_time(xdpstat_bytes_total[5m])"),
        ("a map that cannot be read", "xdpstat_map_up == 0", "xdpstat_map_up == 1"),
        (GONE, 'job=~".*xdpstat.*"', 'job=~".*"'),
        (GONE, "          or\n          up == 0 and on (job, instance) max_over_time(xdpstat_build_info[7d:10m])\n", ""),
    ],
)
def test_a_wrong_alert_fails_its_test(tool, tmp_path, group, old, new):
    outcome = outcome_without(tool, tmp_path, group, old, new)
    assert outcome.returncode != 0
    assert "FAILED" in outcome.stdout + outcome.stderr
    assert "parse error" not in outcome.stdout + outcome.stderr


def test_every_alert_is_tested_with_and_without_its_cause():
    raised, silent = set(), set()
    for file in TESTS.glob("*.test.yml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for check in test.get("alert_rule_test", []):
                (raised if check.get("exp_alerts") else silent).add(check["alertname"])
    assert raised == set(ALERT_NAMES)
    assert silent == set(ALERT_NAMES)


def test_every_record_is_tested():
    asked = "\n".join(check["expr"] for test in yaml.safe_load((TESTS / "rules.test.yml").read_text())["tests"] for check in test["promql_expr_test"])
    missing = [rule["record"] for rule in rules_of(RULES) if not re.search(rf"{rule['record']}(\W|$)", asked)]
    assert not missing


def test_every_alert_has_its_paragraph_in_the_runbook():
    headings = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert headings == ALERT_NAMES
    for rule in rules_of(ALERTS):
        assert rule["annotations"]["runbook_url"] == f"{PLACEHOLDER}/docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("warning", "critical")


@pytest.mark.parametrize("page", [ALERTS, ROOT / "deploy" / "README.md"], ids=lambda path: path.name)
def test_the_place_of_the_runbook_is_put_in_as_the_pages_say(tool, tmp_path, page):
    command = re.search(r"sed -i '.*' xdpstat\.alerts\.yml", page.read_text())[0]
    (tmp_path / RULES.name).write_text(RULES.read_text())
    (tmp_path / ALERTS.name).write_text(ALERTS.read_text())
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    for rule in rules_of(tmp_path / ALERTS.name):
        assert rule["annotations"]["runbook_url"].startswith("https://git.example.org/xdpstat/blob/main/docs/runbook.md#")
    assert run(tool("promtool"), "check", "rules", tmp_path / ALERTS.name).returncode == 0


def test_the_rule_of_the_runbook_tells_of_an_exporter_that_is_not_discovered(tool, tmp_path):
    (tmp_path / "hosts.yml").write_text(re.search(r"```yaml\n(groups:.*?)```", RUNBOOK.read_text(), re.DOTALL)[1])
    series = 'xdpstat_build_info{job="any", instance="host1:10435", version="1.0.0"}'
    alert = {
        "exp_labels": {"instance": "host2:10435", "severity": "warning"},
        "exp_annotations": {"summary": "No exporter is scraped at host2:10435"},
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": "1x30"}],
        "alert_rule_test": [{"alertname": "XdpstatExporterMissing", "eval_time": "20m", "exp_alerts": [alert]}],
    }
    (tmp_path / "hosts.test.yml").write_text(yaml.safe_dump({"rule_files": ["hosts.yml"], "evaluation_interval": "1m", "tests": [test]}))
    outcome = run(tool("promtool"), "test", "rules", tmp_path / "hosts.test.yml")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def queries_of(page: Path) -> list[str]:
    blocks = re.findall(r"```promql\n(.*?)```", page.read_text(), re.DOTALL)
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_queries_of_the_pages_are_queries(tool, tmp_path):
    queries = queries_of(METRICS)
    assert len(queries) > 5
    rules = [{"record": f"page:query:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "pages.yml").write_text(yaml.safe_dump({"groups": [{"name": "pages", "rules": rules}]}))
    outcome = run(tool("promtool"), "check", "rules", tmp_path / "pages.yml")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_no_query_adds_up_interfaces_of_several_hosts_by_their_name():
    queries = queries_of(METRICS) + [rule["expr"] for rule in rules_of(RULES) + rules_of(ALERTS)]
    panels = json.loads((ROOT / "deploy" / "grafana" / "xdpstat.json").read_text())["panels"]
    queries += [target["expr"] for panel in panels for target in panel.get("targets", [])]
    kept = [labels for query in queries for labels in re.findall(r"\bby \(([^)]*)\)", query)]
    assert len(kept) > 10
    assert not [labels for labels in kept if "device" in labels and "instance" not in labels]


def test_metrics_of_the_rules_are_documented():
    documented = set(re.findall(r"`(xdpstat_\w+)`", METRICS.read_text()))
    used = set()
    for rule in rules_of(RULES) + rules_of(ALERTS):
        used |= set(re.findall(r"(?<![:\w])xdpstat_\w+", rule["expr"]))
    assert used
    assert used <= documented
