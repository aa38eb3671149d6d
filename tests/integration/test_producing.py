"""Many coroutines of an agent send to one partition side by side."""

import asyncio

from streams import topology
from streams.agents.producing import FEW, Record, confirmed, producer, send_all
from tests.fixtures.pipeline import Pipeline, Pipelines

SENDERS = 400


async def _send_side_by_side(pipeline: Pipeline) -> int:
    sender, topic = producer(pipeline.settings), pipeline.settings.topic(topology.LINKS)
    await sender.start()
    try:
        numbers = map(str.encode, map(str, range(SENDERS)))
        sent = await asyncio.gather(*(send_all(sender, topic, 0, [Record(None, number)] * (FEW + 1)) for number in numbers))
        await confirmed(future for several in sent for future in several)
        return len(sent)
    finally:
        await sender.stop()


def test_whoever_waits_for_a_partition_gets_its_turn(pipelines: Pipelines) -> None:
    """However many are before it: each batch is on its way for milliseconds, and nobody gives up."""
    assert asyncio.run(_send_side_by_side(pipelines(None))) == SENDERS
