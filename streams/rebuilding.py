"""`throughline rebuild`: all that follows from touchpoints, made again from those that have landed.

Topics between intake and land are made anew, their tables emptied, definitions activated again in their order, and every touchpoint
goes where intake sent it, with the stamps that it had.  Where person.log was lost, touchpoints that intake had taken from the input
topic and that never landed are taken from there once more.  Until the end a mark on the topic of definitions keeps agents from
working, so that a rebuild that was interrupted is repeated, and never mistaken for a whole one.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from aiokafka import AIOKafkaProducer
from clickhouse_driver import Client
from kafka.structs import OffsetAndMetadata

from sinks.clickhouse import lives
from sinks.clickhouse.recorded import recorded
from streams import topology
from streams.agents.intake_batch import Reader, Taken
from streams.agents.intake_records import IntakeRecords
from streams.agents.land_lives import CHECKED
from streams.agents.producing import Record, confirmed, producer, send_all, send_each
from streams.core.lateness import SourceClock
from streams.core.log import Touchpoints, pack, unpack_log
from streams.core.touchpoint import Touchpoint
from streams.erasures import Erasures
from streams.known import database, known_identifiers
from streams.passing import Passing, places
from streams.publishing import REBUILD_KEY, Shelf
from streams.resetting import await_idle, renew, set_offsets
from streams.settings import ConfigurationError, Settings
from streams.topics import apply, topic_ids

DERIVED = tuple(
    topic.name for topic in topology.TOPICS
    if topic.name not in (topology.TOUCHPOINTS, topology.REJECTED, topology.ERASURES, topology.DEFINITIONS)
)  # fmt: skip
PIECE = 5_000  # touchpoints that are sent together
Tell = Callable[[str], None]


class OtherTables(Exception):
    """Tables that were made from other topics cannot be landed into; the text says what to do."""


class NotLanded(Exception):
    """What is only on person.log would be lost; the text says what to do."""


@dataclass
class Rebuilt:
    """`touchpoints`: had landed.  `from_input`: had been taken and not landed.  `log_gone`: records that person.log lost before
    they landed.  `gone`: source partition -> records that the input topic lost before intake read them."""

    touchpoints: int = 0
    from_input: int = 0
    log_gone: int = 0
    gone: dict[int, int] = field(default_factory=dict)


def rebuild(settings: Settings, tell: Tell) -> Rebuilt:
    """Raises AtWork, NotLanded, ConfigurationError, BrokerUnreachable, and what the database's client raises."""
    await_idle(settings)
    apply(settings)
    with ExitStack() as closing:
        shelf, client = Shelf(settings), database(settings)
        closing.callback(shelf.close)
        closing.callback(client.disconnect)
        shelf.read()
        if not shelf.activations:
            raise ConfigurationError("no definitions are active: `throughline journeys apply`, then repeat this")
        has_log = not shelf.rebuilding and lives.known(client).get(topology.LOG) == topic_ids(settings)[topology.LOG]
        log_gone = _all_landed(settings, client) if has_log else 0
        asyncio.run(_mark(settings, datetime.now(UTC).isoformat(timespec="seconds")))
        tell("emptying tables, making topics anew")
        lives.forget_lives(client)
        lives.forget_derived(client)
        renew(settings, DERIVED)
        rebuilt = asyncio.run(_fill(settings, shelf, client, tell, with_input=not has_log or log_gone > 0))
        rebuilt.log_gone, rebuilt.gone = log_gone, _behind_the_gap(settings)
        lives.register(client, {name: topic_id for name, topic_id in topic_ids(settings).items() if name in CHECKED})
        asyncio.run(_mark(settings, None))
        return rebuilt


def land_again(settings: Settings) -> dict[int, int]:
    """Tables from topics: land begins anew.  -> partition -> first offset that person.log still has, where that is not 0.

    What stitch asked to be read back was answered, or is asked for again.  Raises AtWork, OtherTables.
    """
    await_idle(settings)
    ids, land = topic_ids(settings), topology.agent("land")
    client = database(settings)
    try:
        known = lives.known(client)
        if any(ids.get(name, topic_id) != topic_id for name, topic_id in known.items()):
            raise OtherTables("the tables were made from other topics, whose rows would win: run `throughline rebuild`")
        begins = _land_from_the_beginning(settings, land)
        lives.register(client, {name: ids[name] for name in CHECKED})  # last: until then land refuses to work on empty tables
    finally:
        client.disconnect()
    return {partition: offset for partition, offset in begins.items() if offset}


