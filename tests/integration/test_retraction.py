"""A verdict can be withdrawn: what arrives late, but happened, is believed."""

from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, touch

RULES = "SELECT rule, state FROM v_breakages WHERE instance = %(order)s"
HISTORY = "SELECT rule, state FROM v_breakage_history WHERE instance = %(order)s"
PROMISES = "SELECT state, margin_s FROM v_promises WHERE instance = %(order)s"
BROKEN_HOURS = "SELECT sum(n) FROM v_journey_hours WHERE definition = 'order' AND kind = 'broken' AND hour >= %(since)s"


def _overdue(held: Pipeline, order: str, day_ms: int) -> None:
    """An order that is due on the second day and has not come by the third."""
    held.send([touch("order.purchased", day_ms, {"order": order, "customer": f"of-{order}"}, {"due": day_ms + 2 * DAY_MS})])
    held.settle(day_ms + 3 * DAY_MS)
    assert held.query(RULES, order=order) == [("late", "open")]


def test_a_late_touchpoint_that_happened_in_time_withdraws_the_breakage(held: Pipeline, day_ms: int) -> None:
    _overdue(held, "late-word", day_ms)
    held.send([touch("order.delivered", day_ms + DAY_MS, {"order": "late-word"})])
    held.settle(day_ms + 3 * DAY_MS + 1)
    assert held.query(RULES, order="late-word") == []
    assert held.query(HISTORY, order="late-word") == [("late", "withdrawn")]
    assert held.query(PROMISES, order="late-word") == [("kept", -86_400.0)]
    assert held.query("SELECT late_s FROM v_touchpoints WHERE action = 'order.delivered' AND address_value = 'late-word'") == [
        (2 * 86_400.0,)
    ]


def test_a_touchpoint_that_happened_too_late_recovers_the_breakage(held: Pipeline, day_ms: int) -> None:
    _overdue(held, "too-late", day_ms)
    came_ms = day_ms + 2 * DAY_MS + HOUR_MS
    held.send([touch("order.delivered", came_ms, {"order": "too-late"})])
    held.settle(day_ms + 3 * DAY_MS + 1)
    assert held.query(RULES, order="too-late") == [("late", "recovered")]
    recovered = "SELECT toUnixTimestamp64Milli(recovered_at) FROM v_breakages WHERE instance = 'too-late'"
    assert held.query(recovered) == [(came_ms,)]
    roles = "SELECT role FROM v_breakage_evidence WHERE instance = 'too-late' ORDER BY occurred_at"
    assert held.query(roles) == [("made",), ("kept",)]


def test_a_touchpoint_beyond_the_late_horizon_lands_and_changes_no_journey(held: Pipeline, day_ms: int) -> None:
    _overdue(held, "forgotten", day_ms)
    held.settle(day_ms + 40 * DAY_MS)
    held.send([touch("order.delivered", day_ms + DAY_MS, {"order": "forgotten"})])
    held.settle(day_ms + 40 * DAY_MS + 1)
    assert held.query(RULES, order="forgotten") == [("late", "open")]
    assert held.query("SELECT too_late FROM v_touchpoints WHERE action = 'order.delivered' AND address_value = 'forgotten'") == [
        (True,)
    ]


def test_hours_count_a_withdrawn_breakage_no_more(held: Pipeline, day_ms: int) -> None:
    since = held.query("SELECT fromUnixTimestamp64Milli(toInt64(%(at)s), 'UTC')", at=day_ms)[0][0]
    _overdue(held, "hours", day_ms)
    held.eventually(BROKEN_HOURS, [(1,)], since=since)  # hours follow a moment behind the rows
    held.send([touch("order.delivered", day_ms + DAY_MS, {"order": "hours"})])
    held.settle(day_ms + 3 * DAY_MS + 1)
    held.eventually(BROKEN_HOURS, [(0,)], since=since)
