"""How far identity ever came, and what stands, from what it said: asked for when its own state is gone."""

from collections.abc import Mapping
from contextlib import closing
from types import MappingProxyType
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from schemas.codec import decoder
from streams import topology
from streams.core.touchpoint import identifier_key
from streams.settings import Settings

POLL_MS = 500


class Said(NamedTuple):
    """`number`: the highest of a redirect, 0 where there was none; `roots`: identifier -> root, of all that are not their own."""

    number: int = 0
    roots: Mapping[str, str] = MappingProxyType({})


def all_said(settings: Settings) -> Said:
    """What is on identity.people."""
    place = TopicPartition(settings.topic(topology.PEOPLE), 0)
    decode, highest, roots = decoder("person"), 0, dict[bytes, tuple[str, str]]()
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
                if record.value is None:  # somebody was erased
                    roots.pop(record.key, None)
                else:
                    row = decode(record.value)
                    key, root = (identifier_key(row[f"{of}_type"], row[f"{of}_value"]) for of in ("identifier", "root"))
                    highest = max(highest, row["number"])
                    roots[record.key] = key, root
    return Said(highest, {key: root for key, root in roots.values() if key != root})
