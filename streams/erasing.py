"""Erase a person from a running pipeline: say so, wait until every agent has passed it, then take it out of the tables.

Every step may be repeated, and so may the whole: docs/design.md, "Erasure", says why that is enough.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from clickhouse_driver import Client
from kafka import KafkaConsumer, TopicPartition

from sinks.clickhouse import forgetting
from streams import topology
from streams.agents.producing import Destination, Record, confirmed, producer, send_each
from streams.agents.touched import records as touched_records
from streams.core.log import Erased, pack, unpack_log
from streams.core.mentioned import mentioned
from streams.core.suppressed import id_of
from streams.erasures import Erasures, check_record, entries
from streams.known import database, known_identifiers
from streams.settings import Settings
from streams.topics import admin

POLL_S = 0.3
LOOK_BACK = 64  # offsets in front of a partition's end in which its last record is looked for first
LANDED = (topology.PEOPLE, topology.PAIRS, topology.RECEIPTS, topology.JOURNEYS, topology.BREAKAGES, topology.REJECTED)
Tell = Callable[[str], None]


class NotErased(Exception):
    """An agent has not passed the erasure; the text says which, and what to do."""


@dataclass
class Erasure:
    """`keys`: the identifiers, type:value.  `rows`: deleted, by table.  `minutes`: whose figures are computed anew."""

    erasure: str
    keys: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    minutes: int = 0


def erase(settings: Settings, kind: str, value: str, *, why: str, who: str, timeout_s: float, tell: Tell) -> Erasure:
    """`value` is normalised.  Raises NotErased, NoErasureSecret, OtherErasureSecret, and whatever the clients raise."""
    erasures, client, until_s = Erasures(settings), database(settings), time.monotonic() + timeout_s
    try:
        erasures.read()
        keys = forgetting.identifiers_of_person(client, kind, value)
        asked = Erased(uuid4().hex, keys, time.time_ns() // 1_000_000, who, why, forgetting.beside(client, keys))
        with Passing(settings, until_s) as passing:
            keys = _through_the_pipeline(settings, asked, erasures, passing, tell)
            return _out_of_the_tables(settings, client, Erasure(asked.erasure, keys), passing, tell)
    finally:
        erasures.close()
        client.disconnect()


def _through_the_pipeline(settings: Settings, asked: Erased, erasures: Erasures, passing: "Passing", tell: Tell) -> list[str]:
    """-> all identifiers: identity may know of more by now."""
    begins = passing.ends(topology.LOG)
    digests = [erasures.suppressed.digest(id_of(key)) for key in asked.keys]
    listed = [check_record(settings), *entries(asked, digests)]
    links = settings.topic(topology.LINKS), 0
    tell(f"erasing {len(asked.keys)} identifiers")
    offset = asyncio.run(_write(settings, {(settings.topic(topology.ERASURES), 0): listed}, links, pack(asked)))
    passing.wait("identity", topology.LINKS, {0: offset})
    announced = passing.find(asked.erasure, begins)
    passing.wait("stitch", topology.LOG, {partition: offset for partition, (offset, _) in announced.items()})
    passing.wait("land", topology.LOG, {partition: offset for partition, (offset, _) in announced.items()})
    for name in LANDED:
        passing.wait("land", name, passing.last(name))
    return next(iter(announced.values()))[1].keys


def _out_of_the_tables(settings: Settings, client: Client, done: Erasure, passing: "Passing", tell: Tell) -> Erasure:
    identifiers, wanted = known_identifiers(settings), set(done.keys)
    ids = [id_of(key) for key in done.keys]
    tombstones: dict[Destination, list[Record]] = {
        (settings.topic(table), partition): [Record(key, None) for key in sorted(forgetting.row_keys(client, table, ids))]
        for table in forgetting.NAMES for partition in range(settings.log_partitions)
    }  # fmt: skip
    asyncio.run(_send(settings, tombstones))
    minutes = forgetting.minutes(client, ids)
    tell("deleting rows")
    done.rows = forgetting.forget(
        client, done.keys, ids, lambda key, value: mentioned(key, value, identifiers, wanted.__contains__)
    )
    touched = [Record(None, value) for value in touched_records(minutes)]
    asyncio.run(_send(settings, {(settings.topic(topology.TOUCHED), 0): touched}))
    passing.wait("land", topology.TOUCHED, passing.last(topology.TOUCHED))
    done.minutes = len(minutes)
    return done


async def _write(settings: Settings, listed: Mapping[Destination, list[Record]], links: Destination, erased: bytes) -> int:
    """The list, and the word to identity: both or neither.  -> offset of the word."""
    sender = producer(settings, f"{settings.namespace}.erasing")
    await sender.start()
    try:
        async with sender.transaction():
            sent = await send_each(sender, listed)
            place = await (await sender.send(links[0], erased, partition=links[1]))
            await confirmed(sent)
        offset: int = place.offset
        return offset
    finally:
        await sender.stop()


async def _send(settings: Settings, records: Mapping[Destination, list[Record]]) -> None:
    sender = producer(settings)
    await sender.start()
    try:
        await confirmed(await send_each(sender, {place: several for place, several in records.items() if several}))
    finally:
        await sender.stop()


class Passing:
    """How far the agents are, by what their groups have committed."""

    def __init__(self, settings: Settings, until_s: float) -> None:
        self._settings, self._until_s = settings, until_s
        self._reader = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed")

    def __enter__(self) -> "Passing":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def ends(self, name: str) -> dict[int, int]:
        return {place.partition: offset for place, offset in self._reader.end_offsets(self._places(name)).items()}

    def wait(self, agent: str, name: str, offsets: Mapping[int, int]) -> None:
        """Until the agent is done with these records; -1 for none.  Raises NotErased."""
        group, behind = f"{self._settings.namespace}.{agent}", {part: at for part, at in offsets.items() if at >= 0}
        with admin(self._settings) as client:
            while True:
                found = client.list_group_offsets({group: self._places(name)})[group]
                committed = {place.partition: its.offset for place, its in found.items() if its is not None}
                behind = {part: at for part, at in behind.items() if committed.get(part, -1) <= at}
                if not behind:
                    return
                if time.monotonic() > self._until_s:
                    raise NotErased(
                        f"{agent} has not come to the end of {name} (partitions {', '.join(map(str, behind))}): what was erased is "
                        "written down and will be dropped, but is not out of the tables; repeat this when a worker runs"
                    )
                time.sleep(POLL_S)

    def find(self, erasure: str, begins: Mapping[int, int]) -> dict[int, tuple[int, Erased]]:
        """Where identity announced it, by partition of the log."""
        found: dict[int, tuple[int, Erased]] = {}
        for record in self._read(topology.LOG, begins):
            if (
                record.partition not in found
                and isinstance(packed := unpack_log(record.value), Erased)
                and packed.erasure == erasure
            ):
                found[record.partition] = record.offset, packed
        if len(found) < len(begins):
            raise NotErased(f"identity passed the erasure without a word on {topology.LOG}: repeat it")
        return found

    def last(self, name: str) -> dict[int, int]:
        """Offset of the last record of each partition, without the marks of transactions; -1 for none."""
        found = dict.fromkeys(self.ends(name), -1)
        back = LOOK_BACK
        while True:
            missing = {part: end for part, end in self.ends(name).items() if found[part] < 0}
            begins = {part: max(0, end - back) for part, end in missing.items()}
            for record in self._read(name, begins) if begins else ():
                found[record.partition] = max(found[record.partition], record.offset)
            if all(found[part] >= 0 or begin == 0 for part, begin in begins.items()):
                return found
            back *= 16

    def _read(self, name: str, begins: Mapping[int, int]) -> Iterator[Any]:
        places = [place for place in self._places(name) if place.partition in begins]
        self._reader.assign(places)
        for place in places:
            self._reader.seek(place, begins[place.partition])
        ends = self._reader.end_offsets(places)
        while any(self._reader.position(place) < ends[place] for place in places):
            for several in self._reader.poll(timeout_ms=500).values():
                yield from several

    def _places(self, name: str) -> list[TopicPartition]:
        topic = next(each for each in topology.TOPICS if each.name == name)
        return [TopicPartition(self._settings.topic(name), part) for part in range(topology.partitions(topic, self._settings))]
