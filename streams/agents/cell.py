"""A cell: one partition of a log, one task, one transactional producer, one state.

State, rows, moved facts and position appear in one Kafka transaction or not at all.  Taking up a partition: start the producer,
which fences the former owner and aborts its open transaction; read the state to its end; read the log on from its position.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from streams.agents.producing import Destination, Record, confirmed, producer, send_each
from streams.fault import fault
from streams.metrics.metric import Reading
from streams.metrics.table import RESTORE, TRANSACTION
from streams.settings import Settings
from streams.transport import Batch, GaveWay

log = structlog.get_logger("throughline")
MOST_WAITING = 8  # batches; what comes while a transaction is under way goes into the next one


class Step(msgspec.Struct):
    """What one transaction carries, and what may be said once it is committed."""

    taken: int  # records done of those given
    inside: dict[Destination, list[Record]]  # empty: nothing changed but the position
    behind: dict[Destination, list[Record]]  # sent by a plain producer after the commit


class Machine(Protocol):
    """The pure core of an agent, in terms of bytes."""

    def load(self, key: bytes, value: bytes | None) -> None:
        """A record of the state topic."""

    def restore(self, life: str) -> int:
        """The state is complete.  -> the first offset to read."""

    def step(self, records: Sequence[tuple[int, bytes]], now_ms: int) -> Step: ...

    def again(self) -> dict[Destination, list[Record]]:
        """What is to be said once more after a restart: plain records that may have been lost behind the last commit."""

    def readings(self) -> Iterable[Reading]:
        """Gauges as they are now."""


class Cell:
    """`name` is the agent's: with the partition it makes the transactional id."""

    def __init__(self, settings: Settings, name: str, tp: TP, state_topic: str, machine: Machine, plain: AIOKafkaProducer) -> None:
        self.settings, self.tp, self.machine = settings, tp, machine
        self._state = TopicPartition(state_topic, tp.partition)
        self._sender = producer(settings, f"{settings.namespace}.{name}-{tp.partition}")
        self._plain = plain
        self._queue: asyncio.Queue[Batch] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._pausing = False
        self._said: asyncio.Future[Any] | None = None  # plain records on their way
        self.next_offset = 0

    async def restore(self, life: str) -> None:
        started = time.monotonic()
        await self._sender.start()
        count = await self._read_state()
        self.next_offset = self.machine.restore(life)
        await self._send_plain(self.machine.again())
        took_s = time.monotonic() - started
        RESTORE.observe(took_s)
        log.info("restored", partition=self.tp.partition, records=count, seconds=round(took_s, 3))

    async def _read_state(self) -> int:
        """-> records read."""
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka_bootstrap, isolation_level="read_committed", enable_auto_commit=False,
            max_partition_fetch_bytes=8 << 20,
        )  # fmt: skip
        count, load = 0, self.machine.load
        await reader.start()
        try:
            reader.assign([self._state])
            await reader.seek_to_beginning(self._state)
            end = (await reader.end_offsets([self._state]))[self._state]
            while await reader.position(self._state) < end:
                for records in (await reader.getmany(timeout_ms=200, max_records=50_000)).values():
                    count += len(records)
                    for record in records:
                        load(record.key, record.value)
        finally:
            await reader.stop()
        return count

    def begin(self, done: "Done") -> None:
        """Work off what is put into the queue, until `pause`."""
        self._pausing = False
        self._task = asyncio.create_task(self._run(done))

    async def put(self, batch: Batch) -> None:
        await self._queue.put(batch)

    async def pause(self) -> None:
        """Let the transaction in flight end, forget what is queued.  The state stays that of `next_offset`.

        A record that is done in part, a clock by which very much is due, is read again, and goes on where it stopped.
        """
        self._pausing = True
        task, self._task = self._task, None
        while not self._queue.empty():  # whoever waits for a place gets one, and is forgotten with the rest
            self._queue.get_nowait()
        self._queue = asyncio.Queue(MOST_WAITING)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def stop(self) -> None:
        await self.pause()
        await self._all_said()
        await self._sender.stop()

    async def _run(self, done: "Done") -> None:
        while True:
            batches = [await self._queue.get()]
            while not self._queue.empty():
                batches.append(self._queue.get_nowait())
            working = asyncio.ensure_future(self._work_off(batches))
            try:
                await asyncio.shield(working)
            finally:  # also when cancelled: what has begun is brought to its end
                await self._ended(working, batches[0])
                for batch in batches:
                    if not self._pausing or batch.next_offset <= self.next_offset:
                        done(batch)

    async def _ended(self, working: "asyncio.Future[None]", first: Batch) -> None:
        try:
            await working
        except Exception as error:
            fault(f"cannot process {first.topic} {first.partition} from offset {first.value[0].offset}", error)

    async def _work_off(self, batches: Iterable[Batch]) -> None:
        records: list[tuple[int, bytes]] = []
        next_offset = self.next_offset
        for batch in batches:
            if batch.first_offset == next_offset:  # else of a former assignment: it will be, or was, read again
                records += [(record.offset, record.value) for record in batch.value]
                next_offset = batch.next_offset
        at = 0
        while at < len(records) and not self._pausing:
            step = self.machine.step(records[at:], time.time_ns() // 1_000_000)
            if step.inside:
                await self._transact(step.inside)
            await self._send_plain(step.behind)
            at += step.taken
            await asyncio.sleep(0)
        self.next_offset = records[at][0] if at < len(records) else next_offset

    async def _transact(self, inside: Mapping[Destination, list[Record]]) -> None:
        began_s = time.monotonic()
        await self._sender.begin_transaction()
        await confirmed(await send_each(self._sender, inside))
        await self._sender.commit_transaction()
        TRANSACTION.observe(time.monotonic() - began_s)

    async def _send_plain(self, records: Mapping[Destination, list[Record]]) -> None:
        """Nothing waits for these to arrive but the next ones, so that what could not be sent is a fault."""
        if not records:
            return
        await self._all_said()
        self._said = asyncio.gather(*await send_each(self._plain, records))

    async def _all_said(self) -> None:
        said, self._said = self._said, None
        if said is not None:
            await said


class Done(Protocol):
    def __call__(self, batch: Batch) -> None: ...


class Cells:
    """A handler of `streams.transport`: takes up and gives up cells as partitions come and go.

    A cell that stays here from one generation of the group to the next keeps its state.  Of a generation that was missed, because
    the group moved on at once, nobody here knows whose the partition was: it is taken up anew.  Should another worker own it all
    the same, this one's producer is fenced, and then its next transaction is a fault that stops the worker.
    """

    def __init__(self, done: Done, life: str, make: "Make", generation: Callable[[], int]) -> None:
        self._done, self._life, self._make, self._generation = done, life, make, generation
        self._known_generation = -1
        self._restoring: asyncio.Future[Any] | None = None
        self._gives_way = False
        self.cells: dict[TP, Cell] = {}

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        self._gives_way = False
        before, self._known_generation = self._known_generation, self._generation()
        followed = self._known_generation - before in (0, 1)
        for tp in [tp for tp in self.cells if tp not in committed or not followed]:
            await self.cells.pop(tp).stop()
        for cell in self.cells.values():
            await cell.pause()
        if self._gives_way:
            raise GaveWay
        fresh = {tp: self._make(tp) for tp in committed if tp not in self.cells}
        await self._restore(fresh.values())
        self.cells.update(fresh)
        for cell in self.cells.values():
            cell.begin(self._done)
        return {tp: cell.next_offset for tp, cell in self.cells.items()}

    async def _restore(self, fresh: Collection[Cell]) -> None:
        """Raises GaveWay."""
        self._restoring = asyncio.gather(*(cell.restore(self._life) for cell in fresh))
        try:
            await self._restoring
        except BaseException as error:
            await asyncio.gather(*(cell.stop() for cell in fresh), return_exceptions=True)
            task = asyncio.current_task()
            if self._gives_way and task is not None and not task.cancelling():
                raise GaveWay from error
            raise

    def give_way(self) -> None:
        self._gives_way = True
        if self._restoring is not None:
            self._restoring.cancel()

    async def revoked(self, partitions: set[TP]) -> None:
        await asyncio.gather(*(self.cells[tp].pause() for tp in partitions if tp in self.cells))

    async def handle(self, batch: Batch) -> None:
        cell = self.cells.get(batch.tp)
        if cell is not None:
            await cell.put(batch)

    async def drain(self) -> None:
        cells, self.cells = list(self.cells.values()), {}
        await asyncio.gather(*(cell.stop() for cell in cells))

    def metadata(self, _tp: TP) -> str:
        return ""

    def readings(self) -> Iterable[Reading]:
        return chain.from_iterable(cell.machine.readings() for cell in self.cells.values())

    def trouble(self) -> str:
        return ""


class Make(Protocol):
    def __call__(self, tp: TP) -> Cell: ...
