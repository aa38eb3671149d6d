"""One agent as one process: wire its handler, run its Faust app until SIGTERM."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP
from kafka.errors import KafkaError

from sinks.clickhouse.lives import ClickHouseLives
from sinks.clickhouse.minutes import ClickHouseMinutes
from sinks.clickhouse.recorded import ClickHouseRecorded
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Backpressure
from streams import topology
from streams.agents.answers import Answers
from streams.agents.cell import Cell, Cells
from streams.agents.identity import IdentityMachine
from streams.agents.identity_said import all_said
from streams.agents.intake import Intake
from streams.agents.intake_batch import Reader
from streams.agents.land import Land
from streams.agents.land_lives import LandLives, landed_before
from streams.agents.landing import TABLES, Landing
from streams.agents.minutes import MinuteKeeper
from streams.agents.producing import producer
from streams.agents.routing import Routing
from streams.agents.stitch import StitchMachine
from streams.agents.tally import declare
from streams.agents.watched import Watched
from streams.app import build_app, build_worker
from streams.core.identifiers import Identifiers
from streams.core.identity import Identity
from streams.core.life import WrongLife
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.store import MemoryStore
from streams.core.suppressed import Suppressed
from streams.erasures import Erasures
from streams.fault import fault
from streams.health import serve
from streams.known import database, known_identifiers
from streams.metrics.metric import Reading
from streams.metrics.probe import Probe
from streams.publishing import Shelf
from streams.settings import Settings
from streams.topics import topic_ids
from streams.transport import Batch, BatchConsumer, Handler

IDENTIFIERS_S = 5.0
RETRY_S = 2.0
ERASURES_S = 1.0
GC_THRESHOLDS = (100_000, 50, 1_000)  # batches are large and free of cycles: collecting seldom saves a third of the time
Wired = tuple[Handler, Callable[[], Awaitable[None]] | None]  # and what runs beside it


class Wiring:
    """What the handlers of one process share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ids = topic_ids(settings)
        self.shelf, self.erasures = Shelf(settings), Erasures(settings)
        self.app: faust.App | None = None
        self._plain: AIOKafkaProducer | None = None  # for what needs no transaction

    def consumer(self) -> BatchConsumer:
        if self.app is None:
            raise RuntimeError("the app is not built yet")
        consumer: BatchConsumer = self.app.consumer
        return consumer

    def generation(self) -> int:
        """Of the consumer group, as of the newest assignment."""
        return int(self.app.consumer_generation_id) if self.app is not None else -1

    def done(self, batch: Batch) -> None:
        self.consumer().done(batch)

    def identifiers(self) -> Identifiers:
        self.shelf.read()
        return known_identifiers(self.settings).with_instances(self.shelf.instance_types())

    def _nobody_rebuilds(self) -> None:
        """Raises WrongLife."""
        self.shelf.read()
        if self.shelf.rebuilding:
            raise WrongLife(f"a rebuild began at {self.shelf.rebuilding} and has not ended: run `throughline rebuild` again")

    def identifiers_or_wait(self) -> Identifiers:
        """Raises Backpressure."""
        try:
            return self.identifiers()
        except KafkaError as error:
            raise Backpressure(f"the topic of definitions cannot be read: {type(error).__name__}", RETRY_S) from error

    async def wire(self, name: str) -> Wired:
        await asyncio.to_thread(self._nobody_rebuilds)
        self._plain = producer(self.settings)
        await self._plain.start()
        return {"intake": self.intake, "identity": self.identity, "stitch": self.stitch, "land": self.land}[name](self._plain)

    async def close(self) -> None:
        if self._plain is not None:
            await self._plain.stop()

    def intake(self, plain: AIOKafkaProducer) -> Wired:
        self.erasures.read()  # before the first touchpoint
        reader = Reader(self.settings, self.identifiers(), self.erasures.suppressed)
        routing = Routing(self.settings)
        handler = Intake(self.settings, reader, plain, self.consumer, routing)

        async def beside() -> None:
            await asyncio.gather(
                handler.keep_time(), routing.keep_learning(), self._keep_identifiers(reader), self._keep_erasures()
            )

        return handler, beside

    async def _keep_identifiers(self, reader: Reader) -> None:
        """Definitions that are applied later may take other identifiers as their instance.  Never returns."""
        while True:
            await asyncio.sleep(IDENTIFIERS_S)
            with suppress(KafkaError):  # the broker is away: the next time will do
                reader.identifiers = await asyncio.to_thread(self.identifiers)

    async def _keep_erasures(self) -> None:
        """What intake lets pass before it has heard of an erasure is dropped by identity, stitch and land.  Never returns."""
        while True:
            await asyncio.sleep(ERASURES_S)
            try:
                await asyncio.to_thread(self.erasures.read)
            except KafkaError:
                continue
            except ValueError as error:
                fault("cannot read the suppression list", error)

    def identity(self, plain: AIOKafkaProducer) -> Wired:
        identifiers = self.identifiers()

        def make(tp: TP) -> Cell:
            identity = Identity(identifiers, self.settings.log_partitions, self._suppressed())
            machine = IdentityMachine(self.settings, identity, partial(all_said, self.settings))
            return Cell(self.settings, "identity", tp, self.settings.topic(topology.IDENTITY_STATE), machine, plain)

        return Cells(self.done, self.ids[topology.LINKS], make, self.generation), None

    def _suppressed(self) -> Suppressed:
        return Suppressed(self.settings.forgetting.encode())

    def stitch(self, plain: AIOKafkaProducer) -> Wired:
        settings = self.settings

        def make(tp: TP) -> Cell:
            store, judge = MemoryStore(), Judge(lambda bundle: declare(self.shelf.find(bundle)))
            keeps_ms = round(settings.late_horizon_s * 1_000)
            partition = Partition(
                tp.partition, settings.log_partitions, store, judge, settings.step_persons, keeps_ms, self._suppressed(),
                settings.most_touchpoints, settings.most_kept_bytes,
            )  # fmt: skip
            machine = StitchMachine(settings, partition, store)
            return Cell(settings, "stitch", tp, settings.topic(topology.STATE), machine, plain)

        return Cells(self.done, self.ids[topology.LOG], make, self.generation), None

    def land(self, plain: AIOKafkaProducer) -> Wired:
        settings = self.settings
        names = {topic.name: topic for topic in topology.TOPICS}
        topics = {settings.topic(name): (name, self.ids[name], topology.partitions(names[name], settings)) for name in TABLES}
        open_client = partial(database, settings)
        minutes = MinuteKeeper(settings, ClickHouseMinutes(open_client), plain, self.done)
        answers = Answers(settings, ClickHouseRecorded(open_client), self.identifiers_or_wait, plain, self.done)
        lives = LandLives(ClickHouseLives(open_client), self.ids, partial(landed_before, settings))
        handler = Land(
            settings, Landing(settings, topics), ClickHouseSink(open_client), minutes, answers, self.consumer, self.erasures,
            self.identifiers(), lives,
        )  # fmt: skip
        return handler, handler.keep_landing


