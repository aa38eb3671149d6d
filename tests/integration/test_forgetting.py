"""What stitch has forgotten comes back out of the database when it is needed, also when the database is away at first."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.local.database import Database
from streams import topology
from streams.core.stitch.state import BUCKET, WHOLE, Bucket, split_bucket_key, unpack_bucket
from streams.core.touchpoint import hash_id
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.told import told
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, Record, touch
from tests.integration.conftest import START_MS
from tests.integration.definitions import FIRST
from tests.sinks.gate import Gate

COUNT = 60  # orders; each half of them is found to belong to somebody
FAR_MS = START_MS + 30 * DAY_MS
CONTENT = """
SELECT instance, state, outcome, opened_at, closed_at, touchpoints, opened_by, region FROM v_journeys
WHERE definition = 'order' ORDER BY instance
"""
PROMISES = "SELECT instance, promise, state, due_at, settled_at, margin_s FROM v_promises ORDER BY instance"
BROKEN = "SELECT instance, rule, state, due_at, broken_at FROM v_breakages ORDER BY instance"
OWNERS = "SELECT instance, person_id FROM v_journeys WHERE definition = 'order'"
SOMEBODYS, SECOND = range(COUNT // 2), range(COUNT // 2, COUNT)


@pytest.fixture
def gate(clickhouse: Database) -> Iterator[Gate]:
    made = Gate((clickhouse.host, clickhouse.port))
    yield made
    made.shut()


def orders() -> Iterator[Record]:
    """Delivered, every second one later than promised."""
    for n in range(COUNT):
        at_ms, order = START_MS + n, {"order": f"o{n}", "parcel": f"p{n}"}
        yield touch("order.purchased", at_ms, {"order": f"o{n}"}, {"due": at_ms + DAY_MS, "amount": 1.5}, region="BR")
        yield touch("parcel.scanned", at_ms + HOUR_MS, order)
        yield touch("order.delivered", at_ms + (30 if n % 2 else 3) * HOUR_MS, {"order": f"o{n}"})


def owners(numbers: range) -> list[Record]:
    """Known a month late, just in time to matter."""
    return [touch("mail.received", FAR_MS - HOUR_MS + n, {"order": f"o{n}", "customer": f"c{n}"}) for n in numbers]


def buckets(pipeline: Pipeline) -> dict[tuple[str, str], Bucket]:
    """As the state topic has them."""
    consumer = KafkaConsumer(bootstrap_servers=pipeline.settings.kafka_bootstrap, isolation_level="read_committed")
    topic = pipeline.settings.topic(topology.STATE)
    places = [TopicPartition(topic, partition) for partition in range(pipeline.settings.log_partitions)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends, found = consumer.end_offsets(places), dict[bytes, bytes | None]()
    while any(consumer.position(place) < end for place, end in ends.items()):
        for records in consumer.poll(500).values():
            found.update((record.key, record.value) for record in records)
    consumer.close()
    return {split_bucket_key(key): unpack_bucket(value) for key, value in found.items() if key[:1] == BUCKET and value}


def kept(pipeline: Pipeline) -> tuple[int, int]:
    """Touchpoints in the state, and those that it knows to be in the database only."""
    found = [bucket for (_, key), bucket in buckets(pipeline).items() if key != WHOLE]
    return sum(len(each.facts) for each in found), sum(each.forgotten.count for each in found if each.forgotten)


def stands(pipeline: Pipeline) -> list[Any]:
    return [pipeline.query(query) for query in (PROMISES, BROKEN)]


def verified(pipeline: Pipeline) -> tuple[int, bool]:
    found = json.loads(pipeline.command("verify", "--json"))
    return found["differences"], found["settled"]


def test_a_forgotten_order_follows_its_owner_with_all_that_it_was(pipelines: Pipelines, gate: Gate) -> None:
    pipeline = pipelines(FIRST, late_horizon_s=86_400)
    worker = pipeline.start(clickhouse_port=gate.port)
    pipeline.send(orders())
    pipeline.settle(FAR_MS)
    assert kept(pipeline) == (0, 4 * COUNT), "the parcel's copies as well"
    content, stood = pipeline.query(CONTENT), stands(pipeline)
    assert len(content) == COUNT
    assert len(stood[1]) == COUNT // 2

    with pipeline.doubles_watch() as watch:
        pipeline.send(owners(SOMEBODYS))
        pipeline.settle(FAR_MS + 1)
        persons = dict(pipeline.query(OWNERS))
        assert persons == {
            f"o{n}": hash_id("customer", f"c{n}") if n in SOMEBODYS else hash_id("order", f"o{n}") for n in range(COUNT)
        }
        assert stands(pipeline) == stood
        assert [row[:5] for row in pipeline.query(CONTENT)] == [row[:5] for row in content]
        assert {touchpoints for *_, touchpoints, _, _ in pipeline.query(CONTENT)} == {3, 4}
        assert verified(pipeline) == (0, True)

        gate.shut()
        pipeline.send(owners(SECOND))
        pipeline.say(FAR_MS + 2)
        worker.says("no touchpoints are read back at the moment")
        until = time.monotonic() + PATIENCE_S
        while len(moved := [row for row in told(pipeline) if row["state"] == "moved"]) < COUNT // 2:
            assert time.monotonic() < until, moved
            time.sleep(0.2)
        mine = {f"o{n}" for n in SECOND}
        said = [row for row in told(pipeline) if row["instance"] in mine and row["state"] != "moved"]
        assert all(row["person_id"] == hash_id("order", row["instance"]) for row in said), "said before it was all there"
        gate.open()
        pipeline.landed(FAR_MS + 2)
        assert dict(pipeline.query(OWNERS)) == {f"o{n}": hash_id("customer", f"c{n}") for n in range(COUNT)}
        assert stands(pipeline) == stood
        assert verified(pipeline) == (0, True)
    assert watch.found == []
