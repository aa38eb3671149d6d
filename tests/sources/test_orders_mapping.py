"""What the mapping `orders` makes of the real orders holds every number of truth.json that touchpoints alone can show."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.sources.support import DATA, mapped, numbers, truth

JOURNEYS = """
CREATE VIEW journeys AS SELECT
  identifier_order AS number,
  any_value(identifier_customer) AS customer,
  max(CASE action WHEN 'order.purchased' THEN occurred_at END) AS purchased_at,
  max(CASE action WHEN 'order.purchased' THEN attribute_estimated_delivery_at END) AS promised_at,
  max(CASE action WHEN 'order.approved' THEN occurred_at END) AS approved_at,
  max(CASE action WHEN 'order.handed_to_carrier' THEN occurred_at END) AS carrier_at,
  max(CASE action WHEN 'order.delivered' THEN occurred_at END) AS delivered_at,
  max(CASE WHEN action IN ('order.cancelled', 'order.unavailable') THEN occurred_at END) AS ended_at,
  max(CASE action WHEN 'order.cancelled' THEN occurred_at END) AS cancelled_at,
  min(CASE action WHEN 'review.answered' THEN attribute_score END) AS lowest_score,
  min(CASE action WHEN 'survey.sent' THEN occurred_at END) AS surveyed_at,
  count(*) FILTER (action = 'payment.made') AS payments,
  count(*) FILTER (action = 'item.added') AS items,
FROM touchpoints GROUP BY ALL
"""
COUNTS = {
    "orders": "true",
    "with_delivery_ts": "delivered_at IS NOT NULL",
    "late_ts_rule(delivered>estimated 00:00)": "delivered_at > promised_at",
    "late_day_rule(date>date)": "delivered_at::DATE > promised_at::DATE",
    "never_delivered": "delivered_at IS NULL",
    "never_delivered_past_estimate_at_cutoff": "delivered_at IS NULL AND promised_at < cutoff",
    "never_delivered_not_canceled_unavailable_past_estimate":
        "delivered_at IS NULL AND promised_at < cutoff AND (ended_at IS NULL OR ended_at > promised_at)",
    "canceled_after_delivery_ts": "cancelled_at >= delivered_at",
    "carrier_before_approved": "carrier_at < approved_at",
    "delivered_before_carrier": "delivered_at < carrier_at",
    "orders_with_any_low_review": "lowest_score <= 2",
    "late_orders_with_low_review": "lowest_score <= 2 AND delivered_at > promised_at",
    "multi_payment_orders": "payments > 1",
    "orders_without_items": "items = 0",
}  # fmt: skip
QUANTILES = {
    "approval_hours": "date_diff('millisecond', purchased_at, approved_at) / 3600000",
    "delivery_days": "date_diff('millisecond', purchased_at, delivered_at) / 86400000",
}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return truth("orders")


@pytest.fixture(scope="module")
def orders(expected: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    with mapped("orders", DATA / "orders") as connection:
        connection.execute(JOURNEYS)
        connection.execute("SET VARIABLE cutoff = ?", [expected["cutoff(max purchase/delivered ts)"]])
        yield connection


@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_orders(orders: duckdb.DuckDBPyConnection, expected: dict[str, Any], name: str) -> None:
    condition = COUNTS[name].replace("cutoff", "getvariable('cutoff')::TIMESTAMP")
    assert numbers(orders, f"SELECT count(*) FROM journeys WHERE {condition}") == expected[name]


@pytest.mark.parametrize("name", QUANTILES)
def test_durations_of_orders(orders: duckdb.DuckDBPyConnection, expected: dict[str, Any], name: str) -> None:
    for quantile, value in expected[name].items():
        found = numbers(orders, f"SELECT quantile_cont({QUANTILES[name]}, {int(quantile[1:]) / 100}) FROM journeys")
        assert found == pytest.approx(value, abs=0.0006), quantile


def test_people_are_named_by_the_purchase_alone(orders: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    """Everything later carries the order's number, so that it is the pipeline that finds whose it is."""
    assert numbers(orders, "SELECT count(DISTINCT customer) FROM journeys") == expected["unique_persons"]
    assert orders.execute("SELECT DISTINCT action FROM touchpoints WHERE identifier_customer IS NOT NULL").fetchall() == [
        ("order.purchased",)
    ]
    twice = "SELECT count(*) FROM (SELECT customer FROM journeys GROUP BY customer HAVING count(*) > 1)"
    assert numbers(orders, twice) == expected["persons_with_2plus_orders"]


def test_items_against_the_shipping_limit(orders: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    sql = """SELECT count(*), count(DISTINCT number) FROM touchpoints JOIN journeys ON identifier_order = number
             WHERE action = 'item.added' AND carrier_at > attribute_shipping_limit_at"""
    assert numbers(orders, sql) == (expected["item_lines_seller_missed_ship_limit"], expected["orders_seller_missed_ship_limit"])


def test_reviews(orders: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    """A review id may stand on several orders; scores, and surveys sent before the delivery, are as in the files."""
    scores = orders.execute(
        "SELECT attribute_score, count(*) FROM touchpoints WHERE action = 'review.answered' GROUP BY 1"
    ).fetchall()
    assert {str(score): number for score, number in scores} == expected["review_score"]
    sql = """SELECT count(*) FROM touchpoints JOIN journeys ON identifier_order = number
             WHERE action = 'survey.sent' AND occurred_at < delivered_at"""
    assert numbers(orders, sql) == expected["review_before_delivery(creation<delivered)"]
    answers = """SELECT quantile_cont(date_diff('second', s.occurred_at, r.occurred_at) / 3600, 0.5)
                 FROM touchpoints s JOIN touchpoints r USING (identifier_order, identifier_review)
                 WHERE s.action = 'survey.sent' AND r.action = 'review.answered'"""
    assert numbers(orders, answers) == pytest.approx(expected["survey_answer_hours"]["p50"], abs=0.0006)


def test_payments(orders: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    found = orders.execute(
        "SELECT attribute_payment_type, count(*) FROM touchpoints WHERE action = 'payment.made' GROUP BY 1"
    ).fetchall()
    assert dict(found) == expected["payment_types"]


def test_event_ids_are_unique(orders: duckdb.DuckDBPyConnection) -> None:
    """Each touchpoint has an id of its own, so that loading twice changes nothing and loses nothing."""
    assert numbers(orders, "SELECT count(*) = count(DISTINCT (source, event_id)) FROM touchpoints")
