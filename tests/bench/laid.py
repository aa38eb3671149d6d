"""The state of very many open journeys on the real topics, as workers that have stopped would have left it.

What is not laid: touchpoints, rows and people in the database, where no restart looks for them.  Of people only those are told whom
identity decided last: by their numbers the views know that all redirects have landed.
"""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import topology
from streams.agents.identity import POSITION as IDENTITY_POSITION
from streams.agents.identity import Position as IdentityPosition
from streams.agents.identity_rows import IdentityRows
from streams.agents.producing import Destination, Producer, Record, confirmed, producer, send_all
from streams.core.clock import IntakeClocks
from streams.core.log import FORMAT, IntakeClock, pack, version
from streams.core.stitch.state import POSITION, pack_position
from streams.core.verdict import NEVER
from streams.settings import Settings
from streams.topics import topic_ids
from tests.bench.grown import Grown


def lay(settings: Settings, grown: Grown) -> list[int]:
    """Returns once the broker has all of it.  -> entries of each partition of stitch, its position included."""
    return asyncio.run(_lay(settings, grown))


async def _lay(settings: Settings, grown: Grown) -> list[int]:
    ids, state, links = topic_ids(settings), settings.topic(topology.STATE), settings.topic(topology.IDENTITY_STATE)
    log, read = settings.topic(topology.LOG), settings.topic(topology.LINKS)
    ends = await _ends(settings, [(log, part) for part in range(settings.log_partitions)] + [(read, 0)])
    sender, counts, known = producer(settings), [0] * settings.log_partitions, 0
    await sender.start()
    try:
        for block in range(grown.blocks):
            several: dict[Destination, list[Record]] = {}
            for part, entry in grown.stitch(block):
                counts[part] += 1
                several.setdefault((state, part), []).append(Record(*entry))
            several[links, 0] = [Record(*entry) for entry in grown.identity(block)]
            known += len(several[links, 0])
            await _send(sender, several.items())
        ended: dict[Destination, list[Record]] = {(links, 0): [_of_identity(grown, ids[topology.LINKS], ends[read, 0], known)]}
        for part, count in enumerate(counts):
            position = grown.position(part, count, ids[topology.LOG], ends[log, part])
            ended[state, part] = [Record(POSITION, pack_position(position))]
        said = IdentityRows(settings, grown.seeds.identifiers).of(grown.seeds.decided, version(1, 0, 0), 0)
        await _send(sender, [*ended.items(), *said.items()])
    finally:
        await sender.stop()
    return [count + 1 for count in counts]


def _of_identity(grown: Grown, life: str, offset: int, entries: int) -> Record:
    seeds, clocks = grown.seeds, IntakeClocks()
    sources = range(seeds.sources)
    clocks.take(IntakeClock(seeds.sources, dict.fromkeys(sources, seeds.clock_ms), dict.fromkeys(sources, NEVER)))
    number, guards = seeds.identity.number, seeds.identifiers.guards
    return Record(IDENTITY_POSITION, pack(IdentityPosition(FORMAT, offset, number, clocks, life, 1, guards, entries)))


async def _send(sender: Producer, several: Iterable[tuple[Destination, list[Record]]]) -> None:
    sent = [await send_all(sender, topic, part, records) for (topic, part), records in several]
    for each in sent:
        await confirmed(each)


async def _ends(settings: Settings, places: list[Destination]) -> dict[Destination, int]:
    reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap)
    await reader.start()
    try:
        found = await reader.end_offsets([TopicPartition(*place) for place in places])
    finally:
        await reader.stop()
    return {(place.topic, place.partition): end for place, end in found.items()}
