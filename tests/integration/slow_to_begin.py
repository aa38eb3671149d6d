"""A process whose handler takes long to take up its partitions; it says which it has taken up, and what it reads.

python -m tests.integration.slow_to_begin SECONDS
"""

import asyncio
import sys
from collections.abc import Mapping

from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from streams.app import build_app, build_worker
from streams.settings import Settings
from streams.topology import TOUCHPOINTS, Agent
from streams.transport import Batch, GaveWay
from tests.fixtures.handlers import Plain


class SlowToBegin(Plain):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._taking_up: asyncio.Future[None] | None = None

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        self._taking_up = asyncio.ensure_future(asyncio.sleep(self._seconds))
        await asyncio.wait({self._taking_up})
        if self._taking_up.cancelled():
            raise GaveWay
        print("taken up", *sorted(tp.partition for tp in committed), flush=True)
        return dict.fromkeys(committed)

    async def handle(self, batch: Batch) -> None:
        print("read", *(record.value.decode() for record in batch.value), flush=True)

    def give_way(self) -> None:
        if self._taking_up is not None:
            self._taking_up.cancel()


if __name__ == "__main__":
    agent = Agent("slow", (TOUCHPOINTS,), (), None, "nothing")
    app = build_app(Settings(), agent, SlowToBegin(float(sys.argv[1])))
    build_worker(app).execute_from_commandline()
