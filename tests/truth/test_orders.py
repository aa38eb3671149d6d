"""The orders of a shop, through Kafka, Faust and ClickHouse: the views show what the files say, in any order."""

from pathlib import Path

import pytest

from tests.fixtures.pipeline import Pipelines
from tests.truth.real_data import (
    REASONS,
    SHUFFLED,
    Landed,
    assert_all_accounted_for,
    assert_same,
    assert_verified,
    by_account,
    rules_of,
    through,
    truth,
)

CUTOFF = "cutoff(max purchase/delivered ts)"
RULES = {
    "late_delivery": "late_ts_rule(delivered>estimated 00:00)",
    "late_by_day": "late_day_rule(date>date)",
    "late_outcome_delivered": "late_ts_rule_status_delivered_only",
    "late_day_outcome_delivered": "late_day_rule_status_delivered_only",
    "never_delivered": "never_delivered_past_estimate_at_cutoff",
    "overdue": "never_delivered_not_canceled_unavailable_past_estimate",
    "missed_limit_items": "item_lines_seller_missed_ship_limit",
    "missed_limit": "orders_seller_missed_ship_limit",
    "low_reviews": "reviews_low(<=2)",
    "low_review_orders": "orders_with_any_low_review",
    "late_low_review": "late_orders_with_low_review",
    "ontime_low_review": "ontime_orders_with_low_review",
    "multi_payment": "multi_payment_orders",
    "without_items": "orders_without_items",
    "carrier_before_approval": "carrier_before_approved",
    "delivered_before_carrier": "delivered_before_carrier",
    "cancelled_after_delivery": "canceled_after_delivery_ts",
    "survey_before_delivery": "review_before_delivery(creation<delivered)",
    "second_order": "persons_with_2plus_orders",
}


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return by_account(tmp_path_factory.mktemp("mapping"))


@pytest.fixture(scope="module")
def ordered(sets: Pipelines, mapping: Path) -> Landed:
    return through(sets, "orders", truth("orders")[CUTOFF], mapping=mapping)


@pytest.fixture(scope="module")
def shuffled(sets: Pipelines, mapping: Path) -> Landed:
    return through(sets, "orders", truth("orders")[CUTOFF], *SHUFFLED, mapping=mapping)


@pytest.fixture(params=["ordered", "shuffled"])
def orders(request: pytest.FixtureRequest) -> Landed:
    landed: Landed = request.getfixturevalue(request.param)
    return landed


def test_every_order_is_one_journey_of_one_of_the_people(orders: Landed) -> None:
    counted = orders.value("SELECT count(), uniqExact(instance), uniqExact(person_id) FROM v_journeys")
    assert counted == (orders.truth["orders"], orders.truth["orders"], orders.truth["unique_persons"])


def test_customer_ids_and_unique_ids_are_the_people_of_the_files(orders: Landed) -> None:
    """A customer id is new with each order, so whoever ordered twice is found by the unique id alone."""
    people, accounts = orders.truth["unique_persons"], orders.truth["orders"]
    counted = "SELECT count(), countIf(objects >= 2), sum(identifiers), sum(objects), sum(touchpoints) FROM v_persons"
    touchpoints = orders.value("SELECT count() FROM v_touchpoints")
    assert orders.value(counted) == (people, orders.truth["persons_with_2plus_orders"], people + accounts, accounts, touchpoints)
    assert orders.value("SELECT uniqExactIf(person_id, kind = 'person') FROM v_identifiers") == people
    assert orders.pipeline.query("SELECT state, guard, count() FROM v_links GROUP BY ALL") == [("linked", "", accounts)]


def test_every_rule_is_compared() -> None:
    assert rules_of("orders") == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_orders_break_as_often_as_the_files_say(orders: Landed, rule: str) -> None:
    assert orders.broken(rule) == orders.truth[RULES[rule]]


def test_promises_stand_as_the_files_say(orders: Landed) -> None:
    states = dict(orders.pipeline.query("SELECT state, count() FROM v_promises WHERE promise = 'delivery' GROUP BY state"))
    late = orders.truth["late_ts_rule(delivered>estimated 00:00)"]
    assert states["kept_late"] == late
    assert states["kept"] == orders.truth["with_delivery_ts"] - late
    assert states["overdue"] == orders.truth["never_delivered_not_canceled_unavailable_past_estimate"]
    assert sum(states.values()) == orders.truth["orders"]


def test_limits_are_missed_for_items_of_as_many_orders_as_the_files_say(orders: Landed) -> None:
    missed = orders.value("SELECT uniqExact(instance) FROM v_breakages WHERE rule = 'missed_limit_items'")
    assert missed == orders.truth["orders_seller_missed_ship_limit"]


@pytest.mark.parametrize(
    ("stage", "key", "unit_s"),
    [("approval", "approval_hours", 3_600), ("delivery", "delivery_days", 86_400), ("survey_answer", "survey_answer_hours", 3_600)],
)
def test_stages_take_as_long_as_the_files_say(orders: Landed, stage: str, key: str, unit_s: int) -> None:
    assert orders.stage(stage, unit_s) == orders.truth[key]


def test_late_deliveries_are_late_by_as_much_as_the_files_say(orders: Landed) -> None:
    late = "SELECT margin_s AS duration_s FROM v_promises WHERE promise = 'delivery' AND state = 'kept_late'"
    assert orders.spread(late, 86_400) == orders.truth["lateness_days_of_late"]


def test_every_record_is_accounted_for(orders: Landed) -> None:
    assert_all_accounted_for(orders)


def test_the_tables_say_what_their_touchpoints_say(orders: Landed) -> None:
    assert_verified(orders)


def test_order_copies_and_broken_records_change_nothing(ordered: Landed, shuffled: Landed) -> None:
    assert shuffled.summary["duplicates"] > 0
    assert set(shuffled.summary["broken"]) == set(REASONS)
    assert_same(ordered, shuffled)
