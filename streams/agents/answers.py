"""Touchpoints read back: stitch says in `facts.wanted` which it has forgotten and needs, and gets them as moved facts.

Whoever has the topic's one partition waits until all that is asked for has landed, reads the touchpoints of many addresses at once,
and appends them to the partition of person.log that asked.  Answered twice is as good as once: facts are a set, and whoever is not
waiting takes them as any.  While the database is away, those who ask wait; nobody else does.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from msgspec import structs

from sinks.contract import Backpressure, Recorded
from streams import topology
from streams.agents.producing import Destination, Record, confirmed, send_each
from streams.core.identifiers import Identifiers
from streams.core.log import Move, Wanted, pack, unpack_wanted
from streams.core.moving import records
from streams.core.touchpoint import Touchpoint, identifiers_of
from streams.fault import fault
from streams.metrics.metric import Reading
from streams.metrics.table import ANSWERED, REFUSALS, REQUESTED, SHORT
from streams.settings import Settings
from streams.transport import Batch

log = structlog.get_logger("throughline")
INTERVAL_S = 0.2
MOST = 500  # addresses in one query
AGAIN_S, PATIENCE_S = 2.0, 10.0  # fewer came back than were forgotten: a copy may be on its way yet
T = TypeVar("T")
Key = tuple[str, int, int]  # address, partition, number
Found = dict[Key, list[Touchpoint]]


class Request(msgspec.Struct):
    """`short_until_s`: how long to wait for touchpoints that should be there; monotonic time.

    `waiting`: the requests of every batch that it is in.
    """

    wanted: Wanted
    waiting: list[set[Key]] = []
    not_before_s: float = 0.0
    short_until_s: float | None = None


class Answers:
    """Part of land.  `recorded` and `identifiers` are called from one thread only."""

    def __init__(
        self, settings: Settings, recorded: Recorded, identifiers: Callable[[], Identifiers], sender: AIOKafkaProducer,
        done: Callable[[Batch], None],
    ) -> None:  # fmt: skip
        self._recorded, self._identifiers, self._sender, self._done = recorded, identifiers, sender, done
        self._log = settings.topic(topology.LOG)
        self._thread = ThreadPoolExecutor(1, "answers")
        self.forget()

    def forget(self) -> None:
        """It is read again from the last commit, here or elsewhere."""
        self._requests: dict[Key, Request] = {}
        self._batches: list[tuple[Batch, set[Key]]] = []

    def take(self, batch: Batch) -> None:
        mine = set()
        for record in batch.value:
            for wanted in unpack_wanted(record.value).items:
                mine.add(key := _key(wanted))
                self._requests.setdefault(key, Request(wanted)).waiting.append(mine)
        self._batches.append((batch, mine))

    async def keep_answering(self) -> None:
        """Never returns."""
        while True:
            try:
                answered = await self.answer()
            except Exception as error:
                fault("cannot read touchpoints back", error)
            if answered < MOST:
                await asyncio.sleep(INTERVAL_S)

    async def answer(self) -> int:
        """Those that can be answered now, as many as one query takes.  -> how many that were."""
        requests, answered = self._requests, Found()
        try:
            if requests:
                answered = await self._answered(requests)
        except Backpressure as pressure:
            REFUSALS.add(1)
            log.warning("no touchpoints are read back at the moment", detail=str(pressure), retry_s=pressure.retry_after_s)
            await asyncio.sleep(pressure.retry_after_s)
        await self._send(requests, answered)
        for key in answered:
            for waiting in requests.pop(key).waiting:
                waiting.discard(key)
        for batch in [batch for batch, waiting in self._batches if not waiting]:
            self._done(batch)
        self._batches = [(batch, waiting) for batch, waiting in self._batches if waiting]
        return len(answered)

    async def _answered(self, requests: Mapping[Key, Request]) -> Found:
        landed_ms, now_s = await self._call(self._recorded.landed_ms), time.monotonic()
        can = (each.wanted for each in requests.values() if each.not_before_s <= now_s and each.wanted.clock_ms <= landed_ms)
        wanted = list(islice(can, MOST))
        found = await self._call(partial(self._read, wanted)) if wanted else {}
        return {key: facts for key, facts in found.items() if _is_enough(requests[key], facts, now_s)}

    async def _call(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    def readings(self) -> Iterable[Reading]:
        return [REQUESTED.at(len(self._requests))]

    def _read(self, wanted: Sequence[Wanted]) -> Found:
        first_ms, last_ms = min(each.forgotten.first_ms for each in wanted), max(each.forgotten.last_ms for each in wanted)
        carrying = self._recorded.carrying({each.redirect.address for each in wanted}, first_ms, last_ms)
        by_address = by_addresses(carrying, self._identifiers())
        return {_key(each): _within(by_address.get(each.redirect.address, []), each) for each in wanted}

    async def _send(self, requests: Mapping[Key, Request], answered: Found) -> None:
        moves: dict[int, list[Move]] = {}
        for key, facts in answered.items():
            wanted = requests[key].wanted
            moves.setdefault(wanted.partition, []).append(Move(wanted.redirect, facts, answers=wanted.number))
        sent: dict[Destination, list[Record]] = {
            (self._log, partition): [Record(None, pack(record)) for record in records(several)]
            for partition, several in moves.items()
        }
        await confirmed(await send_each(self._sender, sent))
        ANSWERED.add(len(answered))
        short = sum(len(facts) < requests[key].wanted.forgotten.count for key, facts in answered.items())
        SHORT.add(short)
        if short:
            log.warning("fewer touchpoints came back than were forgotten: journeys are judged by what is there", addresses=short)


def by_addresses(touchpoints: Iterable[Touchpoint], identifiers: Identifiers) -> dict[str, list[Touchpoint]]:
    """Touchpoints and their copies for other objects, as intake made them."""
    found: dict[str, list[Touchpoint]] = {}
    for each in touchpoints:
        found.setdefault(each.address, []).append(each)
        for address in identifiers.other_addresses(identifiers_of(each), each.address):
            found.setdefault(address, []).append(structs.replace(each, address=address, copied=True))
    return found


def _within(facts: Iterable[Touchpoint], wanted: Wanted) -> list[Touchpoint]:
    forgotten = wanted.forgotten
    return [each for each in facts if forgotten.first_ms <= each.occurred_at <= forgotten.last_ms]


def _is_enough(request: Request, facts: Sequence[Touchpoint], now_s: float) -> bool:
    """As many as were forgotten; or there are no more, which is said after some patience only."""
    if len(facts) >= request.wanted.forgotten.count:
        return True
    if request.short_until_s is None:
        request.short_until_s = now_s + PATIENCE_S
    request.not_before_s = now_s + AGAIN_S
    return now_s >= request.short_until_s


def _key(wanted: Wanted) -> Key:
    return wanted.redirect.address, wanted.partition, wanted.number
