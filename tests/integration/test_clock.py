"""Only a clock makes an absence true, and a clock goes behind the data: whoever lags never makes a false breakage."""

import time

from streams.core.touchpoint import hash_id
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, touch
from tests.fixtures.workers import Frozen
from tests.integration.conftest import START_MS
from tests.integration.definitions import FIRST

STILL_S = 3.0  # many times what a clock needs to get through
EVER = "SELECT count() FROM breakages WHERE instance = %(instance)s"  # every row that was ever told, also a withdrawn one
HEARD = "SELECT count() FROM clocks FINAL WHERE topic = 'person.log' AND clock_ms >= %(ms)s"


def test_one_source_partition_alone_moves_no_clock(held: Pipeline, day_ms: int) -> None:
    """What would be overdue by the clock of one source partition may still be kept by a touchpoint that lies in another."""
    due = {"due": day_ms + 2 * DAY_MS}
    held.send([touch("order.purchased", day_ms, {"order": "half-heard", "customer": "half-heard"}, due)])
    held.say(day_ms + 3 * DAY_MS, partition=0)
    held.eventually(HEARD, [(held.settings.log_partitions,)], ms=day_ms + 3 * DAY_MS)
    time.sleep(STILL_S)
    assert held.query(EVER, instance="half-heard") == [(0,)]
    held.send([touch("order.delivered", day_ms + DAY_MS, {"order": "half-heard"})])
    held.settle(day_ms + 3 * DAY_MS)
    assert held.query(EVER, instance="half-heard") == [(0,)]
    assert held.query("SELECT state FROM v_promises WHERE instance = 'half-heard'") == [("kept",)]


def test_while_identity_lags_nothing_is_judged_and_then_for_the_right_person(held: Pipeline, day_ms: int) -> None:
    bought = touch("order.purchased", day_ms, {"order": "slow-owner", "customer": "slow-owner"}, {"due": day_ms + 2 * DAY_MS})
    with Frozen(held.workers[0].agent("identity")):
        held.send([bought])
        held.say(day_ms + 3 * DAY_MS)
        held.eventually(HEARD, [(held.settings.log_partitions * held.settings.source_partitions,)], ms=day_ms + 3 * DAY_MS)
        time.sleep(STILL_S)
        assert held.query(EVER, instance="slow-owner") == [(0,)]
    held.landed(day_ms + 3 * DAY_MS)
    told = held.query("SELECT DISTINCT person_id, state FROM breakages WHERE instance = 'slow-owner'")
    assert told == [(hash_id("customer", "slow-owner"), "open")]


def test_a_lagging_partition_of_the_log_never_makes_a_false_breakage(pipelines: Pipelines) -> None:
    """The purchase has moved to its owner's partition; the delivery waits in the order's own, whose worker stands still."""
    pipeline, count, day_ms = pipelines(FIRST), 40, START_MS
    pipeline.start()
    second = pipeline.start("worker", "--only", "stitch")
    pairs = [{"order": f"o{n}", "customer": f"c{n}"} for n in range(count)]
    pipeline.send([touch("order.purchased", day_ms + n, pair, {"due": day_ms + 2 * DAY_MS}) for n, pair in enumerate(pairs)])
    pipeline.settle(day_ms + DAY_MS)
    pipeline.shared("stitch", 2)
    assert pipeline.query("SELECT count() FROM v_journeys") == [(count,)]
    with Frozen(second.agent("stitch")):
        pipeline.send([touch("order.delivered", day_ms + HOUR_MS, {"order": pair["order"]}) for pair in pairs])
        pipeline.say(day_ms + 3 * DAY_MS)
        time.sleep(STILL_S)
    pipeline.landed(day_ms + 3 * DAY_MS)
    assert pipeline.query("SELECT count() FROM breakages") == [(0,)]
    assert pipeline.query("SELECT state, count() FROM v_promises GROUP BY state") == [("kept", count)]


def test_settling_again_at_the_same_time_waits_for_what_came_since(held: Pipeline, day_ms: int) -> None:
    """The clock stands there already, and tells nothing of it; what came belongs to others, at homes of their own."""
    held.settle(day_ms + 3 * DAY_MS)
    for number in range(3):
        pairs = [{"order": f"again{number}-{n}", "customer": f"again{number % 2}-{n}"} for n in range(50)]
        held.send([touch("order.purchased", day_ms + n, pair, {"due": day_ms + 2 * DAY_MS}) for n, pair in enumerate(pairs)])
        held.settle(day_ms + 3 * DAY_MS)
        counts = [
            held.query(f"SELECT count() FROM {view} WHERE startsWith(instance, 'again')") for view in ("v_journeys", "v_breakages")
        ]
        assert counts == [[(50 * (number + 1),)]] * 2
