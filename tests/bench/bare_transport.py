"""The bare job as a Faust app on our transport."""

import os
import signal
from collections.abc import Awaitable, Callable, Mapping

import faust
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from streams.app import build_app, build_worker
from streams.settings import Settings
from streams.topology import TOUCHPOINTS, Agent
from streams.transport import Batch
from tests.bench.overlapped import Overlapped
from tests.fixtures.handlers import Plain


class BareHandler(Plain):
    """Ends the process with SIGTERM when all touchpoints are inserted: there is nothing left to drain then."""

    app: faust.App

    def __init__(self, work: Overlapped) -> None:
        self._work = work
        self._taken: list[Batch] = []

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        return dict.fromkeys(committed)

    async def handle(self, batch: Batch) -> None:
        work = self._work
        work.begin()
        work.job.take(batch.value)
        self._taken.append(batch)
        if work.is_full(len(batch.value)):
            taken, self._taken = self._taken, []
            if await work.insert(self._committing(taken)):
                os.kill(os.getpid(), signal.SIGTERM)

    def _committing(self, batches: list[Batch]) -> Callable[[], Awaitable[None]]:
        async def commit() -> None:
            for batch in batches:
                self.app.consumer.done(batch)

        return commit


def run_transport(settings: Settings, work: Overlapped) -> None:
    """Ends the process."""
    handler = BareHandler(work)
    name = f"transport{os.getpid()}"
    handler.app = build_app(settings, Agent(name, (TOUCHPOINTS,), (), None, "the bare job"), handler)
    build_worker(handler.app).execute_from_commandline()
