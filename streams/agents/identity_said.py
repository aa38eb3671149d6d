"""How far identity ever came, from what it said: asked for when its own state is gone."""

from contextlib import closing

from kafka import KafkaConsumer, TopicPartition

from schemas.codec import decoder
from streams import topology
from streams.settings import Settings

POLL_MS = 500


def highest_number(settings: Settings) -> int:
    """The highest redirect number on identity.people; 0 for an empty topic."""
    place = TopicPartition(settings.topic(topology.PEOPLE), 0)
    decode, highest = decoder("person"), 0
    reading = KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False, auto_offset_reset="earliest",
        isolation_level="read_committed",
    )  # fmt: skip
    with closing(reading):
        reading.assign([place])
        end = reading.end_offsets([place])[place]
        reading.seek_to_beginning(place)
        while reading.position(place) < end:
            for record in (each for some in reading.poll(POLL_MS).values() for each in some):
                if record.value is not None:
                    highest = max(highest, decode(record.value)["number"])
    return highest
