"""ClickHouse away for a while: stitching and alerting go on, landing catches up, nothing is lost or doubled."""

import time

from kafka import KafkaConsumer, TopicPartition

from deploy.local.database import Database
from schemas.codec import decoder
from streams import topology
from tests.fixtures.pipeline import PATIENCE_S, Pipeline
from tests.fixtures.touchpoints import DAY_MS, Record, touch
from tests.fixtures.views import doubles

AWAY_S = 20.0
COUNT = 1_000


def _orders(prefix: str, day_ms: int) -> list[Record]:
    due = {"due": day_ms + DAY_MS}
    return [touch("order.purchased", day_ms + n, {"order": f"{prefix}{n}", "customer": f"c{n}"}, due) for n in range(COUNT)]


def _told(pipeline: Pipeline, prefix: str) -> set[str]:
    """Instances of the breakages that subscribers have been told of."""
    decode, topic = decoder("breakage"), pipeline.settings.topic(topology.BREAKAGES)
    consumer = KafkaConsumer(bootstrap_servers=pipeline.settings.kafka_bootstrap, isolation_level="read_committed")
    places = [TopicPartition(topic, partition) for partition in range(pipeline.settings.log_partitions)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    found: set[str] = set()
    while any(consumer.position(place) < end for place, end in ends.items()):
        for records in consumer.poll(500).values():
            found |= {decode(record.value)["instance"] for record in records if record.value is not None}
    consumer.close()
    return {instance for instance in found if instance.startswith(prefix)}


def test_landing_catches_up_when_the_database_has_been_away(held: Pipeline, clickhouse: Database, day_ms: int) -> None:
    held.send(_orders("away-before-", day_ms))
    held.say(day_ms + 2 * DAY_MS)  # so that it is killed while rows land
    clickhouse.kill()
    until = time.monotonic() + AWAY_S
    held.send(_orders("away-during-", day_ms))
    held.say(day_ms + 3 * DAY_MS)
    patience = time.monotonic() + PATIENCE_S
    while len(_told(held, "away-")) < 2 * COUNT:
        held.check()
        assert time.monotonic() < patience, "nobody was told while the database was away"
        time.sleep(0.5)
    time.sleep(max(0.0, until - time.monotonic()))
    clickhouse.start()
    held.landed(day_ms + 3 * DAY_MS)
    for view in ("v_journeys", "v_breakages", "v_promises"):
        counted = held.query(f"SELECT count(), uniqExact(instance) FROM {view} WHERE startsWith(instance, 'away-')")
        assert counted == [(2 * COUNT, 2 * COUNT)], view
    assert held.query("SELECT count() FROM v_touchpoints WHERE startsWith(address_value, 'away-')") == [(2 * COUNT,)]
    assert doubles(held.client) == []
