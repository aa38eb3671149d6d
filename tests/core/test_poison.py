"""Broken records are let through up to a share of the newest ones, however they are cut into batches and whoever starts again."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.kept import from_metadata, to_metadata
from streams.core.lateness import SourceClock
from streams.core.poison import PARTS, Limit, Newest
from streams.core.verdict import NEVER

MOST = 40  # records of a batch
limits = st.builds(
    lambda share, window, least: Limit(share, window, min(least, window)),
    st.floats(0.05, 0.95), st.integers(100, 500), st.integers(1, 500),
)  # fmt: skip
batches = st.lists(st.integers(1, MOST).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=80)


def through(newest: Newest, several: list[tuple[int, int]], limit: Limit) -> tuple[Newest, list[tuple[int, int]]]:
    """As intake goes: -> how it stands, and the batches before which it did not stop.  Each begins after a restart."""
    passed = []
    for records, rejected in several:
        newest = newest.taken_up(limit)
        if newest.forbids(records, rejected, limit):
            break
        newest = from_metadata(to_metadata(SourceClock(), newest.after(records, rejected, limit)))[1]
        passed.append((records, rejected))
    return newest, passed


@given(limits, batches, st.lists(st.integers(1, MOST), min_size=100, max_size=150))
def test_of_records_that_are_all_broken_no_more_than_the_share_of_a_window_comes_through(
    limit: Limit, before: list[tuple[int, int]], sizes: list[int]
) -> None:
    newest, _ = through(Newest(), before, limit)
    _, passed = through(newest, [(size, size) for size in sizes], limit)
    room = limit.window + limit.window // PARTS + 2 * MOST  # a window is as long as its parts and batches
    assert sum(rejected for _, rejected in passed) <= max(limit.least, limit.share * room)


@given(limits, batches)
def test_it_never_stops_while_each_batch_is_within_the_share(limit: Limit, several: list[tuple[int, int]]) -> None:
    within = [(records, min(rejected, int(limit.share * records))) for records, rejected in several]
    assert through(Newest(), within, limit)[1] == within


@given(limits, batches, st.lists(st.integers(1, MOST)))
def test_whatever_was_let_through_on_purpose_what_is_good_again_goes_on(
    limit: Limit, several: list[tuple[int, int]], sizes: list[int]
) -> None:
    newest, passed = through(Newest(), several, Limit(1.0, limit.window, limit.least))
    assert passed == several
    good = [(size, 0) for size in sizes]
    assert through(newest, good, limit)[1] == good


@given(limits, batches)
def test_after_what_was_let_through_on_purpose_a_single_broken_record_stops_nobody(
    limit: Limit, several: list[tuple[int, int]]
) -> None:
    """The smallest limit counted: were it counted with what was let through, it would be beyond the share."""
    newest, _ = through(Newest(), [*several, (limit.window, limit.window)], Limit(1.0, limit.window, limit.least))
    assert through(newest, [(1, 1)], limit)[1] == [(1, 1)] or limit.least == 1


@given(limits, batches)
def test_a_window_is_about_as_long_as_it_is_to_be(limit: Limit, several: list[tuple[int, int]]) -> None:
    newest = Newest()
    for records, rejected in several:
        newest = newest.after(records, rejected, limit)
    assert newest.records <= limit.window + limit.window // PARTS + MOST
    assert newest.records >= min(limit.window, sum(records for records, _ in several))
    assert 0 <= newest.rejected <= newest.records
    assert len(to_metadata(SourceClock(1 << 45, 1 << 45), newest)) < 1_000


@given(st.integers(0, 1_000), st.integers(0, 1_000))
def test_the_clock_survives_beside_the_committed_offset(said_ms: int, final_ms: int) -> None:
    clock, _ = from_metadata(to_metadata(SourceClock(said_ms, final_ms), Newest()))
    assert (clock.said_ms, clock.final_ms) == (said_ms, final_ms)


def test_metadata_of_somebody_else_is_nothing_and_that_of_an_earlier_release_is_its_clock() -> None:
    assert from_metadata("hello") == from_metadata("") == from_metadata(None) == (SourceClock(), Newest())
    earlier = f'{{"said_ms":7,"final_ms":{NEVER},"newest_ms":{NEVER}}}'
    assert from_metadata(earlier) == (SourceClock(7), Newest())
