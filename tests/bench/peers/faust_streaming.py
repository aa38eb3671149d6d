"""The bare job in faust-streaming without our transport: a stream of touchpoints in an agent."""

import asyncio
import os
import signal

import faust
from faust.serializers import codecs

from streams.settings import Settings
from streams.topology import TOUCHPOINTS
from tests.bench.bare_job import INSERT_ROWS, Row, State, key_of, updated
from tests.bench.peers.gathered import Gathered

WITHIN_S = 2.0


class Framed(codecs.Codec):
    """Framed Avro, as a codec of Faust's own."""

    def __init__(self, work: Gathered) -> None:
        super().__init__()
        self._loads = work.decode


def run_table(settings: Settings, count: int) -> None:
    """One touchpoint at a time, states in a table.  Ends the process."""
    work = Gathered(settings, count)
    app = _app(settings, "table", work)
    journeys = app.Table("journeys", partitions=settings.source_partitions)

    @app.agent(_topic(app, settings))
    async def tell(stream: faust.StreamT[Row]) -> None:
        async for row in stream:
            key = key_of(row)
            journeys[key] = state = updated(journeys.get(key), row)
            if work.add(row, key, state):
                await _insert(work)

    _work_off(app)


def run_take(settings: Settings, count: int) -> None:
    """Batches, states in a dict: a table does not change inside of `take`.  Ends the process."""
    work = Gathered(settings, count)
    app = _app(settings, "take", work)
    journeys: dict[str, State] = {}

    @app.agent(_topic(app, settings))
    async def tell(stream: faust.StreamT[Row]) -> None:
        async for rows in stream.take(min(INSERT_ROWS, count), within=WITHIN_S):
            for row in rows:
                key = key_of(row)
                journeys[key] = state = updated(journeys.get(key), row)
                work.add(row, key, state)
            await _insert(work)

    _work_off(app)


def _app(settings: Settings, name: str, work: Gathered) -> faust.App:
    codecs.register("touchpoint", Framed(work))
    datadir = settings.data_dir / "peers"
    datadir.mkdir(parents=True, exist_ok=True)
    return faust.App(
        f"{settings.namespace}.faust_{name}{os.getpid()}",
        broker=f"kafka://{settings.kafka_bootstrap}",
        datadir=str(datadir),
        topic_partitions=settings.source_partitions,
        web_enabled=False,
    )


def _topic(app: faust.App, settings: Settings) -> faust.TopicT:
    return app.topic(settings.topic(TOUCHPOINTS), key_serializer="raw", value_serializer="touchpoint")


async def _insert(work: Gathered) -> None:
    if await asyncio.get_running_loop().run_in_executor(None, work.insert):
        os.kill(os.getpid(), signal.SIGTERM)


def _work_off(app: faust.App) -> None:
    faust.Worker(app, loglevel="warning", override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()
