"""Touchpoints onto the input topic: all at once, or at a rate with the present as their time."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count, islice
from typing import Any

from schemas.codec import encoder
from streams.settings import Settings
from streams.sources.produce import Outbox, find_topic
from streams.topology import TOUCHPOINTS
from tests.bench.world import Record, instance

CHUNK = 5_000
TICK_S = 0.05
Created = Callable[[Sequence[Record]], None]


async def fill(settings: Settings, framed: Sequence[tuple[bytes, bytes]]) -> None:
    """Returns once the broker has all of them."""
    async with Outbox(find_topic(settings, TOUCHPOINTS)) as outbox:
        for at in range(0, len(framed), CHUNK):
            await (await outbox.send(framed[at : at + CHUNK]))


async def drip(settings: Settings, records: Iterable[Record], rate: float, created: Created) -> None:
    """Each touchpoint is created when it is sent: its event time is then.  `created` hears of them before the broker does."""
    encode, size, began_s = encoder("touchpoint"), max(1, round(rate * TICK_S)), time.monotonic()
    sent: list[asyncio.Future[Any]] = []
    waiting = iter(records)
    async with Outbox(find_topic(settings, TOUCHPOINTS)) as outbox:
        for at in count(0, size):
            await asyncio.sleep(max(0.0, began_s + at / rate - time.monotonic()))
            if not (chunk := list(islice(waiting, size))):
                break
            for record in chunk:
                record["occurred_at"] = time.time_ns() // 1_000_000
            created(chunk)
            sent.append(await outbox.send([(instance(record), encode(record)) for record in chunk]))
        await asyncio.gather(*sent)
