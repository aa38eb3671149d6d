"""Which rejected records were sent once more, and no word of it has landed yet.

Such a record lies on the input topic where intake has not come yet, or word of it lies on `touchpoints.rejected` where land has not
come yet.  It only ever goes on from there.  Read in this order, and the tables after it, none is overlooked.
"""

from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from sinks.clickhouse.dead_letters import Key
from streams import topology
from streams.agents.marks import Origin, read_origin, read_replayed
from streams.settings import Settings
from streams.topics import admin


def under_way(settings: Settings) -> set[Key]:
    """Raises BrokerUnreachable and what Kafka's client raises."""
    found = set()
    for record in behind(settings, "intake", topology.TOUCHPOINTS):
        if record.headers and (origin := read_origin(record.headers)):
            found.add(_key(origin))
    for record in behind(settings, "land", topology.REJECTED):
        if record.headers and (word := read_replayed(record.headers)):
            found.add(_key(word.origin))
    return found


def _key(origin: Origin) -> Key:
    return Key(origin.topic, origin.partition, origin.offset, origin.received_at)


def behind(settings: Settings, agent: str, name: str) -> Iterator[Any]:
    """Records that an agent has not committed, up to the end as it is now."""
    reader = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed")
    try:
        topic = settings.topic(name)
        places = [TopicPartition(topic, part) for part in sorted(reader.partitions_for_topic(topic) or ())]
        committed = _committed(settings, f"{settings.namespace}.{agent}", places)
        ends, begins = reader.end_offsets(places), reader.beginning_offsets(places)
        reader.assign(places)
        for at in places:
            reader.seek(at, max(begins[at], min(committed.get(at, 0), ends[at])))
        while any(reader.position(at) < ends[at] for at in places):
            for several in reader.poll(timeout_ms=500).values():
                yield from several
    finally:
        reader.close()


def _committed(settings: Settings, group: str, places: list[TopicPartition]) -> dict[TopicPartition, int]:
    with admin(settings) as client:
        found = client.list_group_offsets({group: places})[group]
    return {at: its.offset for at, its in found.items() if its is not None and its.offset >= 0}
