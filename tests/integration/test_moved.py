"""Whose an object is may be found out later, or otherwise: its journeys follow, and nobody ever sees one twice."""

import time

from streams.core.touchpoint import hash_id
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, Record, touch
from tests.fixtures.workers import Frozen
from tests.integration.definitions import FIRST

COUNT = 300  # enough that redirects and the moves that follow them land in several inserts
STILL_S = 2.0  # one that lands does so several times in it
STANDING = """
SELECT person_id, count(), countIf(state = 'open') FROM v_breakages WHERE startsWith(instance, %(prefix)s) GROUP BY person_id
"""
OWNERS = "SELECT instance, person_id FROM v_journeys WHERE startsWith(instance, %(prefix)s)"


def _bought(prefix: str, day_ms: int) -> list[Record]:
    """Orders of nobody known yet, due on the second day and never delivered."""
    due = {"due": day_ms + 2 * DAY_MS, "amount": 1.5}
    return [touch("order.purchased", day_ms + n, {"order": f"{prefix}{n}"}, due) for n in range(COUNT)]


def _named(prefix: str, at_ms: int, whose: str) -> list[Record]:
    return [touch("mail.received", at_ms + n, {"order": f"{prefix}{n}", "customer": f"{whose}{n}"}) for n in range(COUNT)]


def _owners(held: Pipeline, prefix: str) -> dict[str, str]:
    rows = held.query(OWNERS, prefix=prefix)
    assert len(rows) == COUNT
    return dict(rows)


def _of(kind: str, prefix: str, whose: str) -> dict[str, str]:
    return {f"{prefix}{n}": hash_id(kind, f"{whose}{n}") for n in range(COUNT)}


def test_journeys_follow_their_owner_and_are_never_seen_twice(held: Pipeline, day_ms: int) -> None:
    """Nobody's at first; then a customer's; then another's, whom an earlier touchpoint names."""
    prefix = f"moved{day_ms}-"
    with held.doubles_watch() as watch:
        held.send(_bought(prefix, day_ms))
        held.settle(day_ms + 3 * DAY_MS)
        assert _owners(held, prefix) == _of("order", prefix, prefix)
        held.send(_named(prefix, day_ms + 2 * HOUR_MS, "second"))
        held.settle(day_ms + 3 * DAY_MS + 1)
        assert _owners(held, prefix) == _of("customer", prefix, "second")
        held.send(_named(prefix, day_ms + HOUR_MS, "first"))
        held.settle(day_ms + 3 * DAY_MS + 2)
        assert _owners(held, prefix) == _of("customer", prefix, "first")
    assert watch.looks >= 5
    assert watch.found == []
    assert len(held.query(STANDING, prefix=prefix)) == COUNT
    moved = held.query("SELECT uniqExact(instance) FROM v_breakage_history WHERE startsWith(instance, %(p)s)", p=prefix)
    assert moved == [(COUNT,)]
    assert held.query("SELECT count() FROM v_conflicts WHERE startsWith(address_value, %(p)s)", p=prefix) == [(0,)]


def test_rows_are_never_seen_twice_when_their_partitions_land_at_different_times(pipelines: Pipelines, day_ms: int) -> None:
    """Of two that land one stands still while owners change: its partitions show the old rows yet, the others the new ones."""
    pipeline = pipelines(FIRST)
    workers = [pipeline.start(), pipeline.start("worker", "--only", "land")]
    pipeline.send(_bought("apart-", day_ms))
    pipeline.settle(day_ms + 3 * DAY_MS)
    pipeline.shared("land", len(workers))
    with pipeline.doubles_watch() as watch:
        for step, (worker, whose) in enumerate(zip(workers, ("second", "first"), strict=True), 1):
            with Frozen(worker.agent("land")):
                pipeline.send(_named("apart-", day_ms + (4 - step) * HOUR_MS, whose))
                pipeline.say(day_ms + 3 * DAY_MS + step)
                owners = list(_of("customer", "apart-", whose).values())
                pipeline.eventually("SELECT count() > 0 FROM journeys WHERE person_id IN %(owners)s", [(1,)], owners=owners)
                looks = watch.looks
                time.sleep(STILL_S)
                assert watch.looks > looks
            pipeline.landed(day_ms + 3 * DAY_MS + step)
            assert _owners(pipeline, "apart-") == _of("customer", "apart-", whose)
    assert watch.found == []


def test_a_touchpoint_of_two_objects_belongs_to_the_journeys_of_both(held: Pipeline, day_ms: int) -> None:
    held.send([
        touch("order.purchased", day_ms, {"order": "both-o", "customer": "both-a"}, {"due": day_ms + 9 * DAY_MS}),
        touch("case.opened", day_ms + 1, {"case": "both-k", "customer": "both-b"}),
        touch("case.asked", day_ms + 2, {"case": "both-k"}),
        touch("case.answered", day_ms + HOUR_MS, {"order": "both-o", "case": "both-k"}),
    ])  # fmt: skip
    held.settle(day_ms + 3 * DAY_MS)
    shown = held.query("SELECT definition, person_id, touchpoints FROM v_journeys WHERE instance IN ('both-o', 'both-k')")
    assert sorted(shown) == [
        ("order", hash_id("customer", "both-a"), 2),
        ("service_case", hash_id("customer", "both-b"), 3),
    ]
    assert held.query("SELECT rule FROM v_breakages WHERE instance IN ('both-o', 'both-k')") == []
    assert held.query("SELECT count() FROM v_touchpoints WHERE event_id LIKE '%%both-k%%'") == [(3,)]
