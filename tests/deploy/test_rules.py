"""The alert rules read metrics that exist, and alert when they are to."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from streams.metrics.table import TABLE

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
ALL_RULES = [rule for group in RULES["groups"] for rule in group["rules"]]
CASES = len(yaml.safe_load((ROOT / "tests/deploy/rules_test.yml").read_text())["tests"])
PROMTOOL = shutil.which("promtool")


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_reads_metrics_that_exist_by_labels_that_they_have(rule: dict[str, str]) -> None:
    recorded = {each["record"] for each in ALL_RULES if "record" in each}
    known = {metric.name: {"agent", "namespace", "instance", "job", *metric.label_names} for metric in TABLE}
    text = re.sub("|".join(map(re.escape, recorded)), "", rule["expr"])
    names = set(re.findall(r"\bthroughline_\w+", text))
    assert names or rule["expr"] != text
    assert names <= set(known)
    labels = {label for name in names for label in known[name]} or {"severity"}
    assert set(re.findall(r"(\w+)=\"", text)) <= labels


def test_every_alert_tells_what_happened_and_what_to_do() -> None:
    for rule in ALL_RULES:
        if "alert" in rule:
            assert {"summary", "description"} <= set(rule["annotations"])


@pytest.mark.skipif(PROMTOOL is None, reason=f"not run: promtool absent ({CASES} cases of the alert rules)")
def test_the_rules_alert_in_the_cases_that_are_written_beside() -> None:
    for arguments in (("check", "config", "deploy/prometheus/prometheus.yml"), ("test", "rules", "tests/deploy/rules_test.yml")):
        done = subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
