"""The core alone, over the real data: every number that promises, absences, stages and facts cover equals truth.json."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from statistics import quantiles
from typing import Any

import duckdb
import pytest

from streams.core.definition import bundle_of, compile_definition, load
from streams.core.definition.due import instant_ms
from streams.core.journey import instances_of, judge, run_cases
from streams.core.touchpoint import Touchpoint, order_of
from streams.core.verdict import Clock, Journey, Verdict

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
DEFINITIONS = ROOT / "tests" / "truth" / "definitions"
DAY_MS = 86_400_000

ORDERS = """
WITH bought AS (
    SELECT *, order_estimated_delivery_date AS estimate,
        greatest(order_purchase_timestamp, order_approved_at, order_delivered_carrier_date, order_delivered_customer_date)
            AS last_step
    FROM 'orders.parquet')
SELECT order_id, 'order.purchased', order_purchase_timestamp, 0, '', {'estimated_delivery_at': estimate} FROM bought
UNION ALL SELECT order_id, 'item.added', order_purchase_timestamp, 1, order_item_id, {'shipping_limit_at': shipping_limit_date}
    FROM 'order_items.parquet' JOIN bought USING (order_id)
UNION ALL SELECT order_id, 'order.approved', order_approved_at, 2, '', NULL FROM bought
UNION ALL SELECT order_id, 'order.handed_to_carrier', order_delivered_carrier_date, 3, '', NULL FROM bought
UNION ALL SELECT order_id, 'order.delivered', order_delivered_customer_date, 4, '', NULL FROM bought
-- the status has no time: behind the last known step, and not behind the promised day of what was never delivered
UNION ALL SELECT order_id, if(order_status = 'canceled', 'order.cancelled', 'order.unavailable'),
    if(order_delivered_customer_date IS NULL, least(last_step, estimate), last_step), 5, '', NULL
    FROM bought WHERE order_status IN ('canceled', 'unavailable')
UNION ALL SELECT order_id, 'survey.sent', review_creation_date, 6, review_id, NULL FROM 'order_reviews.parquet'
UNION ALL SELECT order_id, 'review.answered', review_answer_timestamp, 7, review_id, NULL FROM 'order_reviews.parquet'
"""

CASES = """
WITH updates AS (
    SELECT *, row_number() OVER steps AS step, lead(number) OVER steps IS NULL AS is_last
    FROM (SELECT *, row_number() OVER () AS place FROM 'incident_events.parquet')
    WINDOW steps AS (PARTITION BY number ORDER BY sys_mod_count, place))
SELECT number, 'case.opened', opened_at, 0, '', NULL FROM updates WHERE step = 1
UNION ALL SELECT number, 'case.updated', sys_updated_at, step, step,
    {'subcategory': subcategory, 'made_sla': made_sla, 'reassignment_count': reassignment_count} FROM updates
