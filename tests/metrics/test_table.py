"""The table of metrics: what each row has to say, and that documents and alerts say the same."""

from pathlib import Path

import pytest
import yaml

from streams.metrics.document import BEGIN, END, markdown
from streams.metrics.metric import Metric
from streams.metrics.table import TABLE

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/rules.yml"
PERSONAL = {"person", "person_id", "identifier", "instance", "event_id", "source", "handled_by", "team", "address", "action"}
each = pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)


def alerts() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"] if "alert" in rule}


def recorded() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"] if "record" in rule}


@each
def test_help_is_a_sentence(metric: Metric) -> None:
    assert len(metric.help) > 15
    assert metric.help.endswith(".")


@each
def test_the_unit_stands_in_the_name(metric: Metric) -> None:
    assert f"_{metric.unit}" in metric.name
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.removesuffix("_total").rpartition("_")[2] not in {"ms", "millis", "s", "mb", "kb", "percent"}


@each
def test_labels_have_a_closed_set_of_values_or_say_what_bounds_them(metric: Metric) -> None:
    for label in metric.labels:
        assert label.bound
        assert label.values or label.bound.split(":")[0] != "closed"
        assert label.name not in PERSONAL


@each
def test_somebody_emits_it(metric: Metric) -> None:
    assert metric.agents


def test_names_are_unique() -> None:
    names = [metric.name for metric in TABLE]
    assert len(set(names)) == len(names)


def test_each_alert_of_the_table_reads_the_metric_and_each_metric_of_an_alert_names_it() -> None:
    expressions = alerts()
    for name, expr in recorded().items():
        expressions = {alert: text.replace(name, f"{name} {expr}") for alert, text in expressions.items()}
    said = {(metric.name, alert) for metric in TABLE for alert in metric.alerts}
    read = {(metric.name, alert) for metric in TABLE for alert, expr in expressions.items() if metric.name in expr}
    assert said == read


def test_the_document_shows_this_table() -> None:
    """Write it again with `python -m streams.metrics.document docs/operations.md`."""
    text = (ROOT / "docs/operations.md").read_text()
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == markdown().strip()
