"""Figures a minute: land says which minutes its rows touched, and whoever reads that topic of one partition computes them whole.

Nothing is added up, so a minute may be computed as often as one likes.  What is asked for is that the last word on a minute comes
from after the last row that touched it.  The version of a computation is the offset up to which the topic was read, and a touch is
written when its row is there: whatever was computed with less than the row has a lower version than what is computed for it.
Whoever takes the partition up writes that into it first, and computes nothing before it has read that far; a predecessor that is
not dead yet finds it when it reads on, and stops.  So it has lower versions only, whenever its last statement comes through.

A row may be hidden when its minute is computed: redirects that it rests on have not landed, or say for the moment that somebody
else is the owner.  No row need follow when that ends, so a minute in which something was hidden is touched again.
"""

import asyncio
import math
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog
from aiokafka import AIOKafkaProducer
from faust.types.tuples import TP

from sinks.contract import Backpressure, Minutes
from sinks.contract import Batch as Rows
from streams import topology
from streams.agents.landing import EPOCH
from streams.agents.producing import Record, confirmed, send_all
from streams.agents.touched import TakenUp, Touched, pack, records, touched, unpack
from streams.core.log import version
from streams.fault import fault
from streams.metrics.table import COMPUTED, COMPUTING, REFUSALS
from streams.retention import shortest_ms
from streams.settings import Settings
from streams.transport import Batch

log = structlog.get_logger("throughline")
SHARE = 10  # computing waits so many times as long as it took last: it gets a tenth of the database's time at most
LONGEST_WAIT_S = 30.0
LAST_AGAIN_S = 60.0
MINUTE_MS = 60_000
EVER = -(1 << 62)


class OtherTopic(RuntimeError):
    """Somebody computed minutes from offsets that are not there yet: of another topic, or while we were believed dead."""


class Pending:
    """Minutes that are to be computed, when, and which batches are done then."""

    def __init__(self) -> None:
        self.minutes: dict[int, tuple[float, int]] = {}  # minute -> due, how often computed already
        self.batches: list[tuple[float, Batch]] = []

    def add(self, minutes: Iterable[int], due_s: float, again: int) -> None:
        for minute in minutes:
            self.minutes[minute] = min((due_s, again), self.minutes.get(minute, (due_s, again)))

    def due(self, now_s: float) -> "Pending":
        """Takes out what is due."""
        found = Pending()
        found.minutes = {minute: when for minute, when in self.minutes.items() if when[0] <= now_s}
        found.batches = [(due_s, batch) for due_s, batch in self.batches if due_s <= now_s]
        self.minutes = {minute: when for minute, when in self.minutes.items() if when[0] > now_s}
        self.batches = [(due_s, batch) for due_s, batch in self.batches if due_s > now_s]
        return found

    def put_back(self, other: "Pending") -> None:
        for minute, (due_s, again) in other.minutes.items():
            self.add((minute,), due_s, again)
        self.batches = other.batches + self.batches


