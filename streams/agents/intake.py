"""Intake: the input topic in; touchpoints to the homes of their addresses, links, rejected records and clocks out.

Nothing here is transactional: whatever is sent twice is the same touchpoint, the same link, the same or an older clock.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from streams import topology
from streams.agents.intake_batch import Reader, Taken
from streams.agents.intake_records import IntakeRecords
from streams.agents.marks import CLOCK_KEY, clock_mark
from streams.agents.poisoned import complaint
from streams.agents.producing import Destination, Record, confirmed, send_each
from streams.agents.routing import Going, Routing
from streams.core.kept import from_metadata, to_metadata
from streams.core.lateness import SourceClock
from streams.core.log import IntakeClock, pack
from streams.core.poison import Limit, Newest
from streams.fault import fault, refusal
from streams.metrics.metric import Reading
from streams.metrics.table import (
    CLAMPED,
    DESCRIPTIONS,
    EVENT_AGE,
    EXCLUDED,
    IGNORED,
    REJECTED,
    REJECTED_SHARE,
    SUPPRESSED,
    TOO_LATE,
    TOUCHPOINTS,
    clock_lag,
)
from streams.settings import Settings
from streams.transport import Batch, BatchConsumer

MOST_UNCONFIRMED = 8  # batches


class Source(msgspec.Struct):
    """One source partition as this worker sees it."""

    clock: SourceClock
    newest: Newest  # as of what is finished
    read: Newest  # as of what was read
    waiting: deque[tuple[Batch, Taken]] = msgspec.field(default_factory=deque)


class Intake:
    """A handler of `streams.transport`."""

    def __init__(
        self, settings: Settings, reader: Reader, plain: AIOKafkaProducer, consumer: Callable[[], BatchConsumer], routing: Routing
    ) -> None:  # fmt: skip
        self.settings, self._reader, self._plain, self._consumer = settings, reader, plain, consumer
        self._routing = routing
        self._sources: dict[TP, Source] = {}
        self._room = asyncio.Semaphore(MOST_UNCONFIRMED)
        self._sending: set[asyncio.Task[None]] = set()
        self._records = IntakeRecords(settings, routing.router)
        self._log, self._links = settings.topic(topology.LOG), settings.topic(topology.LINKS)
        self._rejected = settings.topic(topology.REJECTED)
        self._told: dict[TP, tuple[int, int]] = {}
        self._limit = Limit(settings.reject_share, settings.reject_window, settings.reject_least)

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        await self._settle_sends()
        self._routing.router.begin()
        kept = {tp: from_metadata(found.metadata if found else None) for tp, found in committed.items()}
        counted = {tp: newest.taken_up(self._limit) for tp, (_, newest) in kept.items()}
        self._sources = {tp: Source(clock, counted[tp], counted[tp]) for tp, (clock, _) in kept.items()}
        self._told = {}
        return {tp: found.offset if found else None for tp, found in committed.items()}

    def give_way(self) -> None:
        """There is nothing to take up."""

    async def revoked(self, partitions: set[TP]) -> None:
        await self._settle_sends()
        for tp in partitions:
            self._sources.pop(tp, None)

    async def drain(self) -> None:
        await self._settle_sends()
        await self._routing.close()

    def metadata(self, tp: TP) -> str:
        source = self._sources.get(tp)
        return to_metadata(source.clock, source.newest) if source else ""

    async def handle(self, batch: Batch) -> None:
        """Decode, hand to the producer, and go on decoding while the broker confirms."""
        source = self._sources.get(batch.tp)
        if source is None:
            return
        await self._room.acquire()
        now_ms = time.time_ns() // 1_000_000
        taken = self._reader.take(batch.value, source.clock, now_ms)
        await self._weigh(batch, source, taken)
        _count(taken, now_ms)
        source.waiting.append((batch, taken))
        sending = self._routing.router.next_sending()
        records = self._records.of(taken, batch.tp.partition)
        going = Going(sending, taken.touchpoints, records, await self._send(records))
        task = asyncio.create_task(self._confirm(batch, source, taken, going))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _weigh(self, batch: Batch, source: Source, taken: Taken) -> None:
        """Nothing goes out of a batch that is broken beyond the limit; what came before it is finished."""
        rejected = len(taken.rejected)
        records = taken.accepted + rejected
        taken.newest = source.read.after(records, rejected, self._limit)
        if not source.read.forbids(records, rejected, self._limit):
            source.read = taken.newest
            return
        await self._settle_sends()
        with suppress(TimeoutError):  # what is not committed is read again, and is the same
            await asyncio.wait_for(self._consumer().commit(), self.settings.drain_s)
        refusal(complaint(batch, taken, self.settings.reject_share))

    async def _confirm(self, batch: Batch, source: Source, taken: Taken, going: Going) -> None:
        try:
            self._routing.arrived(going, await confirmed(going.sent))
        except Exception as error:
            fault(f"cannot send what follows from {batch.topic} {batch.partition} up to offset {batch.offset}", error)
        self._room.release()
        taken.confirmed = True
        while source.waiting and source.waiting[0][1].confirmed:
            self._finish(source, *source.waiting.popleft())

    def _finish(self, source: Source, batch: Batch, taken: Taken) -> None:
        """In the order of the partition: the clock may know of it, and it may be committed."""
        source.newest = taken.newest
        source.clock.newest_ms = max(source.clock.newest_ms, taken.newest_ms)
        for as_of_ms, final in taken.as_ofs:
            source.clock.settle(as_of_ms, final=final)
        self._consumer().done(batch)

    async def _send(self, records: Mapping[Destination, list[Record]]) -> list[Awaitable[Any]]:
        return await send_each(self._plain, records)

    async def _settle_sends(self) -> None:
        while self._sending:
            await asyncio.gather(*self._sending)

    def readings(self) -> Iterable[Reading]:
        for tp, source in self._sources.items():
            yield from clock_lag(source.clock.said_ms, topology.TOUCHPOINTS, str(tp.partition))
            if source.newest.records >= self._limit.least:
                yield REJECTED_SHARE.at(source.newest.share, str(tp.partition))

    def trouble(self) -> str:
        return ""

    # the clock --------------------------------------------------------------------------------------------------------

    async def keep_time(self) -> None:
        """Say every now and then how far the sources are.  Returns when the consumer stops: then nothing more is read."""
        while True:
            await asyncio.sleep(self.settings.clock_interval_s)
            try:
                await self._tick()
            except ConsumerStoppedError:
                return
            except Exception as error:
                fault("cannot send the clock", error)

    async def _tick(self) -> None:
        if self.settings.clock == "live" and self._sources:
            await self._advance()
        news = {tp: source.clock for tp, source in self._sources.items() if self._is_news(tp, source.clock)}
        if not news:
            return
        word = IntakeClock(
            self.settings.source_partitions,
            {tp.partition: clock.said_ms for tp, clock in news.items()},
            {tp.partition: clock.final_ms for tp, clock in news.items()},
        )
        said = {tp: (clock.said_ms, clock.final_ms) for tp, clock in news.items()}
        await confirmed(await self._send(self._clock_records(word)))
        self._told.update(said)

    def _is_news(self, tp: TP, clock: SourceClock) -> bool:
        known = SourceClock()
        return (clock.said_ms, clock.final_ms) not in {(known.said_ms, known.final_ms), self._told.get(tp)}

    def _clock_records(self, word: IntakeClock) -> dict[Destination, list[Record]]:
        packed = [Record(None, pack(word))]
        records = {(self._log, partition): packed for partition in range(self.settings.log_partitions)}
        records[self._links, 0] = packed
        for source, ms in word.times_ms.items():
            mark = clock_mark(str(source), ms, word.finals_ms[source])
            records[self._rejected, source] = [Record(CLOCK_KEY, None, mark)]
        return records

    async def _advance(self) -> None:
        emptied_at_ms = time.time_ns() // 1_000_000  # noted before the end is asked for
        emptied = await self._consumer().emptied()
        now_ms = time.time_ns() // 1_000_000
        for tp, source in self._sources.items():
            since_ms = emptied_at_ms if tp in emptied else None
            source.clock.advance(int(self.settings.allowed_lateness_s * 1_000), now_ms, since_ms)


def _count(taken: Taken, now_ms: int) -> None:
    TOUCHPOINTS.add(taken.accepted)
    TOO_LATE.add(taken.too_late)
    EXCLUDED.add(taken.excluded)
    DESCRIPTIONS.add(taken.described)
    CLAMPED.add(taken.clamped)
    IGNORED.add(taken.ignored)
    SUPPRESSED.add(taken.suppressed)
    for reason, count in Counter(row["reason"] for row in taken.rejected).items():
        REJECTED.add(count, reason)
    if taken.touchpoints:
        EVENT_AGE.observe((now_ms - taken.touchpoints[-1].occurred_at) / 1_000)
