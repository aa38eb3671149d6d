"""A live clock, several workers, and one that stands still: what was answered in time is never said to be broken, the rest is."""

from collections.abc import Iterator

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.core.touchpoint import hash_id
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.told import told
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, MINUTE_MS, touch
from tests.fixtures.workers import Frozen, WorkerProcess
from tests.integration.cases import (
    CASES,
    HEARD,
    LATENESS_S,
    SHOWN,
    WITHIN_S,
    answered,
    asked,
    beyond,
    now_ms,
    tell_only,
)

SOURCES, COUNT = 3, 20
SESSION_S = 6.0  # the broker allows no less
HEADWAY_MS = 2_000  # touchpoints so far ahead are on the input topic before anything about them is due
LEAD_MS = 6_000  # and so far, they have been put into journeys
Live = tuple[Pipeline, WorkerProcess, WorkerProcess]


@pytest.fixture(scope="module")
def live(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Three that take in, one source partition each, of which the last is soon given up; the first two stitch."""
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("lateness"))
    pipeline = made(CASES, clock="live", allowed_lateness_s=LATENESS_S, source_partitions=SOURCES)
    pipeline.start()
    second = pipeline.start("worker", "--only", "intake,stitch")
    third = pipeline.start("worker", "--only", "intake", session_timeout_s=SESSION_S)
    pipeline.eventually(HEARD, [(SOURCES,)], ms=now_ms() - MINUTE_MS)
    pipeline.shared("intake", SOURCES)
    pipeline.shared("stitch", 2)
    yield pipeline, second, third
    made.close()


def _talk(live: Pipeline, prefix: str) -> tuple[list[str], int]:
    """Questions in every source partition, answers in the next one, so that whoever stands still has some of both.

    -> those that nobody answers, and when they were asked.
    """
    at_ms, silent = now_ms() + HEADWAY_MS, [f"{prefix}silent{source}" for source in range(SOURCES)]
    for source in range(SOURCES):
        names = [f"{prefix}{source}-{number}" for number in range(COUNT)]
        live.send([asked(name, at_ms) for name in [silent[source], *names]], partition=source)
        live.send([answered(name, at_ms + 1) for name in names], partition=(source + 1) % SOURCES)
    return silent, at_ms


def test_an_intake_worker_that_stands_still_holds_the_clock_of_all(live: Live) -> None:
    """Others read questions whose answers lie in its partition; their clocks are far enough, and are not alone."""
    pipeline, second, _ = live
    with Frozen(second.agent("intake")):
        silent, at_ms = _talk(pipeline, "held-")
        beyond(pipeline, at_ms, SOURCES - 1)
        assert told(pipeline, "held-") == []
    tell_only(pipeline, "held-", silent)


def test_a_partition_whose_reader_stands_still_is_read_by_another_and_its_return_changes_nothing(live: Live) -> None:
    """It was idle before; what came meanwhile is read by the new owner, and the old one comes back with what it knew."""
    pipeline, _, third = live
    with Frozen(third.agent("intake")):
        before, _ = _talk(pipeline, "taken-")
        pipeline.shared("intake", SOURCES - 1)
        tell_only(pipeline, "taken-", before)
        during, at_ms = _talk(pipeline, "back-")
    pipeline.shared("intake", SOURCES)
    beyond(pipeline, at_ms, SOURCES)
    tell_only(pipeline, "back-", during)
    tell_only(pipeline, "taken-", before)


def test_a_stitch_partition_that_holds_the_answers_holds_the_clock_of_all(live: Live) -> None:
    """The questions have moved to their customers; the answers wait in partitions that nobody works on."""
    pipeline, second, _ = live
    at_ms, names = now_ms() + LEAD_MS, [f"wait-{number}" for number in range(3 * COUNT)]
    pipeline.send([asked(name, at_ms) for name in ["wait-silent", *names]])
    pipeline.eventually(SHOWN, [(len(names) + 1,)], prefix="wait-")
    with Frozen(second.agent("stitch")):
        pipeline.send([answered(name, at_ms + 1) for name in names])
        assert now_ms() < at_ms + WITHIN_S * 1_000, "this machine is too busy to tell: the answers came too late"
        beyond(pipeline, at_ms, SOURCES)
        assert told(pipeline, "wait-") == []
    tell_only(pipeline, "wait-", ["wait-silent"])


def test_while_identity_stands_still_nobody_is_told_and_then_of_the_right_person(live: Live) -> None:
    pipeline = live[0]
    with Frozen(pipeline.workers[0].agent("identity")):
        silent, at_ms = _talk(pipeline, "whose-")
        beyond(pipeline, at_ms, SOURCES)
        assert told(pipeline, "whose-") == []
    tell_only(pipeline, "whose-", silent)
    assert {row["person_id"] for row in told(pipeline, "whose-")} == {hash_id("customer", f"of-{name}") for name in silent}


def test_a_stamp_ahead_of_its_time_moves_no_clock(live: Live) -> None:
    """Neither one that is believed nor ones that are rejected, a year ahead too: what is asked behind has all of its time."""
    pipeline = live[0]
    at_ms, aheads_ms = now_ms(), (30 * MINUTE_MS, 2 * HOUR_MS, 365 * DAY_MS)
    ahead = [touch("case.noted", at_ms + ahead_ms, {"case": "ahead-0"}) for ahead_ms in aheads_ms]
    for source in range(SOURCES):
        pipeline.send(ahead, partition=source)
    silent, at_ms = _talk(pipeline, "ahead-")
    tell_only(pipeline, "ahead-", silent)
    assert pipeline.query("SELECT reason, count() FROM v_rejected GROUP BY reason") == [("in_the_future", 2 * SOURCES)]
    assert pipeline.query("SELECT count() FROM clocks WHERE clock_ms > %(now)s", now=now_ms()) == [(0,)]
