"""The bare job as the tightest loop over aiokafka, without a framework."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.settings import Settings
from streams.topology import TOUCHPOINTS
from tests.bench.overlapped import Overlapped


async def bare_loop(settings: Settings, work: Overlapped) -> None:
    """Fetches as our transport does, without sharing with others; returns when all touchpoints are inserted and committed."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, group_id=f"{settings.namespace}.loop{os.getpid()}",
        auto_offset_reset="earliest", enable_auto_commit=False, isolation_level="read_committed",
        max_partition_fetch_bytes=4 << 20, max_poll_records=settings.poll_records,
    )  # fmt: skip
    await consumer.start()
    try:
        topic = settings.topic(TOUCHPOINTS)
        consumer.assign([TopicPartition(topic, partition) for partition in range(settings.source_partitions)])
        await _work_off(consumer, work)
    finally:
        await consumer.stop()


async def _work_off(consumer: AIOKafkaConsumer, work: Overlapped) -> None:
    offsets: dict[TopicPartition, int] = {}
    while True:
        fetched = await consumer.getmany(timeout_ms=1_000)
        for tp, records in fetched.items():
            work.begin()
            work.job.take(records)
            offsets[tp] = records[-1].offset + 1
            if work.is_full(len(records)) and await work.insert(_committing(consumer, dict(offsets))):
                return
        await asyncio.sleep(0)  # what is fetched already comes without waiting: the next fetch wants a turn


def _committing(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> Callable[[], Awaitable[None]]:
    async def commit() -> None:
        await consumer.commit(offsets)

    return commit
