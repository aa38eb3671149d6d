"""From a fetched batch of any topic that lands to rows of its table and of `clocks`."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from schemas.codec import decoder
from sinks.contract import Batch, ClockRow, OffsetsRow
from streams import topology
from streams.agents.marks import Received, Replayed, read_clock_mark, read_received, read_replayed
from streams.core.log import IntakeClock, Touchpoints, unpack_log, version
from streams.core.touchpoint import Touchpoint
from streams.settings import Settings

EPOCH = 1
TABLES = {
    topology.LOG: "touchpoints",
    topology.REJECTED: "rejected_touchpoints",
    topology.PEOPLE: "people",
    topology.PAIRS: "pairs",
    topology.RECEIPTS: "receipts",
    topology.JOURNEYS: "journeys",
    topology.BREAKAGES: "breakages",
}
SUBJECTS = {
    topology.REJECTED: "rejected_touchpoint",
    topology.PEOPLE: "person",
    topology.PAIRS: "pair",
    topology.RECEIPTS: "receipt",
    topology.JOURNEYS: "journey",
    topology.BREAKAGES: "breakage",
}


class Place(msgspec.Struct, frozen=True):
    """A partition of a topic, the topic's id and how many partitions it has."""

    name: str
    topic_id: str
    partition: int
    partitions: int


class Landing:
    """`topics`: name with namespace -> (name, topic id, partitions)."""

    def __init__(self, settings: Settings, topics: Mapping[str, tuple[str, str, int]]) -> None:
        self._settings, self._topics = settings, topics
        self._decoders: dict[str, Callable[[bytes], dict[str, Any]]] = {
            name: decoder(subject) for name, subject in SUBJECTS.items()
        }

    def rows(self, topic: str, partition: int, records: list[ConsumerRecord]) -> list[Batch]:
        name, topic_id, partitions = self._topics[topic]
        place = Place(name, topic_id, partition, partitions)
        if name == topology.LOG:
            return self._from_log(place, records)
        return self._from_avro(place, records)

    def _from_log(self, place: Place, records: list[ConsumerRecord]) -> list[Batch]:
        touchpoints: list[Touchpoint] = []
        versions: list[int] = []
        clocks: dict[int, ClockRow] = {}
        for record in records:
            packed = unpack_log(record.value)
            if isinstance(packed, Touchpoints):
                landing = [touchpoint for touchpoint in packed.items if not touchpoint.copied]
                touchpoints += landing
                versions += [version(EPOCH, record.offset, 0)] * len(landing)
            elif isinstance(packed, IntakeClock):
                clocks.update((row.source, row) for row in self._intake_clocks(place, record.offset, packed))
        return _batches(place, records, touchpoints, list(clocks.values()), versions)

    def _intake_clocks(self, place: Place, offset: int, clock: IntakeClock) -> list[ClockRow]:
        at = version(EPOCH, offset, 0)
        return [
            ClockRow(place.name, place.partition, source, ms, clock.finals_ms[source], 0, at, place.partitions, clock.sources)
            for source, ms in clock.times_ms.items()
        ]

    def _from_avro(self, place: Place, records: list[ConsumerRecord]) -> list[Batch]:
        decode = self._decoders[place.name]
        rows, clock, asides = [], None, _Asides()
        for record in records:
            mark = read_clock_mark(record.headers) if record.headers else None
            if mark is not None:
                at = version(EPOCH, record.offset, 0)
                clock = ClockRow(place.name, place.partition, 0, mark.ms, mark.final_ms, mark.number, at, place.partitions)
            elif record.value is not None:
                rows.append(decode(record.value))
            elif record.headers:
                asides.take(record)
        return [*_batches(place, records, rows, [clock] if clock else [], []), *asides.batches(place, records)]


def _batches(
    place: Place, records: list[ConsumerRecord], rows: list[Any], clocks: list[ClockRow], versions: list[int]
) -> list[Batch]:
    first, last = records[0].offset, records[-1].offset
    found = []
    if rows:
        found.append(Batch(TABLES[place.name], place.topic_id, place.partition, first, last, rows, versions))
    if clocks:
        found.append(Batch("clocks", place.topic_id, place.partition, first, last, list(clocks)))
    return found


class _Asides:
    """Words that are no rows of the topic's own table."""

    def __init__(self) -> None:
        self._replayed: list[dict[str, Any]] = []
        self._received: list[OffsetsRow] = []

    def take(self, record: ConsumerRecord) -> None:
        if replayed := read_replayed(record.headers):
            self._replayed.append(_replayed_row(replayed))
        elif received := read_received(record.headers):
            self._received += _received_rows(received)

    def batches(self, place: Place, records: list[ConsumerRecord]) -> list[Batch]:
        found: dict[str, list[Any]] = {"replayed_touchpoints": self._replayed, "received_offsets": self._received}
        offsets = place.topic_id, place.partition, records[0].offset, records[-1].offset
        return [Batch(table, *offsets, rows) for table, rows in found.items() if rows]


def _replayed_row(word: Replayed) -> dict[str, Any]:
    """As `sinks.contract` has it."""
    origin = word.origin
    return {
        "received_at": origin.received_at, "topic": origin.topic, "partition": origin.partition, "offset": origin.offset,
        "replayed_at": word.at, "replayed_partition": word.partition, "replayed_offset": word.offset,
    }  # fmt: skip


def _received_rows(word: Received) -> list[OffsetsRow]:
    return [OffsetsRow(day, word.partition, kind, first, last, word.at) for kind, day, first, last in word.runs]