class Deferred:
    """A handler that is wired when the first partitions come: by then there is a running loop."""

    def __init__(self, make: Callable[[], Awaitable[Wired]], close: Callable[[], Awaitable[None]]) -> None:
        self._make, self._close = make, close
        self._handler: Handler | None = None
        self._beside: asyncio.Future[None] | None = None

    async def assigned(self, committed: Mapping[TP, OffsetAndMetadata | None]) -> Mapping[TP, int | None]:
        if self._handler is None:
            self._handler, beside = await self._make()
            self._beside = asyncio.ensure_future(beside()) if beside else None
        return await self._handler.assigned(committed)

    def give_way(self) -> None:
        if self._handler is not None:
            self._handler.give_way()

    async def revoked(self, partitions: set[TP]) -> None:
        if self._handler is not None:
            await self._handler.revoked(partitions)

    async def handle(self, batch: Batch) -> None:
        if self._handler is not None:
            await self._handler.handle(batch)

    async def drain(self) -> None:
        if self._handler is not None:
            await self._handler.drain()
        if self._beside is not None:
            self._beside.cancel()
        await self._close()

    def metadata(self, tp: TP) -> str:
        return self._handler.metadata(tp) if self._handler is not None else ""

    def readings(self) -> Iterable[Reading]:
        return self._handler.readings() if self._handler is not None else []

    def trouble(self) -> str:
        return self._handler.trouble() if self._handler is not None else ""


def run_agent(settings: Settings, name: str) -> None:
    """Run until SIGTERM or SIGINT; ends the process: 0 after a drain, 1 after a fault.  Raises CannotServe."""
    wiring = Wiring(settings)
    agent = topology.agent(name)
    watched = Watched(settings, agent, Deferred(partial(wiring.wire, name), wiring.close), wiring.consumer)
    wiring.app = build_app(settings, agent, watched)
    worker = build_worker(wiring.app)
    serve(settings, name, Probe(worker.loop, watched))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    worker.execute_from_commandline()
