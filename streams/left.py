"""What is left of somebody: every topic from its beginning, and every table, are looked through."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from clickhouse_driver import Client
from kafka import KafkaConsumer, TopicPartition

from schemas.codec import decoder
from sinks.clickhouse import forgetting
from sinks.clickhouse.text import mentions_by_table
from streams import topology
from streams.core.identifiers import Identifiers
from streams.core.mentioned import SHORTEST, mentioned
from streams.core.stitch.state import BUCKET, packed_bucket
from streams.core.touchpoint import id_of
from streams.retention import DAY_MS
from streams.settings import Settings
from streams.topology import Topic

SEGMENT_MS = 7 * DAY_MS  # a broker deletes and compacts whole segments; by default it begins a new one after a week
_pack = msgspec.msgpack.Encoder().encode
RAW = {topology.TOUCHPOINTS, topology.REJECTED}  # what sources wrote, as they wrote it


class Left(NamedTuple):
    """`kind`: stands, in a compacted topic; table; retention or compaction: it goes by itself, at `until` at the latest."""

    place: str
    kind: str
    records: int
    until: str


class Wanted:
    """How somebody may be written: identifiers, their ids, the values among other text."""

    def __init__(self, keys: Sequence[str], identifiers: Identifiers) -> None:
        self.keys, self._identifiers = set(keys), identifiers
        self.ids = [id_of(key) for key in keys]
        pairs = [key.partition(":")[::2] for key in keys]
        self.texts = sorted({*keys, *self.ids, *(value for _, value in pairs if len(value) >= SHORTEST)})
        exact = [bytes.fromhex(each) for each in self.ids] + [_pack(kind) + _pack(value) for kind, value in pairs]
        words = [re.escape(text.encode()) + rb"(?![A-Za-z0-9])" for text in self.texts]
        self._found = re.compile(b"|".join([*map(re.escape, exact), *words])).search
        self._rejected = decoder("rejected_touchpoint")

    def in_bytes(self, some: bytes | None) -> bool:
        return some is not None and self._found(some) is not None

    def in_source(self, key: bytes | None, value: bytes | None) -> bool:
        return mentioned(key, value, self._identifiers, self.keys.__contains__)

    def in_record(self, name: str, key: bytes | None, value: bytes | None) -> bool:
        if self.in_bytes(key) or self.in_bytes(value):
            return True
        if name == topology.REJECTED and value is not None:
            row = self._rejected(value)
            return self.in_source(row["key"], row["value"])
        if name == topology.STATE and key is not None and key[:1] == BUCKET and value is not None:
            return self.in_bytes(packed_bucket(value))
        return name in RAW and self.in_source(key, value)


def left(settings: Settings, client: Client, wanted: Wanted) -> list[Left]:
    found = [each for topic in topology.TOPICS for each in in_topic(settings, topic, wanted)]
    return [*found, *in_tables(client, wanted)]


def in_tables(client: Client, wanted: Wanted) -> Iterator[Left]:
    tables = dict(mentions_by_table(client, wanted.texts))
    told = {
        **forgetting.about(client, wanted.ids),
        "touchpoints": len(forgetting.carrying(client, sorted(wanted.keys))),
        "rejected_touchpoints": len(forgetting.rejected(client, wanted.in_source)),
    }
    for table in sorted({*tables, *told}):
        if count := max(tables.get(table, 0), told.get(table, 0)):
            yield Left(table, "table", count, "")


def in_topic(settings: Settings, topic: Topic, wanted: Wanted) -> list[Left]:
    hits = _Hits(topic, topology.retention_ms(topic, settings))
    for record in _records(settings, topic):
        if wanted.in_record(topic.name, record.key, record.value):
            hits.hit(record)
        else:
            hits.pass_by(record)
    return hits.left()


class _Hits:
    """Of one topic.  In a compacted one a record goes when another with its key follows, or when it is a tombstone."""

    def __init__(self, topic: Topic, retention_ms: int | None) -> None:
        self._topic, self._retention_ms = topic, retention_ms
        self._standing: dict[tuple[int, bytes], int] = {}  # partition and key -> timestamp
        self._going = list[int]()  # timestamps

    def hit(self, record: Any) -> None:
        if not self._topic.compacted:
            self._going.append(record.timestamp)
            return
        self.pass_by(record)
        if record.value is None:
            self._going.append(record.timestamp)
        else:
            self._standing[record.partition, record.key] = record.timestamp

    def pass_by(self, record: Any) -> None:
        if (record.partition, record.key) in self._standing:
            del self._standing[record.partition, record.key]
            self._going.append(record.timestamp)

    def left(self) -> list[Left]:
        found = []
        if self._standing:
            found.append(Left(self._topic.name, "stands", len(self._standing), ""))
        if self._going:
            kind = "compaction" if self._topic.compacted else "retention"
            found.append(Left(self._topic.name, kind, len(self._going), self._until(max(self._going))))
        return found

    def _until(self, newest_ms: int) -> str:
        kept_ms = self._topic.compaction_lag_ms if self._topic.compacted else (self._retention_ms or 0)
        until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=newest_ms + kept_ms + SEGMENT_MS)
        return until.isoformat(timespec="seconds")


def _records(settings: Settings, topic: Topic) -> Iterator[Any]:
    """All of them, those of aborted transactions too: they lie there as well."""
    reader = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_uncommitted")
    try:
        name = settings.topic(topic.name)
        places = [TopicPartition(name, part) for part in range(topology.partitions(topic, settings))]
        reader.assign(places)
        reader.seek_to_beginning(*places)
        ends = reader.end_offsets(places)
        while any(reader.position(place) < ends[place] for place in places):
            for several in reader.poll(timeout_ms=500).values():
                yield from several
    finally:
        reader.close()
