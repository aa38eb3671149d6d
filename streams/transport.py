"""Faust at batch speed: one event is one partition's fetched batch, committed in order once its agent says `done`.

Stock Faust makes several tasks a message and acknowledges an event whose handler raised.  Here the consumer hands whole batches
to a `Handler`; nothing is ever acknowledged by the framework.  Everything else of Faust stays: app, agents, groups, rebalancing.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CommitFailedError, ConsumerStoppedError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.consumer import ensure_TP
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, ensure_aiokafka_TP
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from faust.types.tuples import TP, ConsumerMessage

from streams.core.life import REMEDY
from streams.fault import fault
from streams.metrics.metric import Reading

ENOUGH_BYTES = 256 << 10  # a fetch that finds so many does not wait for more: a few large batches cost less than many small ones
STOPPING_S = 1.0  # between two looks whether a thread that was asked has stopped
REQUEST_S = 20.0  # how long the broker may take to answer; longer where the session is
FETCH_S = 0.25  # how long a fetch waits for records: the clock of an idle partition is no finer


class PositionLost(Exception):
    """A partition does not reach to where work was to go on; the text says what to do."""


class GaveWay(Exception):
    """Taking up was broken off before its end, because the group moves on: what is to be taken up then may be less."""


class Batch(ConsumerMessage):
    """`value` is a list of ConsumerRecord of one partition.  Offsets have gaps: two batches belong together when the `next_offset`
    of the one, or where reading began, is the `first_offset` of the other (None: from the beginning, wherever that is)."""

    __slots__ = ("done", "first_offset", "next_offset")
    tp: TP
    value: list[ConsumerRecord]


class Handler(Protocol):
    """What an agent makes of partitions and batches.  An exception in any of these stops the worker before a commit."""

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        """-> the first offset to read of each partition; None: from the beginning.  Called for the whole assignment, every time.

        Raises GaveWay.
        """

    def give_way(self) -> None:
        """What is being taken up need not be: `assigned` may end with GaveWay.  Who has little to take up need not listen."""

    async def revoked(self, partitions: set[TP]) -> None:
        """Finish or drop what is in flight; what is `done` afterwards is still committed."""

    async def handle(self, batch: Batch) -> None:
        """Take a batch; `consumer.done(batch)` once everything that it caused is confirmed."""

    async def drain(self) -> None:
        """The worker stops: finish what is in flight."""

    def metadata(self, _tp: TP) -> str:
        """Kept beside the committed offset."""

    def readings(self) -> Iterable[Reading]:
        """Gauges as they are now, for whoever asks from outside."""

    def trouble(self) -> str:
        """Why it cannot do its work at the moment; empty: it can."""


class BatchThread(AIOKafkaConsumerThread):
    """The thread that owns the connection; stock commits no metadata and reads uncommitted records."""

    def _create_worker_consumer(self, transport: "BatchTransport") -> AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = RoundRobinPartitionAssignor
        return AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            bootstrap_servers=transport.bootstrap,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1_000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_min_bytes=ENOUGH_BYTES,
            fetch_max_wait_ms=int(transport.gather_s * 1_000),
            request_timeout_ms=int(max(REQUEST_S, 2 * conf.broker_session_timeout) * 1_000),
            session_timeout_ms=int(conf.broker_session_timeout * 1_000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1_000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1_000),
        )

    def close(self) -> None:
        """When the group moves on while a worker stops, stock closes the connections on the loop of another thread than theirs: who
        waits for an answer is never told, and the worker does not end.  Leaving the group and closing is up to `on_thread_stop`."""

    async def call_thread(self, fun: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """Stock waits for good for a thread that no longer listens, and when it stops in a rebalance it waits for us.

        Raises ConsumerStoppedError.
        """
        try:
            answer = await self.method_queue.call(self.parent_loop.create_future(), fun, *args, **kwargs)
        except RuntimeError as error:
            if self.method_queue.loop.is_closed():
                raise ConsumerStoppedError from error
            raise
        stops = False
        while not answer.done():
            await asyncio.wait({answer}, timeout=STOPPING_S)
            if stops and not answer.done():
                raise ConsumerStoppedError
            stops = self.method_queue.should_stop
        return answer.result()

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        metadata = cast("BatchConsumer", self.consumer).handler.metadata
        mine = self.assignment()
        wanted = {ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, metadata(tp)) for tp, offset in offsets.items() if tp in mine}
        try:
            await self._ensure_consumer().commit(wanted)
        except CommitFailedError:  # the group moved on: the new owner begins at the last commit
            return False
        except Exception as error:
            fault("cannot commit", error)
        return True

    async def committed(self) -> dict[TP, OffsetAndMetadata]:
        """With metadata, which the public call leaves out."""
        consumer = self._ensure_consumer()
        found = await consumer._coordinator.fetch_committed_offsets(list(consumer.assignment()))
        return {ensure_TP(tp): offset for tp, offset in found.items()}

    async def ends(self) -> dict[TP, int]:
        """End of each assigned partition; judge by `position`, offsets have gaps."""
        consumer = self._ensure_consumer()
        found = await consumer.end_offsets(list(consumer.assignment()))
        return {ensure_TP(tp): offset for tp, offset in found.items()}

    async def begins(self) -> dict[TP, int]:
        """First offset that each assigned partition still has."""
        consumer = self._ensure_consumer()
        found = await consumer.beginning_offsets(list(consumer.assignment()))
        return {ensure_TP(tp): offset for tp, offset in found.items()}

    async def positions(self) -> dict[TP, int]:
        consumer = self._ensure_consumer()
        return {ensure_TP(tp): await consumer.position(tp) for tp in consumer.assignment()}


class BatchConsumer(FaustConsumer):
    handler: Handler

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.handler = self.transport.handler
        self._inflight: defaultdict[TP, deque[Batch]] = defaultdict(deque)
        self._seeking = asyncio.Lock()
        self._moves_on = False  # the group does, so that nothing is taken up
        self._handed_over = asyncio.Condition()
        self._rounds = 0  # of fetching and handing over

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def verify_all_partitions_active(self) -> None:
        """Stock Faust looks here for events that seem stuck; between two assignments that fails, and would take the worker with it.
        What stands still is seen by the lag (`lag`)."""

    async def ask(self, call: Any) -> Any:
        """Run one of the thread's coroutines on the thread's loop."""
        return await self._thread.call_thread(call)

    async def lag(self) -> dict[TP, int]:
        """End minus position of each assigned partition, in offsets.  Takes as long as the broker takes to answer."""
        ends: dict[TP, int] = await self.ask(self._thread.ends)
        positions: dict[TP, int] = await self.ask(self._thread.positions)
        return {tp: max(0, end - positions[tp]) for tp, end in ends.items() if tp in positions}

    async def emptied(self) -> set[TP]:
        """Partitions that are read to the end as it is now, with everything read from them done."""
        generation = self.app.consumer_generation_id
        ends: dict[TP, int] = await self.ask(self._thread.ends)
        positions: dict[TP, int] = await self.ask(self._thread.positions)
        async with self._handed_over:  # what moved the positions may still be on its way to us
            this_round = self._rounds + 1
            await self._handed_over.wait_for(lambda: self._rounds >= this_round)
        if not self.flow_active or generation != self.app.consumer_generation_id:  # what was fetched may have been dropped
            return set()
        return {tp for tp, end in ends.items() if positions.get(tp, -1) >= end and not self.unfinished(tp)}

    def done(self, batch: Batch) -> None:
        """Everything that the batch caused is confirmed: it may be committed, in the order of its partition."""
        batch.done = True
        _ = self._acked[batch.tp]  # makes the partition a candidate of the next commit

    def unfinished(self, tp: TP) -> int:
        """Batches of a partition that are not done."""
        return sum(not batch.done for batch in self._inflight[tp])

    async def perform_seek(self) -> None:
        # Faust calls this twice after a rebalance, side by side: once from the rebalance, once from the drain loop
        async with self._seeking:
            assigned = self.assignment()
            try:
                if not self._moves_on:
                    await self._seek_all()
            except GaveWay:
                pass
            except Exception as error:
                if not self.should_stop and assigned == self.assignment():  # else they went again meanwhile
                    fault("cannot take up partitions", error)

    async def _seek_all(self) -> None:
        committed = await self.ask(self._thread.committed)
        assigned = {tp: committed.get(tp) for tp in self.assignment()}
        first = await self.handler.assigned(assigned)
        for tp, found in assigned.items():
            self._committed_offset[tp] = found.offset if found else None
            self._inflight.pop(tp, None)
        await self._check_reach(first)
        seeks = {tp: offset for tp, offset in first.items() if offset is not None and tp in assigned}
        if seeks:
            await self.seek_wait(seeks)
        beginnings = [ensure_aiokafka_TP(tp) for tp in assigned if first.get(tp) is None]
        if beginnings:
            await self._thread.seek_to_beginning(*beginnings)
        self._read_offset.update({tp: first.get(tp) for tp in assigned})  # last: seeking makes None of an offset of 0

    async def _check_reach(self, first: Mapping[TP, int | None]) -> None:
        """Kafka's clients would go on from wherever the topic begins, and say nothing.  Raises PositionLost."""
        begins: dict[TP, int] = await self.ask(self._thread.begins)
        ends: dict[TP, int] = await self.ask(self._thread.ends)
        for tp, offset in first.items():
            if offset is not None and tp in begins and tp in ends and not begins[tp] <= offset <= ends[tp]:
                raise PositionLost(
                    f"{tp.topic} {tp.partition} has offsets {begins[tp]} to {ends[tp]}, work was to go on at {offset}: "
                    f"records are missing; {REMEDY}"
                )

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                records, _ = await self._wait_next_records(FETCH_S)
                if records is None or self.should_stop:
                    return
                if not self.flow_active:
                    await self.perform_seek()
                    continue
                await self._hand_over(records)
                async with self._handed_over:
                    self._rounds += 1
                    self._handed_over.notify_all()
        except (*self.consumer_stopped_errors, asyncio.CancelledError):
            if not self.transport.app.should_stop:
                raise
        except Exception as error:
            fault("cannot read", error)

    async def _hand_over(self, records: Mapping[TP, list[ConsumerRecord]]) -> None:
        generation = self.app.consumer_generation_id
        for tp, fetched in records.items():
            if not self.flow_active or generation != self.app.consumer_generation_id:
                return
            wanted = self._read_offset[tp]
            fresh = fetched if wanted is None else [record for record in fetched if record.offset >= wanted]
            if fresh:
                batch = self._batch(tp, fresh, wanted)
                self._inflight[tp].append(batch)
                await self.callback(batch)
                self._read_offset[tp] = batch.next_offset

    def _batch(self, tp: TP, records: list[ConsumerRecord], first_offset: int | None) -> Batch:
        last = records[-1]
        batch = Batch(
            last.topic, last.partition, last.offset, last.timestamp / 1_000, last.timestamp_type, last.headers, last.key,
            records, None, 0, 0, tp, generation_id=self.app.consumer_generation_id,
        )  # fmt: skip
        batch.first_offset, batch.next_offset, batch.done = first_offset, last.offset + 1, False
        return batch

    def _new_offset(self, tp: TP) -> int | None:
        waiting, offset = self._inflight[tp], None
        while waiting and waiting[0].done:
            offset = waiting.popleft().next_offset
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return offset

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        # stock drops its lists before the last commit of a rebalance, so it would commit nothing here
        self._moves_on = True
        try:
            self.handler.give_way()  # who keeps the group waiting is expelled from it, and expels others when it comes back
            async with self._seeking:
                await self.handler.revoked(revoked)
        except Exception as error:
            fault("cannot give up partitions", error)
        finally:
            self._moves_on = False
        with suppress(ConsumerStoppedError):
            await self.commit()
        for tp in revoked:
            self._inflight.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def on_stop(self) -> None:
        try:
            await self.handler.drain()
        except Exception as error:
            fault("cannot drain", error)
        await super().on_stop()


class BatchTransport(FaustTransport):
    """`gather_s`: how long records gather at the broker, as long as there are few of them."""

    Consumer = BatchConsumer

    def __init__(self, bootstrap: str, handler: Handler, url: Any, app: Any, gather_s: float) -> None:
        super().__init__(url, app)
        self.bootstrap, self.handler, self.gather_s = bootstrap, handler, gather_s
