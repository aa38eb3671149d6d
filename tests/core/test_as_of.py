"""As of when tables can be compared: of the clocks that have landed, and of what landed behind them."""

from typing import Any

import pytest

from sinks.clickhouse.standing import Clocks
from streams.core.verdict import NEVER, Clock
from streams.topology import BREAKAGES, JOURNEYS, LOG, PEOPLE
from streams.verifying import MARGIN_MS, NotSettled, as_of

LANDED_AT = 1_000_000


def clocks(**changed: Any) -> Clocks:
    settled = {"least_ms": 500, "most_ms": 500, "least_final_ms": 400, "most_final_ms": 400}
    return Clocks(**{"complete": True, "first_said_at": LANDED_AT, "last_said_at": LANDED_AT, **settled, **changed})


def landed(topic: str = "", **changed: Any) -> dict[str, Clocks]:
    return {each: clocks(**(changed if each == topic else {})) for each in (LOG, PEOPLE, JOURNEYS, BREAKAGES)}


def test_one_clock_everywhere_and_nothing_behind_it_is_settled() -> None:
    assert as_of(landed(), LANDED_AT) == (Clock(500, 400), 500, LANDED_AT - MARGIN_MS, True)


@pytest.mark.parametrize(
    ("found", "newest_touchpoint"),
    [
        (landed(JOURNEYS, most_ms=501), 0),
        (landed(BREAKAGES, least_ms=499), 0),
        (landed(LOG, least_ms=499), 0),
        (landed(PEOPLE, least_ms=499), 0),
        (landed(LOG, least_ms=501, most_ms=501), 0),
        (landed(LOG, most_ms=501), 0),
        (landed(PEOPLE, least_ms=501, most_ms=501), 0),
        (landed(), LANDED_AT + 1),
    ],
)
def test_whoever_is_ahead_or_behind_unsettles_it(found: dict[str, Clocks], newest_touchpoint: int) -> None:
    """It is judged as of the least clock of the rows.  Touchpoints and owners that are ahead of it may not be judged yet."""
    judged = as_of(found, newest_touchpoint)
    assert not judged.settled
    assert judged.clock.ms == min(found[JOURNEYS].least_ms, found[BREAKAGES].least_ms)
    assert judged.most_ms == max(found[JOURNEYS].most_ms, found[BREAKAGES].most_ms)


def test_what_is_on_its_way_is_counted_from_the_partition_that_was_silent_longest() -> None:
    assert as_of(landed(BREAKAGES, first_said_at=LANDED_AT - 7_000), 0).since_ms == LANDED_AT - 7_000 - MARGIN_MS


@pytest.mark.parametrize("topic", [LOG, PEOPLE, JOURNEYS, BREAKAGES])
@pytest.mark.parametrize("changed", [{"complete": False}, {"least_ms": NEVER}])
def test_a_partition_that_has_not_spoken_yet_is_named(topic: str, changed: dict[str, Any]) -> None:
    with pytest.raises(NotSettled, match=f"no clock of every partition of {topic} has landed yet"):
        as_of(landed(topic, **changed), 0)


def test_books_that_are_being_closed_are_no_time_to_compare() -> None:
    with pytest.raises(NotSettled, match="closed in some partitions and not yet in others"):
        as_of(landed(BREAKAGES, least_final_ms=NEVER), 0)
