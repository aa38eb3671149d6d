"""Touchpoints ahead of their time: rejected or clamped by setting, the same whenever they are read, and no danger to the clock."""

from functools import cache
from typing import Any, Literal, get_args

import msgspec
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.intake_batch import Reader, Taken
from streams.core.identifiers import load_identifiers
from streams.core.intake import LATEST_MS, STAMPED
from streams.core.lateness import SourceClock
from streams.core.touchpoint import attributes_of, better_copy
from streams.settings import Settings

START_MS = 1_700_000_000_000
ALLOWED_MS, FUTURE_MS = 10_000, 60_000
IDENTIFIERS = load_identifiers()
FutureStamps = Literal["rejected", "clamped"]
either = st.sampled_from(get_args(FutureStamps))


@cache
def reader(future_stamps: FutureStamps) -> Reader:
    settings = Settings(allowed_lateness_s=ALLOWED_MS / 1_000, future_s=FUTURE_MS / 1_000, future_stamps=future_stamps)
    return Reader(settings, IDENTIFIERS)


def stored(at_ms: int, occurred_at: int | str, offset: int = 0, **changed: Any) -> "ConsumerRecord[None, bytes]":
    """A record of the input topic as the broker stored it."""
    content = {
        "source": "shop", "event_id": "e1", "occurred_at": occurred_at, "origin": "product", "action": "order.purchased",
        "identifiers": [{"type": "order", "value": "4711"}], "attributes": {"amount": 1}, **changed,
    }  # fmt: skip
    value = msgspec.json.encode(content)
    return ConsumerRecord("touchpoints", 0, offset, at_ms, 1, None, value, None, -1, len(value), ())


def take(record: "ConsumerRecord[None, bytes]", future_stamps: FutureStamps, *, read_after_ms: int = 0) -> Taken:
    return reader(future_stamps).take([record], SourceClock(), record.timestamp + read_after_ms)


waits = st.integers(0, 5_000)
ahead = st.integers(-ALLOWED_MS, 3 * FUTURE_MS)


@given(st.lists(st.tuples(waits, ahead), max_size=30), either, st.integers(0, 1_800_000))
def test_whoever_comes_in_time_is_not_late_however_long_it_waits_to_be_read(
    lives: list[tuple[int, int]], future_stamps: FutureStamps, unread_ms: int
) -> None:
    """Half an hour of unread input, some of it stamped ahead of when it was stored: the clock does not overtake the rest."""
    clock, its, at_ms, late = SourceClock(), reader(future_stamps), START_MS, []
    records = []
    for offset, (waited_ms, ahead_ms) in enumerate(lives):
        at_ms += waited_ms
        records.append(stored(at_ms, at_ms + ahead_ms, offset, event_id=str(offset)))
    for record in records:
        now_ms = at_ms + unread_ms
        taken = its.take([record], clock, now_ms)
        late += [each.late_ms for each in taken.touchpoints]
        clock.newest_ms = max(clock.newest_ms, taken.newest_ms)
        clock.advance(ALLOWED_MS, now_ms, None)
        assert clock.said_ms <= now_ms - ALLOWED_MS
    assert not any(late)


@given(ahead, st.integers(0, 10**10), either)
def test_it_is_the_same_whenever_it_is_read(ahead_ms: int, read_after_ms: int, future_stamps: FutureStamps) -> None:
    record = stored(START_MS, START_MS + ahead_ms)
    first, again = (take(record, future_stamps, read_after_ms=after) for after in (0, read_after_ms))
    assert first.touchpoints == again.touchpoints
    assert [row["reason"] for row in first.rejected] == [row["reason"] for row in again.rejected]


def test_one_that_is_ahead_as_far_as_allowed_is_believed_and_one_further_is_rejected() -> None:
    for future_stamps in get_args(FutureStamps):
        taken = take(stored(START_MS, START_MS + FUTURE_MS), future_stamps)
        assert ([each.occurred_at for each in taken.touchpoints], taken.clamped) == ([START_MS + FUTURE_MS], 0)
    beyond = take(stored(START_MS, START_MS + FUTURE_MS + 1), "rejected")
    assert [row["reason"] for row in beyond.rejected] == ["in_the_future"]


def test_clamped_it_happened_when_it_was_stored_and_keeps_what_was_said() -> None:
    for said in ("2030-01-01T00:00:00.005+00:00", 1_893_456_000_005):
        taken = take(stored(START_MS, said), "clamped")
        (touchpoint,) = taken.touchpoints
        assert (touchpoint.occurred_at, touchpoint.late_ms, taken.clamped, taken.rejected) == (START_MS, 0, 1, [])
        assert attributes_of(touchpoint) == {"amount": 1, STAMPED: "2030-01-01T00:00:00.005+00:00"}


def test_what_else_is_wrong_with_it_is_rejected_all_the_same_and_is_not_counted() -> None:
    wrong = [
        ({"attributes": [1]}, "invalid_value"),
        ({"identifiers": []}, "missing_identifier"),
        ({"occurred_at": LATEST_MS + 1}, "in_the_future"),
        ({"occurred_at": 1 << 70}, "in_the_future"),
        ({"occurred_at": None}, "missing_field"),
    ]
    for changed, reason in wrong:
        taken = take(stored(START_MS, **{"occurred_at": START_MS + 2 * FUTURE_MS, **changed}), "clamped")
        assert ([row["reason"] for row in taken.rejected], taken.clamped) == ([reason], 0)


@given(st.permutations([0, 1, 7, 86_400_000]))
def test_of_copies_stored_at_different_times_the_same_one_wins_in_any_order(after_ms: list[int]) -> None:
    kept = None
    for ms in after_ms:
        (touchpoint,) = take(stored(START_MS + ms, START_MS + 10**9), "clamped").touchpoints
        kept = touchpoint if kept is None else better_copy(kept, touchpoint)
    copies = [take(stored(START_MS + ms, START_MS + 10**9), "clamped").touchpoints[0] for ms in sorted(after_ms)]
    assert kept == min(copies, key=lambda copy: copy.content_hash)
