# SPDX-License-Identifier: BSD-2-Clause
"""The rules and alerts for Prometheus: accepted by promtool, each alert tested both ways and explained in the runbook."""

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


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.yml")), ids=lambda path: path.name)
def test_rules_do_what_they_say(tool, file):
    outcome = run(tool("promtool"), "test", "rules", file)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def outcome_without(tool, tmp_path: Path, old: str, new: str) -> subprocess.CompletedProcess:
    """The outcome of the alerts' tests where one text of the alerts is another."""
    alerts = ALERTS.read_text()
    assert alerts.count(old) == 1, f"{old!r} stands {alerts.count(old)} times in {ALERTS.name}"
    (tmp_path / ALERTS.name).write_text(alerts.replace(old, new))
    (tmp_path / RULES.name).write_text(RULES.read_text())
    tests = (TESTS / "alerts.test.yml").read_text().replace("../../../deploy/prometheus/", "")
    (tmp_path / "alerts.test.yml").write_text(tests)
    return run(tool("promtool"), "test", "rules", tmp_path / "alerts.test.yml")


@pytest.mark.parametrize(
    "old, new",
    [
        ("xdpstat_up == 0", "xdpstat_up == 1"),
        ('mode="generic"', 'mode="native"'),
        ("rate5m == 0", "rate5m >= 0"),
        ("    > 1\n", "    >= 0\n"),
        ("> 10\n", "> 1000\n"),
        ("> 1000\n", "> 1\n"),
        ('job=~".*xdpstat.*"', 'job=~".*"'),
    ],
)
def test_a_wrong_alert_fails_its_test(tool, tmp_path, old, new):
    assert outcome_without(tool, tmp_path, old, new).returncode != 0


def test_every_alert_is_tested_with_and_without_its_cause():
    raised, silent = set(), set()
    for test in yaml.safe_load((TESTS / "alerts.test.yml").read_text())["tests"]:
        for check in test["alert_rule_test"]:
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
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_metrics_of_the_rules_are_documented():
    documented = set(re.findall(r"`(xdpstat_\w+)`", (ROOT / "docs" / "metrics.md").read_text()))
    used = set()
    for rule in rules_of(RULES) + rules_of(ALERTS):
        used |= set(re.findall(r"(?<![:\w])xdpstat_\w+", rule["expr"]))
    assert used
    assert used <= documented
