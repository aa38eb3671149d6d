"""Many records into one topic, a batch a partition at a time, and word when the broker has them."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from socket import create_connection
from typing import Self
from zlib import crc32

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.settings import Settings
from streams.topics import BrokerUnreachable, admin

Record = tuple[bytes, bytes | None]  # key, value
_BATCH_BYTES = 512 << 10
_REQUEST_BYTES = 8 << 20
_TIMEOUT_MS = 15_000
_KNOCK_S = 5.0


@dataclass(frozen=True)
class Target:
    """A topic that is there.  `topic_id` changes when it is made anew."""

    bootstrap: str
    topic: str
    topic_id: str
    partitions: int


def find_topic(settings: Settings, name: str) -> Target:
    """Raises BrokerUnreachable when the broker or the topic is not there."""
    topic = settings.topic(name)
    _knock(settings.kafka_bootstrap)
    with admin(settings) as client:
        (found,) = client.describe_topics([topic])
    if found["error_code"]:
        raise BrokerUnreachable(f"Kafka at {settings.kafka_bootstrap} has no topic {topic}; `throughline topics apply` creates it")
    return Target(settings.kafka_bootstrap, topic, str(found["topic_id"]), len(found["partitions"]))


def _knock(bootstrap: str) -> None:
    """Kafka's clients try for many seconds where nothing listens; a socket knows at once."""
    errors = []
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            with create_connection((host, int(port)), timeout=_KNOCK_S):
                return
        except (OSError, ValueError) as error:
            errors.append(error)
    raise unreachable(bootstrap, errors[0])


def unreachable(bootstrap: str, error: Exception) -> BrokerUnreachable:
    return BrokerUnreachable(
        f"no Kafka broker answers at {bootstrap} ({type(error).__name__}): "
        "start one (`throughline local up`) or set kafka_bootstrap"
    )


class Outbox:
    """A producer that is handed whole chunks: `async with Outbox(target) as outbox: await outbox.send(records)`.

    Not an idempotent one, which would wait for a dead broker for ever: a touchpoint that a retry sends twice is one touchpoint.
    """

    def __init__(self, target: Target, headers: Iterable[tuple[str, bytes]] = ()) -> None:
        self._target, self._headers = target, list(headers)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=target.bootstrap, acks="all", compression_type="lz4",
            max_batch_size=_BATCH_BYTES, max_request_size=_REQUEST_BYTES, request_timeout_ms=_TIMEOUT_MS,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except BaseException as error:
            await self._producer.stop()
            if isinstance(error, KafkaError):
                raise unreachable(self._target.bootstrap, error) from None
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, records: Iterable[Record]) -> "asyncio.Future[list[object]]":
        """Hands the records over, in order within a partition (CRC32 of the key); -> done when all are acknowledged.

        The call raises BrokerUnreachable, the result what the client raises.
        """
        acknowledgements: list[asyncio.Future[object]] = []
        open_batches: dict[int, BatchBuilder] = {}
        now_ms, partitions, headers = time.time_ns() // 1_000_000, self._target.partitions, self._headers
        try:
            for key, value in records:
                partition = crc32(key) % partitions
                batch = open_batches.get(partition)
                if batch is None or batch.append(timestamp=now_ms, key=key, value=value, headers=headers) is None:
                    if batch is not None:
                        acknowledgements.append(await self._hand_over(batch, partition))
                    batch = open_batches[partition] = self._producer.create_batch()
                    batch.append(timestamp=now_ms, key=key, value=value, headers=headers)
            for partition, batch in open_batches.items():
                acknowledgements.append(await self._hand_over(batch, partition))
        except KafkaError as error:
            raise unreachable(self._target.bootstrap, error) from None
        return asyncio.gather(*acknowledgements)

    async def _hand_over(self, batch: BatchBuilder, partition: int) -> "asyncio.Future[object]":
        acknowledged: asyncio.Future[object] = await self._producer.send_batch(batch, self._target.topic, partition=partition)
        acknowledged.add_done_callback(_heard)
        return acknowledged


def _heard(acknowledged: "asyncio.Future[object]") -> None:
    """A failure reaches whoever waits for the chunk; where nobody does any more, it needs no word of its own."""
    if not acknowledged.cancelled():
        acknowledged.exception()