def _land_from_the_beginning(settings: Settings, land: topology.Agent) -> dict[int, int]:
    """The log last, by which land knows whether it has landed before.  -> where that begins."""
    names = sorted((name for name in land.reads if name != topology.WANTED), key=lambda name: name == topology.LOG)
    with Passing(settings) as passing:
        begins = {name: passing.begins(name) for name in names}
    for name, first in begins.items():
        at = {place: OffsetAndMetadata(first[place.partition], "", -1) for place in places(settings, name)}
        set_offsets(settings, land.name, at)
    return begins[topology.LOG]


def _all_landed(settings: Settings, client: Client) -> int:
    """-> records that the log lost before land read them.  Raises NotLanded."""
    with Passing(settings) as passing:
        at = {place.partition: its.offset for place, its in passing.committed("land", topology.LOG).items()}
        first = passing.begins(topology.LOG)
        begins = {part: max(at.get(part, 0), begin) for part, begin in first.items()}
        records = (unpack_log(record.value) for record in passing.read(topology.LOG, begins))
        touchpoints = chain.from_iterable(record.items for record in records if isinstance(record, Touchpoints))
        behind = any(lives.missing(client, [each for each in piece if not each.copied]) for piece in _pieces(touchpoints))
    if behind:
        raise NotLanded(
            f"{topology.LOG} has touchpoints that have not landed, and would be made anew: let `throughline agent land` run until "
            "it has caught up, stop it, and repeat this"
        )
    return sum(max(0, begin - at.get(part, 0)) for part, begin in first.items())


def _behind_the_gap(settings: Settings) -> dict[int, int]:
    """Intake goes on where the input topic begins, if that is behind where it was; its clock stays.  -> records that are gone."""
    with Passing(settings) as passing:
        begins, ends = passing.begins(topology.TOUCHPOINTS), passing.ends(topology.TOUCHPOINTS)
        was_at = passing.committed("intake", topology.TOUCHPOINTS)
    gone, moved = {}, {}
    for place, its in was_at.items():
        first, end = begins[place.partition], ends[place.partition]
        if not first <= its.offset <= end:
            moved[place] = OffsetAndMetadata(first, its.metadata, -1)
            gone[place.partition] = max(0, first - its.offset)
    set_offsets(settings, "intake", moved)
    return gone


async def _mark(settings: Settings, since: str | None) -> None:
    async with producer(settings) as sender:
        record = Record(REBUILD_KEY, since.encode() if since else None)
        await confirmed(await send_all(sender, settings.topic(topology.DEFINITIONS), 0, [record]))


async def _fill(settings: Settings, shelf: Shelf, client: Client, tell: Tell, *, with_input: bool) -> Rebuilt:
    erasures = Erasures(settings)
    erasures.read()
    erasures.close()
    identifiers = known_identifiers(settings).with_instances(shelf.instance_types())
    reader, rebuilt = Reader(settings, identifiers), Rebuilt()
    async with producer(settings) as sender:
        for partition in range(settings.log_partitions):
            activations = [Record(None, pack(activation)) for activation in shelf.activations]
            await confirmed(await send_all(sender, settings.topic(topology.LOG), partition, activations))
        rebuilt.touchpoints = await _pass_on(settings, reader, sender, recorded(client), tell)
        if with_input:
            first_reader = Reader(settings, identifiers, erasures.suppressed)  # another: a reader passes a link on but once
            only_there = _only_on_input(settings, first_reader, client)
            rebuilt.from_input = await _pass_on(settings, reader, sender, only_there, tell)
    return rebuilt


async def _pass_on(
    settings: Settings, reader: Reader, sender: AIOKafkaProducer, touchpoints: Iterable[Touchpoint], tell: Tell
) -> int:
    records, count, told_s = IntakeRecords(settings), 0, time.monotonic()
    for piece in _pieces(touchpoints):
        taken = Taken()
        for touchpoint in piece:
            reader.pass_on(touchpoint, taken)
        await confirmed(await send_each(sender, records.of(taken, 0)))
        count += len(piece)
        if time.monotonic() - told_s > 1.0:
            tell(f"{count:,} touchpoints")
            told_s = time.monotonic()
    return count


def _only_on_input(settings: Settings, reader: Reader, client: Client) -> Iterator[Touchpoint]:
    """Intake took them, and they never landed."""
    with Passing(settings) as passing:
        taken_to = {place.partition: its.offset for place, its in passing.committed("intake", topology.TOUCHPOINTS).items()}
        begins = {part: at for part, at in passing.begins(topology.TOUCHPOINTS).items() if part in taken_to}
        records = (each for each in passing.read(topology.TOUCHPOINTS, begins) if each.offset < taken_to[each.partition])
        for piece in _pieces(records):
            taken = reader.take(piece, SourceClock(), time.time_ns() // 1_000_000)
            yield from lives.missing(client, [each for each in taken.touchpoints if not each.copied])


def _pieces(several: Iterable[Any]) -> Iterator[list[Any]]:
    several = iter(several)
    while piece := list(islice(several, PIECE)):
        yield piece
