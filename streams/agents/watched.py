"""A handler as it is seen from outside: what it takes is counted, where it stands is told, what it raises stops the worker."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version

from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from streams.agents.lag import Lag
from streams.fault import fault
from streams.metrics.metric import Reading
from streams.metrics.table import BATCHES, INFO, PARTITIONS, RECORDS
from streams.settings import Settings
from streams.topology import Agent
from streams.transport import Batch, BatchConsumer, Handler

WAITING, TAKING, WORKING, STOPPING = "waiting for partitions", "taking up partitions", "", "stopping"


class Watched:
    """A handler of `streams.transport` around another one."""

    def __init__(self, settings: Settings, agent: Agent, handler: Handler, consumer: Callable[[], BatchConsumer]) -> None:
        self._handler = handler
        self._names = {settings.topic(name): name for name in agent.reads}
        self._lag = Lag(consumer, self._names)
        self._asking: asyncio.Task[None] | None = None
        self._partitions: set[TP] = set()
        self._stage = WAITING

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        self._stage = TAKING
        first = await self._handler.assigned(committed)
        self._partitions, self._stage = set(committed), WORKING
        self._lag.forget()
        if self._asking is None:
            self._asking = asyncio.create_task(self._lag.keep_asking())
        return first

    def give_way(self) -> None:
        self._handler.give_way()

    async def revoked(self, partitions: set[TP]) -> None:
        self._stage = WAITING
        await self._handler.revoked(partitions)
        self._partitions -= partitions

    async def handle(self, batch: Batch) -> None:
        topic = self._names[batch.topic]
        BATCHES.add(1, topic)
        RECORDS.add(len(batch.value), topic)
        try:
            await self._handler.handle(batch)
        except Exception as error:
            fault(f"cannot take {batch.topic} {batch.partition} from offset {batch.value[0].offset}", error)

    async def drain(self) -> None:
        self._stage = STOPPING
        if self._asking is not None:
            self._asking.cancel()
        await self._handler.drain()

    def metadata(self, tp: TP) -> str:
        return self._handler.metadata(tp)

    def readings(self) -> Iterator[Reading]:
        yield INFO.at(1, version("throughline"))
        held = Counter(self._names[tp.topic] for tp in self._partitions)
        yield from (PARTITIONS.at(held[topic], topic) for topic in self._names.values())
        yield from self._lag.readings()
        yield from self._handler.readings()

    def trouble(self) -> str:
        return self._stage or self._lag.trouble() or self._handler.trouble()
