"""The figures a minute, through the whole pipeline: in the end they are what a count over journeys and breakages gives."""

import json
import random
from datetime import UTC, datetime

from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, MINUTE_MS, Record, touch
from tests.integration.definitions import FIRST
from tests.sinks.test_minutes import DIFFERENT

COUNT = 200
WAITING = "SELECT sum(hidden) FROM journey_minutes FINAL"


def _orders(day_ms: int, world: random.Random) -> tuple[list[Record], list[Record], list[Record]]:
    """Orders bought and mostly delivered; then who bought them, which is not known before; then an earlier purchase of some."""
    first, second, third = [], [], []
    for n in range(COUNT):
        order, at_ms = {"order": f"minutes-{n}"}, day_ms + world.randrange(60) * MINUTE_MS // 2
        due = {"due": day_ms + 2 * DAY_MS}
        first.append(touch("order.purchased", at_ms, order, due, region=world.choice(["BR", "DE"])))
        if world.random() < 0.8:
            first.append(touch("order.delivered", at_ms + world.randrange(1, 72) * HOUR_MS, order))
        second.append(touch("mail.received", at_ms + HOUR_MS, {**order, "customer": f"minutes-{n % 50}"}))
        if world.random() < 0.3:
            third.append(touch("order.purchased", at_ms - 5 * MINUTE_MS, order, due, region="FR"))
        if world.random() < 0.3:
            third.append(touch("mail.received", at_ms + MINUTE_MS, {**order, "customer": f"minutes-other-{n % 7}"}))
        if world.random() < 0.3:
            third.append(touch("order.delivered", at_ms + HOUR_MS, order))
    return first, second, third


def _right(pipeline: Pipeline) -> None:
    pipeline.eventually(DIFFERENT, [])
    pipeline.eventually(WAITING, [(0,)])


def test_they_are_right_after_owners_late_touchpoints_and_workers_that_change(pipelines: Pipelines) -> None:
    """Of two that land one is killed while the last touchpoints come, and the other one goes on with its work."""
    pipeline, day_ms = pipelines(FIRST, session_timeout_s=6.0), 1_500_000_000_000
    pipeline.start()
    steps = _orders(day_ms, random.Random(4))
    pipeline.send(steps[0])
    pipeline.settle(day_ms + 9 * DAY_MS)
    _right(pipeline)
    second = pipeline.start("worker", "--only", "land")
    pipeline.shared("land", 2)
    pipeline.send(steps[1])
    pipeline.settle(day_ms + 9 * DAY_MS + 1)
    _right(pipeline)
    assert pipeline.query("SELECT sum(n) FROM v_journey_minutes WHERE kind = 'opened'") == [(COUNT,)]
    before = dict(pipeline.query("SELECT kind, sum(n) FROM v_journey_minutes GROUP BY kind"))
    pipeline.send(steps[2])
    second.kill()
    pipeline.settle(day_ms + 9 * DAY_MS + 9)
    _right(pipeline)
    after = dict(pipeline.query("SELECT kind, sum(n) FROM v_journey_minutes GROUP BY kind"))
    assert after["opened"] == COUNT
    assert after["withdrawn"] > before.get("withdrawn", 0)
    assert pipeline.query("SELECT sum(n) FROM v_journey_minutes WHERE region = 'FR'") != [(0,)]


def test_they_can_be_made_anew_from_what_stands(held: Pipeline, day_ms: int) -> None:
    """All figures and entries are lost.  A rebuild of a range counts that range alone, one of everything mends the rest."""
    pairs = [{"order": f"anew-{n}", "customer": f"anew-{n}"} for n in range(2)]
    held.send([touch("order.purchased", day_ms + n * DAY_MS, pair, {"due": day_ms + 9 * DAY_MS}) for n, pair in enumerate(pairs)])
    held.settle(day_ms + 2 * DAY_MS)
    second_ms = day_ms + DAY_MS
    held.eventually(f"SELECT count() FROM ({_since(day_ms)})", [(2,)])
    right = held.query(_since(day_ms))
    held.query("TRUNCATE TABLE minute_entries")
    held.query("TRUNCATE TABLE journey_minutes")
    second_day = datetime.fromtimestamp(second_ms / 1_000, UTC).isoformat()
    assert json.loads(held.command("minutes", "rebuild", "--from", second_day, "--json")) == {"minutes": 1}
    held.eventually(_since(second_ms), right[1:])
    held.command("minutes", "rebuild")
    held.eventually(_since(day_ms), right)
    held.eventually(DIFFERENT, [])


def _since(since_ms: int) -> str:
    return f"SELECT minute, n FROM v_journey_minutes WHERE minute >= fromUnixTimestamp64Milli({since_ms}, 'UTC') ORDER BY minute"
