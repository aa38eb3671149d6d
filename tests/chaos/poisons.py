"""Sources that go wrong: nothing but broken records, records that are too large, a clock a year ahead."""

import time
from collections.abc import Iterator

import msgspec
from kafka.errors import MessageSizeTooLargeError

from streams.topology import TOUCHPOINTS
from tests.chaos.arena import REJECT_WINDOW, Arena
from tests.chaos.load import BROKEN_KEYS
from tests.fixtures.pipeline import PATIENCE_S
from tests.fixtures.touchpoints import DAY_MS, touch
from tests.fixtures.workers import WorkerProcess

BROKEN_S, BROKEN_A_SECOND = 60.0, 400
STOPPED = "reject_share allows 50.0%"
REFUSED = 5  # exit code of who does not go on by itself
MB = 1 << 20
AHEAD = 200  # touchpoints


def all_broken(arena: Arena, _number: int) -> str:
    """For a minute there is nothing else: intake stops and says so, however often it is started; the operator lets them through."""
    arena.load.hold()
    before, began, stops = arena.ledger.rejected(), arena.load.accepted().broken, 0
    until_s = time.monotonic() + BROKEN_S
    while time.monotonic() < until_s:
        arena.load.send_broken(arena.load.noise(BROKEN_A_SECOND // 2))
        time.sleep(0.5)
        stops += len([worker for worker in arena.workers if worker.code() == REFUSED])
        arena.revive()
    came = arena.load.accepted().broken - began
    stops += _await_stop(arena)
    rejected = arena.ledger.rejected() - before
    most = arena.pipeline.settings.source_partitions * (REJECT_WINDOW / 2 + 2 * arena.pipeline.settings.poll_records)
    assert rejected <= min(most, came / 2), f"{rejected} of {came} broken records went to the dead letters"
    arena.replace(reject_share=1.0)
    _await_rejected(arena, before + came)
    arena.replace()
    arena.load.flow()
    return f"intake stopped {stops} times with {rejected:,} of {came:,} rejected, all when it was let, "


def too_large(arena: Arena, _number: int) -> None:
    """One of 7 MB is a dead letter; one of 10 MB the broker refuses, and its source knows."""
    before = arena.ledger.rejected("too_large")
    noise = b"".join(arena.load.noise(10 * MB // 41 + 1))[: 10 * MB]
    try:
        arena.pipeline.put(TOUCHPOINTS, noise, key=BROKEN_KEYS[0])
        raise AssertionError("the broker takes a record of 10 MB")
    except MessageSizeTooLargeError:
        pass
    arena.pipeline.put(TOUCHPOINTS, noise[: 7 * MB], key=BROKEN_KEYS[0])
    arena.load.sent_broken()
    _await_rejected(arena, before + 1, "too_large")


def year_ahead(arena: Arena, _number: int) -> None:
    """They are rejected, and no clock follows them."""
    before = arena.ledger.rejected("in_the_future")
    arena.load.send_broken(map(msgspec.json.encode, _ahead()))
    _await_rejected(arena, before + AHEAD, "in_the_future")
    now_ms = round(time.time() * 1_000)
    ahead = arena.query("SELECT count() FROM clocks WHERE clock_ms > %(now)s", now=now_ms)
    assert ahead == [(0,)], "a clock followed a source that is a year ahead"


def _ahead() -> Iterator[dict[str, object]]:
    at_ms = round(time.time() * 1_000) + 365 * DAY_MS
    return (touch("order.purchased", at_ms + number, {"order": f"ahead{number}"}) for number in range(AHEAD))


def _await_stop(arena: Arena) -> int:
    """Until all workers have stopped, and one says why.  -> how many have."""
    until_s = time.monotonic() + PATIENCE_S
    while not all(worker.code() is not None for worker in arena.workers):
        assert time.monotonic() < until_s, "intake goes on with nothing but broken records"
        time.sleep(0.2)
    assert any(_refused(worker) for worker in arena.pipeline.workers), "no worker says that too much is rejected"
    return len(arena.workers)


def _refused(worker: WorkerProcess) -> bool:
    return worker.code() == REFUSED and STOPPED in worker.said()


def _await_rejected(arena: Arena, count: int, reason: str = "") -> None:
    until_s = time.monotonic() + PATIENCE_S
    while (found := arena.ledger.rejected(reason)) < count:
        assert time.monotonic() < until_s, f"of {count} broken records {found} have landed"
        arena.revive()
        time.sleep(0.5)
