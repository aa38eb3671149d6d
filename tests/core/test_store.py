"""What stitch keeps in memory: whatever lies packed together is there as it was put, and falls due when it is."""

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.stitch import due, small
from streams.core.stitch.state import BUCKET, REDIRECT, Bucket, Header, pack_bucket
from streams.core.stitch.store import MemoryStore

PIECES = [b"", b"a", b"b", b"ra", b"\x02ra", b"\xff", b"\xff\x02ra", b"\x00", b"x" * 254, b"y" * 300]
KEYS = st.tuples(st.sampled_from([REDIRECT, BUCKET]), st.sampled_from(PIECES), st.sampled_from(PIECES)).map(b"".join)
VALUES = st.tuples(st.sampled_from(PIECES), st.sampled_from(PIECES)).map(b"".join)
WHAT = st.sampled_from(["put", "load", "delete", "drop"])


@given(st.lists(st.tuples(WHAT, KEYS, VALUES), max_size=60))
@settings(max_examples=300, deadline=None)
def test_a_store_is_a_dict_of_what_was_put(steps: list[tuple[str, bytes, bytes]]) -> None:
    """Keys within keys and values, everything in three pages, short and long, with and without the mark between entries."""
    with patch.object(small, "PAGES", 3):
        store, known, changed = MemoryStore(), dict[bytes, bytes](), dict[bytes, bytes | None]()
        for what, key, value in steps:
            if what == "put":
                store.put(key, value)
                known[key] = changed[key] = value
            elif what == "load":
                store.load(key, value)
                known[key] = value
            elif what == "delete":
                store.delete(key)
                if known.pop(key, None) is not None:
                    changed[key] = None
            else:
                store.load(key, None)
                known.pop(key, None)
            assert store.get(key) == known.get(key)
            assert len(store) == len(known)
        assert dict(store.items()) == known
        for kind in (REDIRECT, BUCKET):
            assert sorted(store.items(kind)) == sorted(entry for entry in known.items() if entry[0].startswith(kind))
        assert {key: store.get(key) for key in known} == known
        assert store.changed() == changed


def _key(number: int) -> bytes:
    return BUCKET + b"p\0" + str(number).encode()


DEADLINES = st.integers(-50, 150)
DUE_STEPS = st.lists(st.one_of(st.tuples(st.integers(0, 8), DEADLINES), st.integers(0, 40)), max_size=60)


@given(DUE_STEPS)
@settings(max_examples=300, deadline=None)
def test_all_that_the_clock_has_passed_is_due_in_its_order_and_nothing_else(steps: list[tuple[int, int] | int]) -> None:
    """Deadlines of many slices, set anew before they came, after they passed, earlier and later; the clock goes on by any step."""
    with patch.object(due, "SLICE_MS", 7):
        store, deadlines, clock_ms = MemoryStore(), dict[int, int](), 0
        timers = due.Due(store)
        for step in steps:
            if isinstance(step, tuple):
                number, deadline = step
                deadlines[number] = deadline
                store.put(_key(number), pack_bucket(header := Header(deadline), Bucket()))
                timers.index(_key(number), header)
                continue
            clock_ms += step
            found = []
            while timers.has_passed(clock_ms):
                if (passed := timers.pop_passed()) is not None and passed[0] not in [key for key, _ in found]:
                    found.append((passed[0], passed[1].next_deadline))
                    store.delete(passed[0])
            gone = sorted((at_ms, _key(number)) for number, at_ms in deadlines.items() if at_ms < clock_ms)
            assert sorted((at_ms, key) for key, at_ms in found) == gone
            assert [at_ms for _, at_ms in found] == sorted(at_ms for _, at_ms in found)
            deadlines = {number: at_ms for number, at_ms in deadlines.items() if at_ms >= clock_ms}