UNION ALL SELECT number, 'case.resolved', resolved_at, step + 1, '', NULL FROM updates WHERE is_last
UNION ALL SELECT number, 'case.closed', closed_at, step + 2, '', NULL FROM updates WHERE is_last
"""


def truth(name: str) -> dict[str, Any]:
    file = DATA / name / "truth.json"
    if not file.exists():
        pytest.skip("not run: data absent")
    expected: dict[str, Any] = json.loads(file.read_text())
    return expected


@cache
def verdicts(name: str, definition: str, select: str, instance: str, as_of_ms: int) -> list[Verdict]:
    """Every journey of a set, judged at once with the books closed."""
    compiled = compile_definition(load((DEFINITIONS / definition).read_text(), definition))
    touchpoints: dict[str, list[Touchpoint]] = defaultdict(list)
    for touchpoint in _touchpoints(name, select, instance):
        for each in instances_of(instance, touchpoint):
            touchpoints[each].append(touchpoint)
    clock = Clock(as_of_ms, as_of_ms)
    return [judge(compiled, each, sorted(found, key=order_of), clock) for each, found in touchpoints.items()]


def _touchpoints(name: str, select: str, instance: str) -> Iterator[Touchpoint]:
    with duckdb.connect() as database:
        database.execute(f"SET file_search_path = '{DATA / name}'")
        rows = database.execute(f"SELECT * FROM ({select}) WHERE #3 IS NOT NULL").fetchall()
    for key, action, time, sequence, part, attributes in rows:
        at_ms = at(time.isoformat() if isinstance(time, datetime) else time)
        identifiers = ((instance, key), ("review", part)) if "review" in action or "survey" in action else ((instance, key),)
        present = {each: value for each, value in (attributes or {}).items() if value is not None}
        event_id = f"{action}/{key}/{part}"
        yield Touchpoint(at_ms, sequence, event_id, name, "system", "", action, "", identifiers, present, "", "", "", "", "", 0)


def at(time: str) -> int:
    found = instant_ms(time)
    assert found is not None, f"{time} is no time"
    return found


def orders() -> tuple[dict[str, Any], list[Verdict]]:
    expected = truth("orders")
    as_of_ms = at(expected["cutoff(max purchase/delivered ts)"])
    return expected, verdicts("orders", "truth_orders.yaml", ORDERS, "order", as_of_ms)


def cases() -> tuple[dict[str, Any], list[Verdict]]:
    expected = truth("servicenow")
    as_of_ms = at(expected["closed_max"]) + DAY_MS
    return expected, verdicts("servicenow", "truth_servicenow.yaml", CASES, "case", as_of_ms)


def broken(found: list[Verdict]) -> Counter[str]:
    return Counter(breakage.rule for verdict in found for breakage in verdict.breakages)


def journeys(found: list[Verdict]) -> list[Journey]:
    return [verdict.journey for verdict in found if verdict.journey]


def stage_s(found: list[Verdict], name: str) -> list[float]:
    stages = [stage for journey in journeys(found) for stage in journey.stages if stage.name == name]
    return [stage.duration_s for stage in stages if stage.duration_s is not None]


def spread(durations_s: list[float], unit_s: int) -> dict[str, float]:
    cuts = quantiles(durations_s, n=100, method="inclusive")
    return {f"p{percent}": round(cuts[percent - 1] / unit_s, 3) for percent in (50, 90, 95, 99)}


@pytest.mark.parametrize("name", ["truth_orders.yaml", "truth_servicenow.yaml"])
def test_the_truth_definitions_hold_their_own_cases(name: str) -> None:
    bundle = bundle_of([(name, (DEFINITIONS / name).read_text())])
    assert run_cases(bundle, bundle.definitions[0]) == []


def test_every_order_is_one_journey() -> None:
    expected, found = orders()
    assert len(found) == expected["orders"]
    assert all(verdict.journey for verdict in found)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("late_delivery", "late_ts_rule(delivered>estimated 00:00)"),
        ("late_by_day", "late_day_rule(date>date)"),
        ("late_outcome_delivered", "late_ts_rule_status_delivered_only"),
        ("late_day_outcome_delivered", "late_day_rule_status_delivered_only"),
        ("never_delivered", "never_delivered_past_estimate_at_cutoff"),
        ("overdue", "never_delivered_not_canceled_unavailable_past_estimate"),
        ("missed_limit_items", "item_lines_seller_missed_ship_limit"),
        ("missed_limit", "orders_seller_missed_ship_limit"),
        ("without_items", "orders_without_items"),
    ],
)
def test_orders_break_as_often_as_the_files_say(rule: str, key: str) -> None:
    expected, found = orders()
    assert broken(found)[rule] == expected[key]


@pytest.mark.parametrize(
    ("stage", "key", "unit_s"),
    [("approval", "approval_hours", 3600), ("delivery", "delivery_days", 86_400), ("survey_answer", "survey_answer_hours", 3600)],
)
def test_stages_of_orders_take_as_long_as_the_files_say(stage: str, key: str, unit_s: int) -> None:
    expected, found = orders()
    assert spread(stage_s(found, stage), unit_s) == expected[key]


def test_late_deliveries_are_late_by_as_much_as_the_files_say() -> None:
    expected, found = orders()
    promises = [promise for journey in journeys(found) for promise in journey.promises]
    margins_s = [each.margin_s for each in promises if each.name == "delivery" and each.state == "kept_late"]
    assert spread([each for each in margins_s if each is not None], 86_400) == expected["lateness_days_of_late"]


def test_every_incident_is_one_closed_case() -> None:
    expected, found = cases()
    assert len(journeys(found)) == len(found) == expected["incidents"]
    assert {journey.outcome for journey in journeys(found)} == {"closed"}
    assert len(found) - broken(found)["never_resolved"] == expected["with_resolved_at"]


@pytest.mark.parametrize("stage", ["open_to_close", "open_to_resolve"])
def test_stages_of_cases_take_as_long_as_the_files_say(stage: str) -> None:
    expected, found = cases()
    assert spread(stage_s(found, stage), 3600) == expected[f"{stage}_hours"]


def test_facts_of_cases_are_those_of_the_files() -> None:
    expected, found = cases()
    facts: list[dict[str, Any]] = [{each.name: each.value for each in journey.facts} for journey in journeys(found)]
    assert sum(each["made_sla"] == "false" for each in facts) == expected["made_sla_last_event"]["false"]
    assert sum(each["reassignments"] > 0 for each in facts) == expected["incidents_reassigned_gt0"]
    assert sum(each["reassignments"] >= 5 for each in facts) == expected["reassign_ge5"]
