"""Requests for forgotten touchpoints, by whoever has their topic: when they are answered, and with what."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka import TopicPartition as Place
from faust.types.tuples import TP

from sinks.clickhouse.recorded import ClickHouseRecorded
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Batch as Rows
from sinks.contract import ClockRow
from streams import topology
from streams.agents import answers
from streams.agents.answers import Answers
from streams.agents.producing import producer
from streams.core.identifiers import load_identifiers
from streams.core.log import FactsWanted, Forgotten, Move, MovedFacts, Redirect, Wanted, pack, unpack_log
from streams.core.verdict import NEVER
from streams.transport import Batch
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.sinks.databases import land
from tests.sinks.samples import AT, batch, touchpoint

HOME = 2  # the partition that asks
ORDER, PARCEL = Redirect("order:o1", "customer:c1", 4), Redirect("parcel:p1", "parcel:p1", 0)


class Scene:
    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline, self.done = pipeline, list[Batch]()
        self.sink, self.sender = ClickHouseSink(pipeline.connect), producer(pipeline.settings)
        recorded = ClickHouseRecorded(pipeline.connect)
        self.answers = Answers(pipeline.settings, recorded, load_identifiers, self.sender, self.done.append)

    async def land(self, *rows: Rows) -> None:
        await asyncio.to_thread(land, self.sink, *rows)

    async def landed(self, clock_ms: int) -> None:
        clocks = [
            ClockRow(topology.LOG, partition, source, clock_ms, NEVER, 0, clock_ms, partitions=3, sources=2)
            for partition in range(3) for source in range(2)
        ]  # fmt: skip
        await self.land(Rows("clocks", "topic", 0, clock_ms - AT, clock_ms - AT, list(clocks)))

    def ask(self, *wanted: Wanted) -> Batch:
        topic = self.pipeline.settings.topic(topology.WANTED)
        value = pack(FactsWanted(list(wanted)))
        record = ConsumerRecord(topic, 0, 0, 0, 0, None, value, None, 0, len(value), ())
        asked = Batch(topic, 0, 0, 0.0, 0, (), None, [record], None, 0, 0, TP(topic, 0), generation_id=1)
        self.answers.take(asked)
        return asked

    async def answered(self) -> list[Move]:
        """All that was appended to the partition that asks."""
        place = Place(self.pipeline.settings.topic(topology.LOG), HOME)
        async with AIOKafkaConsumer(bootstrap_servers=self.pipeline.settings.kafka_bootstrap) as consumer:
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, 0)
            records: list[ConsumerRecord] = []
            while await consumer.position(place) < end:
                records += (await consumer.getmany(place, timeout_ms=500)).get(place, [])
        found = [unpack_log(record.value) for record in records]
        return [move for record in found if isinstance(record, MovedFacts) for move in record.items]


def wanted(redirect: Redirect, count: int, number: int = 7, clock_ms: int = AT) -> Wanted:
    return Wanted(redirect, HOME, Forgotten(count, AT, AT + 9), number, clock_ms)


def facts(moves: Sequence[Move], redirect: Redirect) -> list[tuple[str, str, bool]]:
    return sorted(
        (each.event_id, each.address, each.copied) for move in moves if move.redirect == redirect for each in move.touchpoints
    )


def _play(pipelines: Pipelines, story: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        scene = Scene(pipelines(None))
        await scene.sender.start()
        try:
            await story(scene)
        finally:
            await scene.sender.stop()
            scene.answers.close()

    asyncio.run(run())


def test_nobody_is_answered_before_everything_that_may_be_asked_for_has_landed(pipelines: Pipelines) -> None:
    """Then with touchpoints and copies, and the batch is done when its last request is."""

    async def story(scene: Scene) -> None:
        both = (("order", "o1"), ("parcel", "p1"))
        await scene.land(
            batch("touchpoints", touchpoint("e1"), touchpoint("e2", identifiers=both), touchpoint("e3", occurred_at=AT + 10))
        )
        await scene.landed(AT + 5)
        asked = scene.ask(wanted(ORDER, 2), wanted(PARCEL, 1, clock_ms=AT + 20))
        assert await scene.answers.answer() == 1
        assert await scene.answers.answer() == 0
        moves = await scene.answered()
        assert facts(moves, ORDER) == [("e1", "order:o1", False), ("e2", "order:o1", False)]
        assert (facts(moves, PARCEL), [move.answers for move in moves], scene.done) == ([], [0, 7], [])
        await scene.landed(AT + 20)
        assert await scene.answers.answer() == 1
        assert facts(await scene.answered(), PARCEL) == [("e2", "parcel:p1", True)]
        assert scene.done == [asked]

    _play(pipelines, story)


def test_fewer_than_were_forgotten_come_back_after_some_patience(pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "AGAIN_S", 0.1)
    monkeypatch.setattr(answers, "PATIENCE_S", 1.0)

    async def story(scene: Scene) -> None:
        await scene.land(batch("touchpoints", touchpoint("e1")))
        await scene.landed(AT)
        asked = scene.ask(wanted(ORDER, 2))
        assert await scene.answers.answer() == 0
        again = scene.ask(wanted(ORDER, 2))
        assert await scene.answers.answer() == 0, "a moment has to pass"
        await asyncio.sleep(1.1)
        assert await scene.answers.answer() == 1
        assert facts(await scene.answered(), ORDER) == [("e1", "order:o1", False)]
        assert scene.done == [asked, again]

    _play(pipelines, story)
