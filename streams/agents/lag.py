"""How far each assigned partition is read, asked of the broker every few seconds; its silence is what /readyz calls unreachable."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

import structlog
from faust.types.tuples import TP

from streams.logs import told
from streams.metrics.metric import Reading
from streams.metrics.table import LAG
from streams.transport import BatchConsumer

log = structlog.get_logger("throughline")
ASK_S = 5.0
SILENT_S = 15.0


class Lag:
    """`names`: topic with namespace -> name in the map."""

    def __init__(self, consumer: Callable[[], BatchConsumer], names: Mapping[str, str]) -> None:
        self._consumer, self._names = consumer, names
        self._offsets: dict[TP, int] = {}
        self._heard_s = time.monotonic()

    async def keep_asking(self) -> None:
        """Never returns.  One question at a time: the thread that answers also fetches and commits."""
        while True:
            try:
                await self.ask()
            except Exception as error:  # whatever it was, the broker has not answered
                log.warning("the lag is not known", error=type(error).__name__, detail=told(error))
            await asyncio.sleep(ASK_S)

    async def ask(self) -> None:
        self._offsets = await self._consumer().lag()
        self._heard_s = time.monotonic()

    def forget(self) -> None:
        """The assignment is another one now."""
        self._offsets, self._heard_s = {}, time.monotonic()

    def readings(self) -> Iterable[Reading]:
        return [LAG.at(offsets, self._names[tp.topic], str(tp.partition)) for tp, offsets in self._offsets.items()]

    def trouble(self) -> str:
        silent_s = time.monotonic() - self._heard_s
        return f"Kafka has not answered for {silent_s:.0f} s" if silent_s > SILENT_S else ""
