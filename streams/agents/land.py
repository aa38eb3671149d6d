"""Land: a consumer group of its own that copies topics into the sink.  When the sink is away, it waits; everybody else goes on."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import msgspec
import structlog
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP
from kafka.errors import KafkaError

from sinks.contract import Backpressure, Sink
from sinks.contract import Batch as Rows
from streams import topology
from streams.agents.answers import Answers
from streams.agents.land_lives import LandLives
from streams.agents.land_suppressed import dropped, without_erased
from streams.agents.landed import Landed
from streams.agents.landing import Landing
from streams.agents.minutes import MinuteKeeper
from streams.core.identifiers import Identifiers
from streams.erasures import Erasures
from streams.fault import fault
from streams.metrics.metric import Reading
from streams.metrics.table import SUPPRESSED, WAITING
from streams.settings import Settings
from streams.transport import Batch, BatchConsumer

log = structlog.get_logger("throughline")
UNHURRIED = (topology.REJECTED, topology.PAIRS, topology.RECEIPTS)  # no journey waits for these; an insert costs as much as any


class Load(msgspec.Struct):
    """What an insert will take."""

    batches: list[Batch] = []
    rows: list[Rows] = []
    count: int = 0

    def take(self, batch: Batch, rows: list[Rows]) -> None:
        self.batches.append(batch)
        self.rows += rows
        self.count += sum(len(several.rows) for several in rows)

    def join(self, other: "Load") -> None:
        self.batches += other.batches
        self.rows += other.rows
        self.count += other.count


class Land:
    """A handler of `streams.transport`.  One insert is under way while the next batches are decoded.

    Batches of the unhurried topics wait for one another longer: each insert of the others comes sooner for it.
    """

    def __init__(
        self, settings: Settings, landing: Landing, sink: Sink, minutes: MinuteKeeper, answers: Answers,
        consumer: Callable[[], BatchConsumer], erasures: Erasures, identifiers: Identifiers, lives: LandLives,
    ) -> None:  # fmt: skip
        self._lives = lives
        self._erasures, self._identifiers = erasures, identifiers
        self.settings, self._landing, self._sink, self._minutes, self._consumer = settings, landing, sink, minutes, consumer
        self._answers = answers
        self._touched, self._wanted = settings.topic(topology.TOUCHED), settings.topic(topology.WANTED)
        self._unhurried = frozenset(map(settings.topic, UNHURRIED))
        self._load, self._later, self._later_since_s = Load(), Load(), 0.0
        self._full, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._flushing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "sink")  # a sink is not for several threads
        self._mine: set[TP] = set()
        self._landed = Landed(settings.namespace)

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        self._mine = set(committed)
        self._landed.keep(self._mine)
        self._forget()
        self._answers.forget()
        await self._minutes.assigned(self._mine)
        return {tp: found.offset if found else None for tp, found in committed.items()}

    def give_way(self) -> None:
        """There is little to take up."""

    async def revoked(self, partitions: set[TP]) -> None:
        """What has not landed is forgotten here, and read again by the new owner: the tables converge."""
        self._mine -= partitions
        self._forget()
        self._minutes.forget()
        self._answers.forget()

    async def handle(self, batch: Batch) -> None:
        if batch.topic == self._touched:
            self._minutes.take(batch)
            return
        if batch.topic == self._wanted:
            self._answers.take(batch)
            return
        await self._room.wait()
        load = self._later if batch.topic in self._unhurried else self._load
        load.take(batch, self._landing.rows(batch.topic, batch.partition, batch.value))
        if load.count >= self.settings.land_rows:
            self._full.set()
            self._room.clear()
        await asyncio.sleep(0)

    async def keep_landing(self) -> None:
        """Never returns."""
        await asyncio.gather(self._keep_flushing(), self._minutes.keep_computing(), self._answers.keep_answering())

    async def _keep_flushing(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), self.settings.land_interval_s)
            try:
                await self._flush()
            except Exception as error:
                fault("cannot land", error)

    async def drain(self) -> None:
        try:
            await asyncio.wait_for(self._flush(last=True), self.settings.drain_s / 2)
        except TimeoutError:
            log.warning("not landed before the end", batches=len(self._load.batches) + len(self._later.batches))
        self._thread.shutdown(wait=False)
        self._minutes.close()
        self._answers.close()

    async def _flush(self, *, last: bool = False) -> None:
        async with self._flushing:
            load = self._loaded(last=last)
            if load.batches:
                load.rows = await self._without_erased(load.rows)
                for rows in load.rows:
                    self._sink.add(rows)
                began_s = time.monotonic()
                await self._until_landed()
                await self._minutes.tell(load.rows)
                self._landed.landed(load.batches, load.rows, time.monotonic() - began_s)
            for batch in load.batches:
                if batch.tp in self._mine:
                    self._consumer().done(batch)

    def _loaded(self, *, last: bool) -> Load:
        """What is to be inserted now; there is room for more from here on."""
        load, self._load = self._load, Load()
        waited_s = time.monotonic() - self._later_since_s
        if last or waited_s >= self.settings.land_later_s or self._later.count >= self.settings.land_rows:
            load.join(self._later)
            self._later, self._later_since_s = Load(), time.monotonic()
        self._full.clear()
        self._room.set()
        return load

    async def _without_erased(self, rows: list[Rows]) -> list[Rows]:
        """The list is read to its end before every insert: whoever finds that an erasure was landed knows that no insert without
        it is under way any more."""
        while True:
            try:
                await asyncio.to_thread(self._erasures.read)
                break
            except KafkaError as error:
                log.warning("the suppression list cannot be read at the moment", error=type(error).__name__)
                await asyncio.sleep(1.0)
        suppressed = self._erasures.suppressed
        if not suppressed:
            return rows
        kept = [without_erased(each, suppressed, self._identifiers) for each in rows]
        SUPPRESSED.add(sum(len(each.rows) for each in rows) - sum(len(each.rows) for each in kept))
        gone = [each for before, after in zip(rows, kept, strict=True) if after is not before for each in dropped(before, after)]
        return [each for each in (*kept, *gone) if each.rows]

    async def _until_landed(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._thread, self._insert)
                return
            except Backpressure as pressure:
                self._landed.refused(str(pressure))
                log.warning("the sink takes nothing at the moment", detail=str(pressure), retry_s=pressure.retry_after_s)
                await asyncio.sleep(pressure.retry_after_s)

    def _insert(self) -> None:
        self._lives.check()
        self._sink.flush()

    def _forget(self) -> None:
        self._load, self._later = Load(), Load()
        self._full.clear()
        self._room.set()

    def metadata(self, _tp: TP) -> str:
        return ""

    def readings(self) -> Iterable[Reading]:
        return [WAITING.at(self._load.count + self._later.count), *self._landed.readings(), *self._answers.readings()]

    def trouble(self) -> str:
        return self._landed.trouble
