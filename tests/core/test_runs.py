"""Runs tell every offset once, with the day on which it was stored."""

from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.runs import DAY_MS, day_of, runs

NEAR = st.tuples(st.integers(1, 3), st.integers(-DAY_MS // 4, DAY_MS // 2))  # to the next offset, to its time


@example(steps=[(1, 0), (1, -1), (1, 1)], gapless=False)  # the broker's clock was set back over midnight, and on again
@given(st.lists(NEAR, max_size=60), st.booleans())
def test_every_offset_is_in_one_run_of_its_day(steps: list[tuple[int, int]], gapless: bool) -> None:
    stored, offset, ms = list[tuple[int, int]](), 10, 20_000 * DAY_MS
    for more, later_ms in steps:
        offset, ms = offset + (1 if gapless else more), ms + (later_ms % 1_000 if gapless else later_ms)
        stored.append((offset, ms))
    found = [(day, each) for _, day, first, last in runs("received", stored) for each in range(first, last + 1)]
    assert sorted(found) == sorted((day_of(ms), offset) for offset, ms in stored)


def test_a_batch_without_gaps_of_one_day_is_one_run() -> None:
    assert runs("received", [(7, 5), (8, 6), (9, DAY_MS - 1)]) == [("received", 0, 7, 9)]
    assert runs("received", []) == []
