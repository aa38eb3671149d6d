"""The whole job in faust-streaming without our transport: touchpoints grouped by order or case, journeys in a table.

Run as a worker by `python -m tests.bench.wrong`, in one of two ways:

documented  as Faust's documentation has one write it: a touchpoint counts as done when the agent has it, journeys are judged over
            what came, in the order in which it came, what is found broken is inserted
careful     as somebody writes it who has been bitten: done by hand behind the insert (`noack`), journeys are judged over what
            came in the order of event time, each touchpoint once, what does not hold any more is withdrawn

`processing_guarantee` is `at_least_once`, Faust's default; another one may be given as second argument.  Settings come from the
environment.
"""

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faust
from faust.serializers import codecs

from streams.core.identifiers import load_identifiers
from streams.definitions import SHIPPED, load_bundle
from streams.settings import Settings, load_settings
from streams.tether import end_with_parent
from streams.topology import TOUCHPOINTS
from tests.bench.bare_job import INSERT_ROWS, Row
from tests.bench.peers.whole_job import TICK, Framed, Job, address_of, owner_of
from tests.bench.peers.whole_kept import Kept, pack, unpack
from tests.bench.peers.whole_tables import Gathering, Landing

EVERY_S = 1.0  # between two looks at the clock, and between two inserts at most
TIME = "peer.time"  # topic: how far event time is when nothing comes any more, epoch ms as text
INSTANCES = "peer.instances"  # topic: the second hop
TABLES = ("journeys", "owners")


def build(settings: Settings, way: str, guarantee: str = "at_least_once") -> faust.App:  # noqa: C901  # Faust's way: one closure a task
    bundle = load_bundle([SHIPPED])
    identifiers = load_identifiers().with_instances(bundle.by_instance_type)
    job = Job(way == "careful", dict(bundle.by_instance_type), identifiers, Gathering())
    landing, thread = Landing(settings), ThreadPoolExecutor(1)
    app = _app(settings, way, guarantee)
    touchpoints = app.topic(settings.topic(TOUCHPOINTS), key_serializer="raw", value_serializer="touchpoint")
    grouped = app.topic(
        settings.topic(INSTANCES), key_serializer="raw", value_serializer="touchpoint", partitions=settings.source_partitions,
        internal=True,
    )  # fmt: skip
    times = app.topic(settings.topic(TIME), value_serializer="raw", partitions=1, internal=True)
    journeys, owners = (app.Table(name, key_type=bytes, value_type=bytes, partitions=settings.source_partitions) for name in TABLES)
    waiting: list[Any] = []  # events that are done when their rows are inserted
    one_at_a_time = asyncio.Lock()

    async def insert() -> None:
        async with one_at_a_time:
            rows, done, behind = job.gathering.cut(), waiting.copy(), job.behind()
            waiting.clear()
            await asyncio.get_running_loop().run_in_executor(thread, landing.insert, rows, job.clock_ms, behind)
            for event in done:
                event.ack()

    @app.agent(touchpoints)
    async def tell(stream: faust.StreamT[Row]) -> None:
        by_instance = stream.group_by(address_of, name="instance", topic=grouped)
        async for event in (by_instance.noack() if job.careful else by_instance).events():
            address, kept = event.key, unpack(journeys[event.key]) if event.key in journeys else Kept()
            again = True  # a tick tells nothing of whether it came before
            if event.value:
                touchpoint = job.touchpoint(event.value)
                job.clock_ms = max(job.clock_ms, touchpoint.occurred_at)
                again = not kept.take(touchpoint, careful=job.careful)
                if address not in owners and (owner := owner_of(touchpoint)):
                    owners[address] = owner
                job.gathering.touchpoint(touchpoint, (owners.get(address) or b"").decode())
            job.judge(address, kept, (owners.get(address) or b"").decode(), again=again)
            journeys[address] = pack(kept)
            if job.careful:
                waiting.append(event)
            if len(job.gathering) >= INSERT_ROWS:
                await insert()

    @app.timer(interval=EVERY_S)
    async def insert_now_and_then() -> None:
        await insert()

    @journeys.on_recover
    async def remember() -> None:
        job.due = {address: due_ms for address, packed in journeys.items() if (due_ms := unpack(packed).due_ms) is not None}

    @app.timer(interval=EVERY_S)
    async def look_at_the_clock() -> None:
        """A table changes only inside of a stream, so whatever is due goes there."""
        for address in job.overdue():
            if (due_ms := job.due.pop(address, None)) is not None:  # it may have been judged while others were sent
                job.asked[address] = due_ms
                await grouped.send(key=address, value=TICK)

    @app.agent(times)
    async def hear(stream: faust.StreamT[bytes]) -> None:
        async for said in stream:
            job.clock_ms = max(job.clock_ms, int(said))

    return app


def _app(settings: Settings, way: str, guarantee: str) -> faust.App:
    codecs.register("touchpoint", Framed())
    datadir = settings.data_dir / "peers"
    datadir.mkdir(parents=True, exist_ok=True)
    return faust.App(
        app_id(settings, way), broker=f"kafka://{settings.kafka_bootstrap}", datadir=str(datadir),
        topic_partitions=settings.source_partitions, web_enabled=False, processing_guarantee=guarantee,
        broker_session_timeout=settings.session_timeout_s, broker_heartbeat_interval=settings.session_timeout_s / 4,
    )  # fmt: skip


def app_id(settings: Settings, way: str) -> str:
    """Its consumer group, and what the topics of its tables begin with."""
    return f"{settings.namespace}.whole_{way}"


def main() -> None:
    """The arguments: a way, maybe a guarantee; ends with its standard input."""
    end_with_parent()
    logging.basicConfig(level=logging.WARNING)
    given = [argument for argument in sys.argv[1:] if argument != "--tethered"]
    app = build(load_settings(), *given)
    faust.Worker(app, loglevel="warning", override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main()
