"""The clock of a source partition: never back, never above wall time, and never further than what is acknowledged."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.lateness import SourceClock
from streams.core.verdict import NEVER

moments = st.integers(0, 1_000)


@given(st.lists(st.tuples(moments, moments, st.none() | moments)))
def test_it_only_goes_forward_and_not_above_wall_time(steps: list[tuple[int, int, int | None]]) -> None:
    clock, wall_ms = SourceClock(), 0
    for newest_ms, passed_ms, emptied_ago_ms in steps:
        wall_ms += passed_ms
        clock.newest_ms = max(clock.newest_ms, newest_ms)
        before = clock.said_ms
        clock.advance(10, wall_ms, None if emptied_ago_ms is None else wall_ms - emptied_ago_ms)
        assert clock.said_ms >= before
        assert clock.said_ms <= wall_ms - 10


def test_a_silent_source_says_nothing_and_nothing_is_late() -> None:
    clock = SourceClock()
    clock.advance(10, 1_000, None)
    assert clock.said_ms == NEVER
    assert clock.lateness_ms(0) == 0


def test_lateness_is_how_far_behind_the_clock_it_happened() -> None:
    clock = SourceClock()
    clock.settle(100, final=False)
    assert (clock.lateness_ms(60), clock.lateness_ms(100), clock.lateness_ms(140)) == (40, 0, 0)
