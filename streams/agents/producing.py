"""Sending many small records as few batches."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from streams.settings import Settings

Header = tuple[str, bytes]
Destination = tuple[str, int]  # topic, partition
MAX_BATCH_BYTES = 1 << 20
FEW = 16  # records: above, a batch of their own costs less than a future each
MAX_REQUEST_BYTES = 32 << 20


class Record(msgspec.Struct, frozen=True):
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


class Producer(AIOKafkaProducer):
    """aiokafka, in turns: left alone, a newcomer passes whoever waits for a partition, and the time waited is counted several times
    over, so that under load a sender that is passed ten times gives up within seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Awaitable[Any]:
        async with self._turns[topic, partition]:
            sent: Awaitable[Any] = await super().send_batch(batch, topic, partition=partition)
            return sent


def producer(settings: Settings, transactional_id: str | None = None) -> Producer:
    """Idempotent; transactional with an id, of which there is one living owner: a new one fences the former."""
    transaction: dict[str, Any] = {}
    if transactional_id is not None:
        transaction = {
            "transactional_id": transactional_id,
            "transaction_timeout_ms": int(settings.transaction_timeout_s * 1_000),
        }
    return Producer(
        bootstrap_servers=settings.kafka_bootstrap,
        enable_idempotence=True,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=20_000,
        compression_type="zstd",  # aiokafka's lz4 compresses at its highest level: a sixth of stitch's time
        linger_ms=0,
        **transaction,
    )


async def send_each(sender: AIOKafkaProducer, records: Mapping[Destination, Sequence[Record]]) -> list[Awaitable[Any]]:
    """`send_all` for several destinations."""
    sent: list[Awaitable[Any]] = []
    for (topic, partition), several in records.items():
        sent += await send_all(sender, topic, partition, several)
    return sent


async def send_all(sender: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Record]) -> list[Awaitable[Any]]:
    """Hand records to the producer in their order.  -> futures that are done once the broker has them."""
    if len(records) <= FEW:
        return [await _send(sender, topic, partition, record) for record in records]
    sent: list[Awaitable[Any]] = []
    batch = sender.create_batch()
    for record in records:
        if not _append(batch, record):
            batch.close()
            sent.append(await sender.send_batch(batch, topic, partition=partition))
            batch = sender.create_batch()
            _append(batch, record)  # a batch takes its first record whatever its size
    if batch.record_count():
        batch.close()
        sent.append(await sender.send_batch(batch, topic, partition=partition))
    return sent


async def _send(sender: AIOKafkaProducer, topic: str, partition: int, record: Record) -> Awaitable[Any]:
    """Into the batch that is about to go: of several senders' few records one request is made, and batches would go one by one."""
    headers = list(record.headers)
    sent: Awaitable[Any] = await sender.send(topic, record.value, record.key, partition=partition, headers=headers)
    return sent


def _append(batch: Any, record: Record) -> bool:
    appended = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
    return appended is not None


async def confirmed(sent: Iterable[Awaitable[Any]]) -> list[Any]:
    """-> where each lies: `topic`, `partition`, `offset`; of a batch its first record.  Raises what the broker refused."""
    return await asyncio.gather(*sent)
