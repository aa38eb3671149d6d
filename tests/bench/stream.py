"""Touchpoints of stories that begin one after another, at a rate, until nobody wants any more."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random
from statistics import fmean

from streams.settings import Settings
from tests.bench.beside import Beside
from tests.bench.feed import Created, drip
from tests.bench.stories import STORIES
from tests.bench.world import CUSTOMERS, ORDERS, Record, World

HOUR_MS = 200  # of a story: most take 20 to 40 s, so the shares of those that begin, go on and end are soon the same
AMONG = 5_000  # customers that may be next; whoever has been left behind by them does not come again
SAMPLE = 2_000  # stories that tell how long one is


def endless(rate: float, began_ms: int, seed: int, first: int = 0) -> Iterator[Record]:
    """In the order of their time.  At `rate` a second each comes at about its time, so what a story promises is still to come."""
    random, waiting = Random(seed), list[tuple[int, str, Record]]()
    each_ms = 1_000 * _mean_length() / rate
    for number in count():
        at_ms = began_ms + round(number * each_ms)
        while waiting and waiting[0][0] <= at_ms:
            yield heappop(waiting)[2]
        for record in _story(random, first + number, first + int(number * CUSTOMERS), at_ms):
            heappush(waiting, (record["occurred_at"], record["event_id"], record))


def _story(random: Random, number: int, customers: int, began_ms: int) -> Iterator[Record]:
    kind = "order" if random.random() < ORDERS else "case"
    customer, region = f"{customers + random.randrange(AMONG):012}", random.choice(("BR", "DE", "PT", "US"))
    for position, step in enumerate(STORIES[kind](random)):
        event_id, thing = f"{kind}-{number:010}-{position}", (kind, f"{number:012}")
        yield World(0, hour_ms=HOUR_MS).record(step, event_id, thing, customer, began_ms, region)


def _mean_length() -> float:
    """Touchpoints of a story."""
    random = Random(0)
    return fmean(len(STORIES["order" if random.random() < ORDERS else "case"](random)) for _ in range(SAMPLE))


class Stream(Beside):
    """While inside, touchpoints come from a thread.  `created` may be set: it hears of them as `drip` has it."""

    def __init__(self, settings: Settings, rate: float, seed: int = 1) -> None:
        super().__init__()
        self._settings, self._rate, self._seed = settings, rate, seed
        self.sent = 0
        self.created: Created = _nobody

    def _work(self) -> None:
        asyncio.run(drip(self._settings, self._records(), self._rate, self._hear))

    def _records(self) -> Iterator[Record]:
        for record in endless(self._rate, time.time_ns() // 1_000_000, self._seed):
            if self._over.is_set():
                return
            yield record

    def _hear(self, records: Sequence[Record]) -> None:
        self.sent += len(records)
        self.created(records)


def _nobody(records: Sequence[Record]) -> None:
    del records
