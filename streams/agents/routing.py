"""Intake's knowledge of where touchpoints go, from `person.routes`: read from its end on, by every process for itself.

What was not heard, because the broker was away or this process began later, costs touchpoints a hop, and is said again with the
next of them that takes it.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams import topology
from streams.agents.producing import Destination, Record
from streams.core.routes import Router, unpack_routes
from streams.core.touchpoint import Touchpoint
from streams.settings import Settings

log = structlog.get_logger("throughline")
RETRY_S = 1.0
POLL_MS = 500


class Going(NamedTuple):
    """What is sent together; `sent` are the futures of its records."""

    sending: int  # see Router.next_sending
    touchpoints: Sequence[Touchpoint]
    records: Mapping[Destination, Sequence[Record]]
    sent: Sequence[Awaitable[Any]]


class Routing:
    """`router` is for one thread: that of the event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.router = Router(settings.log_partitions)
        self._topic = settings.topic(topology.LOG)
        self._routes = TopicPartition(settings.topic(topology.ROUTES), 0)
        self._reader: AIOKafkaConsumer | None = None

    async def keep_learning(self) -> None:
        """Never returns."""
        while True:
            try:
                for record in (await (await self._started()).getmany(timeout_ms=POLL_MS)).get(self._routes, []):
                    self.router.learn(unpack_routes(record.value))
            except KafkaError as error:
                log.warning("routes cannot be read at the moment", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _started(self) -> AIOKafkaConsumer:
        if self._reader is None:
            reader = AIOKafkaConsumer(
                bootstrap_servers=self._settings.kafka_bootstrap, enable_auto_commit=False, auto_offset_reset="latest",
                fetch_max_wait_ms=POLL_MS,
            )  # fmt: skip
            try:
                await reader.start()
                reader.assign([self._routes])
                await reader.seek_to_end(self._routes)
            except BaseException:
                await reader.stop()
                raise
            self._reader = reader
        return self._reader

    def arrived(self, going: Going, places: Iterable[Any]) -> None:
        """`places`: see `confirmed`."""
        behind: dict[int, int] = {}
        for place in places:
            if place.topic == self._topic:
                count = len(going.records[place.topic, place.partition])
                behind[place.partition] = max(behind.get(place.partition, 0), place.offset + count)
        self.router.arrived(going.sending, (each.address for each in going.touchpoints), behind)

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.stop()
