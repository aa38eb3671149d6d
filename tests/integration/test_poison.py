"""A source that sends nothing but broken records stops intake, which says so; nothing is lost, and the dead letters do not grow."""

import json
from collections.abc import Iterator

from kafka import KafkaConsumer, TopicPartition

from streams.deadletters.underway import behind
from streams.topology import REJECTED, TOUCHPOINTS
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.touchpoints import HOUR_MS, Record, touch
from tests.fixtures.workers import WorkerProcess
from tests.integration.definitions import FIRST

AT = 1_600_000_000_000
GOOD, BROKEN = 400, 600
SMALL = {"reject_window": 200, "reject_least": 100, "poll_records": 50, "source_partitions": 1, "session_timeout_s": 6.0}


def records(count: int, begin: int, broken_every: int = 0) -> Iterator[Record]:
    """One in so many is broken."""
    for number in range(begin, begin + count):
        origin = "robot" if broken_every and number % broken_every == 0 else "system"
        yield touch("case.opened", AT + number, {"case": f"case-{number}", "customer": "c"}, origin=origin)


def dead_letters(pipeline: Pipeline) -> int:
    """How many there are on the topic, those that were written twice counted twice."""
    reader = KafkaConsumer(bootstrap_servers=pipeline.settings.kafka_bootstrap)
    place = TopicPartition(pipeline.settings.topic(REJECTED), 0)
    reader.assign([place])
    reader.seek_to_beginning(place)
    end, found = reader.end_offsets([place])[place], 0
    while reader.position(place) < end:
        found += sum(record.value is not None for several in reader.poll(500).values() for record in several)
    reader.close()
    return found


def stopped(worker: WorkerProcess) -> str:
    """Why, in its own words."""
    assert worker.ended(PATIENCE_S) == 5
    lines = [json.loads(line) for line in worker.said().splitlines() if line.startswith("{")]
    (said,) = (str(line["what"]) for line in lines if line["event"] == "stopped")
    return said


def test_a_source_that_breaks_stops_intake_and_goes_on_when_that_is_allowed(pipelines: Pipelines) -> None:
    """Good records with a broken one in a hundred, then broken ones, then good ones."""
    pipeline = pipelines(FIRST, **SMALL)
    pipeline.send(records(GOOD, 0, broken_every=100), "json")
    pipeline.send(records(BROKEN, GOOD, broken_every=1), "json")
    pipeline.send(records(GOOD, GOOD + BROKEN), "json")
    left = []
    for _ in range(2):  # starting again lets no more through
        said = stopped(pipeline.start("worker", "--only", "intake"))
        assert f"{pipeline.settings.topic(TOUCHPOINTS)} 0: " in said
        assert "reject_share allows 50.0%" in said
        assert "by invalid_enum: origin is none of product, human, system" in said
        assert "start intake with reject_share = 1" in said
        left.append(len(list(behind(pipeline.settings, "intake", TOUCHPOINTS))))
        some = dead_letters(pipeline)
        assert 4 <= some <= 4 + 0.5 * (200 + 20 + 2 * 50)
    assert BROKEN / 2 < left[1] - GOOD <= BROKEN

    pipeline.start("worker", reject_share=1.0)
    pipeline.settle(AT + HOUR_MS)
    pipeline.stop()
    pipeline.workers.clear()
    pipeline.start()  # as before: what is good goes on
    pipeline.send(records(GOOD, 2 * GOOD + BROKEN), "json")
    pipeline.settle(AT + 2 * HOUR_MS)
    landed = pipeline.query("SELECT (SELECT count() FROM v_touchpoints), (SELECT count() FROM v_rejected)")
    assert landed == [(3 * GOOD - 4, BROKEN + 4)]


def test_one_in_a_hundred_is_no_reason_to_stop(pipelines: Pipelines) -> None:
    pipeline = pipelines(FIRST, **SMALL)
    pipeline.start()
    pipeline.send(records(1_000, 0, broken_every=100), "json")
    pipeline.settle(AT + HOUR_MS)
    assert pipeline.query("SELECT count() FROM v_rejected") == [(10,)]
