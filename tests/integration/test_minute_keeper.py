"""Who computes the minutes changes: whatever the former one still does, the figures are those of the new one."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Place
from faust.types.tuples import TP

from sinks.clickhouse.minutes import ClickHouseMinutes
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Batch as Rows
from streams import topology
from streams.agents.minutes import MinuteKeeper, OtherTopic
from streams.agents.producing import producer
from streams.core.log import version
from streams.transport import Batch
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.sinks.databases import land
from tests.sinks.samples import AT, DAY_MS, batch, journey, replaced_journey

REGIONS = "SELECT region, sum(n) FROM v_journey_minutes GROUP BY region"
VERSION = "SELECT version FROM journey_minutes FINAL"


class Scene:
    """One topic, one database, and as many that compute as one likes; each hands over what it has done."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.settings = pipeline.settings
        self.pipeline, self.tp = pipeline, TP(pipeline.settings.topic(topology.TOUCHED), 0)
        self.sink = ClickHouseSink(pipeline.connect)
        self.sender = producer(pipeline.settings)
        self.done: dict[MinuteKeeper, list[Batch]] = {}

    async def keeper(self) -> MinuteKeeper:
        """It has taken the partition up."""
        done: list[Batch] = []
        made = MinuteKeeper(self.settings, ClickHouseMinutes(self.pipeline.connect), self.sender, done.append)
        self.done[made] = done
        await made.assigned([self.tp])
        return made

    async def land(self, teller: MinuteKeeper, rows: Rows) -> None:
        await asyncio.to_thread(land, self.sink, rows)
        await teller.tell([rows])

    async def read(self, offset: int) -> Batch:
        """Everything from there on."""
        place = Place(*self.tp)
        async with AIOKafkaConsumer(bootstrap_servers=self.pipeline.settings.kafka_bootstrap) as consumer:
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, offset)
            records = []
            while not records or records[-1].offset + 1 < end:
                records += (await consumer.getmany(place, timeout_ms=500)).get(place, [])
        last = records[-1]
        return Batch(last.topic, 0, last.offset, 0.0, 0, (), None, records, None, 0, 0, self.tp, generation_id=1)


def _play(pipelines: Pipelines, story: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        scene = Scene(pipelines(None))
        await scene.sender.start()
        try:
            await story(scene)
        finally:
            await scene.sender.stop()
            for keeper in scene.done:
                keeper.close()

    asyncio.run(run())


def test_a_predecessor_that_is_not_dead_yet_changes_nothing(pipelines: Pipelines) -> None:
    """It computes what it had read before it was followed, with a lower version, and what it reads behind that not at all."""

    async def story(scene: Scene) -> None:
        query = scene.pipeline.query
        opened = journey("o1", region="DE")
        first = await scene.keeper()
        await scene.land(first, batch("journeys", opened))
        early = [await scene.read(0)]
        first.take(early[0])
        await first.compute()
        await scene.land(first, batch("journeys", journey("o1", version=2, replaces=replaced_journey(opened)), first=1))
        early.append(await scene.read(early[0].offset + 1))
        first.take(early[1])
        second = await scene.keeper()
        everything = await scene.read(0)
        second.take(everything)
        await second.compute()
        stood = query(VERSION)
        assert query(REGIONS) == [("BR", 1)]
        await scene.land(second, batch("journeys", journey("o2"), first=2))
        first.take(await scene.read(early[1].offset + 1))
        await first.compute()
        assert query("SELECT count() FROM journey_minutes") == [(3,)], "it should have computed, in vain"
        assert (query(VERSION), query(REGIONS)) == (stood, [("BR", 1)])
        assert scene.done == {first: early, second: [everything]}, "what lies behind its follower is not its to commit"

    _play(pipelines, story)


def test_a_minute_of_which_a_part_has_gone_when_its_time_was_over_keeps_its_figures(pipelines: Pipelines) -> None:
    """And its touch is done with, so that the topic goes on.  Without that time it is counted from what is there."""

    async def story(scene: Scene) -> None:
        query = scene.pipeline.query
        first = await scene.keeper()
        await scene.land(first, batch("journeys", journey("o1"), journey("o2")))
        first.take(await scene.read(0))
        await first.compute()
        query("TRUNCATE TABLE minute_entries")
        days = (time.time() * 1_000 - AT) // DAY_MS
        for retention, counted in (({"default": int(days)}, 2), ({"default": int(days) + 2}, 1)):
            scene.settings = scene.pipeline.settings.model_copy(update={"retention": retention})
            keeper = await scene.keeper()
            await scene.land(keeper, batch("journeys", journey("o3", version=counted), first=2 + counted))
            everything = await scene.read(0)
            keeper.take(everything)
            await keeper.compute()
            assert query(REGIONS) == [("BR", counted)]
            assert scene.done[keeper] == [everything]

    _play(pipelines, story)


def test_a_minute_with_something_hidden_is_touched_again_before_it_counts_as_done(pipelines: Pipelines) -> None:
    async def story(scene: Scene) -> None:
        keeper = await scene.keeper()
        await scene.land(keeper, batch("journeys", journey("o1", redirects=9)))
        first = await scene.read(0)
        keeper.take(first)
        await keeper.compute()
        assert scene.done[keeper] == [first]
        again = await scene.read(first.offset + 1)
        keeper.take(again)
        await keeper.compute()
        assert scene.done[keeper] == [first], "it waits a moment before it looks again"
        await asyncio.sleep(1.1)
        await keeper.compute()
        assert scene.done[keeper] == [first, again]
        await scene.read(again.offset + 1)

    _play(pipelines, story)


def test_figures_of_another_topic_stop_the_worker(pipelines: Pipelines) -> None:
    """Made anew, the topic begins at offset 0, and nothing computed from it would be heard; the way out is told."""

    async def story(scene: Scene) -> None:
        insert = "INSERT INTO journey_minutes (minute, figures, hidden, version)"
        values = f"SELECT fromUnixTimestamp64Milli({AT // 60_000 * 60_000}, 'UTC'), [], 0, {version(1, 10**6, 0)}"
        scene.pipeline.query(f"{insert} {values}")
        keeper = await scene.keeper()
        await scene.land(keeper, batch("journeys", journey()))
        keeper.take(await scene.read(0))
        with pytest.raises(OtherTopic, match="TRUNCATE TABLE journey_minutes and run `throughline minutes rebuild`"):
            await keeper.compute()
        scene.pipeline.query("TRUNCATE TABLE journey_minutes")
        keeper = await scene.keeper()
        keeper.take(await scene.read(0))
        await keeper.compute()
        assert scene.pipeline.query(REGIONS) == [("BR", 1)]

    _play(pipelines, story)
