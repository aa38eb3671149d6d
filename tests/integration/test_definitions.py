"""Definitions change while journeys run."""

from streams.publishing import apply_bundle
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, touch
from tests.integration.definitions import SECOND

SLOW = (
    "SELECT instance, definition_version, toUnixTimestamp64Milli(broken_at) FROM v_breakages WHERE rule = 'slow' ORDER BY instance"
)


def test_a_new_version_judges_only_journeys_that_opened_from_then_on(held: Pipeline, day_ms: int) -> None:
    """Version 1 allows 48 hours, version 2 from the second day on 24; what counts is the opening, not when it was heard of."""
    before, after = day_ms, day_ms + 36 * HOUR_MS
    held.send([touch("ticket.opened", before, {"ticket": "before", "customer": "t1"})])
    held.settle(day_ms + 12 * HOUR_MS)
    assert apply_bundle(held.settings, SECOND, day_ms + DAY_MS)
    assert not apply_bundle(held.settings, SECOND, day_ms + DAY_MS)
    held.send([
        touch("ticket.opened", before + HOUR_MS, {"ticket": "heard of later", "customer": "t2"}),
        touch("ticket.opened", after, {"ticket": "since", "customer": "t3"}),
    ])  # fmt: skip
    held.settle(day_ms + 47 * HOUR_MS)
    assert held.query(SLOW) == []
    held.settle(day_ms + 5 * DAY_MS)
    assert held.query(SLOW) == [
        ("before", 1, before + 48 * HOUR_MS),
        ("heard of later", 1, before + 49 * HOUR_MS),
        ("since", 2, after + 24 * HOUR_MS),
    ]