class MinuteKeeper:
    """Part of land.  `sink` is called from one thread only."""

    def __init__(self, settings: Settings, sink: Minutes, sender: AIOKafkaProducer, done: Callable[[Batch], None]) -> None:
        self._settings, self._sink, self._sender, self._done = settings, sink, sender, done
        self._topic = settings.topic(topology.TOUCHED)
        self._me = uuid.uuid4().hex
        self._thread = ThreadPoolExecutor(1, "minutes")
        self._pending = Pending()
        self._life = 0  # of what is pending: changes with every assignment
        self._taken_up_at, self._read_to = -1, -1  # offsets
        self._not_before = -1  # nothing is computed until the topic was read to this offset
        self._compared, self._replaced = False, False

    async def tell(self, landed: Iterable[Rows]) -> None:
        """Returns when the minutes that these rows touched are confirmed; the rows have to be there before."""
        await self._touch(touched(landed))

    async def assigned(self, mine: Iterable[TP]) -> None:
        self.forget()
        if any(tp.topic == self._topic for tp in mine):
            self._compared, self._replaced, self._read_to = False, False, -1
            self._taken_up_at = self._not_before = await self._say(TakenUp(self._me))

    def forget(self) -> None:
        """It is read again from the last commit, here or elsewhere."""
        self._pending = Pending()
        self._life += 1

    def take(self, batch: Batch) -> None:
        now_s = last_s = time.monotonic()
        for record in batch.value:
            found = unpack(record.value)
            if isinstance(found, TakenUp) and found.by != self._me and record.offset > self._taken_up_at:
                self._replaced = True
            if self._replaced:
                return
            self._read_to = record.offset
            if isinstance(found, Touched):
                due_s = now_s + (min(2.0 ** (found.again - 1), LAST_AGAIN_S) if found.again else 0.0)
                self._pending.add(found.minutes, due_s, found.again)
                last_s = max(last_s, due_s)
        self._pending.batches.append((last_s, batch))

    async def keep_computing(self) -> None:
        """Never returns."""
        wait_s = self._settings.minutes_interval_s
        while True:
            await asyncio.sleep(wait_s)
            try:
                took_s = await self.compute()
            except Exception as error:
                fault("cannot compute minutes", error)
            wait_s = max(self._settings.minutes_interval_s, min(SHARE * took_s, LONGEST_WAIT_S))

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    async def compute(self) -> float:
        """What is due.  -> seconds that it took."""
        began_s, life, place = time.monotonic(), self._life, self._read_to
        if place < self._not_before:
            return 0.0
        due = self._pending.due(began_s)
        try:
            hidden = await self._call(due.minutes, place)
        except Backpressure as pressure:
            REFUSALS.add(1)
            log.warning("no minutes are computed at the moment", detail=str(pressure), retry_s=pressure.retry_after_s)
            await asyncio.sleep(pressure.retry_after_s)
            if life == self._life:
                self._pending.put_back(due)
                self._not_before = await self._say(Touched([]))  # that statement may come through yet, with its version
            return 0.0
        if life == self._life:
            await self._touch_again(due, hidden)
            for _, batch in due.batches:
                self._done(batch)
        return time.monotonic() - began_s if due.minutes else 0.0

    async def _call(self, minutes: Iterable[int], place: int) -> list[int]:
        wanted = [minute for minute in minutes if minute >= self._first_minute()]
        if not wanted:
            return []
        began_s = time.monotonic()
        hidden = await asyncio.get_running_loop().run_in_executor(self._thread, self._recompute, wanted, place)
        COMPUTING.observe(time.monotonic() - began_s)
        COMPUTED.add(len(wanted))
        return hidden

    def _first_minute(self) -> int:
        """Figures of a minute before it stay as they are: some of what they count may have gone when its time was over."""
        kept_ms = shortest_ms(self._settings.retention)
        return math.ceil((time.time() * 1_000 - kept_ms) / MINUTE_MS) + 1 if kept_ms is not None else EVER

    def _recompute(self, minutes: list[int], place: int) -> list[int]:
        if not self._compared:
            if self._sink.newest() >= version(EPOCH, self._taken_up_at, 0):
                raise OtherTopic(
                    f"journey_minutes was computed from further on than {self._topic} reaches: if the topic was made anew, "
                    "TRUNCATE TABLE journey_minutes and run `throughline minutes rebuild`"
                )
            self._compared = True
        return self._sink.recompute(minutes, version(EPOCH, place, 0))

    async def _touch_again(self, computed: Pending, hidden: Iterable[int]) -> None:
        by_count: dict[int, list[int]] = {}
        for minute in hidden:
            by_count.setdefault(computed.minutes[minute][1] + 1, []).append(minute)
        for again, minutes in by_count.items():
            await self._touch(minutes, again)

    async def _touch(self, minutes: Iterable[int], again: int = 0) -> None:
        sent = [Record(None, value) for value in records(set(minutes), again)]
        await confirmed(await send_all(self._sender, self._topic, 0, sent))

    async def _say(self, record: Touched | TakenUp) -> int:
        """-> its offset."""
        place = await self._sender.send_and_wait(self._topic, pack(record), partition=0)
        offset: int = place.offset
        return offset
