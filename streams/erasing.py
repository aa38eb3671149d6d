"""Erase a person from a running pipeline: say so, wait until every agent has passed it, then take it out of the tables.

Every step may be repeated, and so may the whole: docs/design.md, "Erasure", says why that is enough.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from clickhouse_driver import Client

from sinks.clickhouse import forgetting
from streams import topology
from streams.agents.producing import Destination, Record, confirmed, producer, send_each
from streams.agents.touched import records as touched_records
from streams.core.log import Erased, pack, unpack_log
from streams.core.mentioned import mentioned
from streams.core.touchpoint import id_of
from streams.erasures import Erasures, check_record, entries
from streams.known import database, known_identifiers
from streams.passing import Behind, Passing
from streams.settings import Settings

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
    except Behind as behind:
        raise NotErased(
            f"{behind}: what was erased is written down and will be dropped, but is not out of the tables; repeat this when a "
            "worker runs"
        ) from None
    finally:
        erasures.close()
        client.disconnect()


def _through_the_pipeline(settings: Settings, asked: Erased, erasures: Erasures, passing: Passing, tell: Tell) -> list[str]:
    """-> all identifiers: identity may know of more by now."""
    begins = passing.ends(topology.LOG)
    digests = [erasures.suppressed.digest(id_of(key)) for key in asked.keys]
    listed = [check_record(settings), *entries(asked, digests)]
    links = settings.topic(topology.LINKS), 0
    tell(f"erasing {len(asked.keys)} identifiers")
    offset = asyncio.run(_write(settings, {(settings.topic(topology.ERASURES), 0): listed}, links, pack(asked)))
    passing.wait("identity", topology.LINKS, {0: offset})
    announced = _announced(passing, asked.erasure, begins)
    passing.wait("stitch", topology.LOG, {partition: offset for partition, (offset, _) in announced.items()})
    passing.wait("land", topology.LOG, {partition: offset for partition, (offset, _) in announced.items()})
    for name in LANDED:
        passing.wait("land", name, passing.last(name))
    return next(iter(announced.values()))[1].keys


def _announced(passing: Passing, erasure: str, begins: Mapping[int, int]) -> dict[int, tuple[int, Erased]]:
    """Where identity said so, by partition of the log.  Raises NotErased."""
    found: dict[int, tuple[int, Erased]] = {}
    for record in passing.read(topology.LOG, begins):
        if record.partition not in found and isinstance(packed := unpack_log(record.value), Erased) and packed.erasure == erasure:
            found[record.partition] = record.offset, packed
    if len(found) < len(begins):
        raise NotErased(f"identity passed the erasure without a word on {topology.LOG}: repeat it")
    return found


def _out_of_the_tables(settings: Settings, client: Client, done: Erasure, passing: Passing, tell: Tell) -> Erasure:
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
