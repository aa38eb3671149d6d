"""A topic of one partition that is read from its beginning and followed."""

from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.settings import Settings

POLL_MS = 500


class Followed:
    """For one thread at a time."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings, self.topic = settings, settings.topic(name)
        self._place = TopicPartition(self.topic, 0)
        self._consumer: KafkaConsumer | None = None

    def news(self) -> Iterator[tuple[bytes, Any]]:
        """Keys and values (bytes, None where a key is removed) of committed records that came since the last time.

        When this ends, the topic was read to where its end was when it began.
        """
        if self._consumer is None:
            self._consumer = KafkaConsumer(bootstrap_servers=self._settings.kafka_bootstrap, isolation_level="read_committed")
            self._consumer.assign([self._place])
            self._consumer.seek_to_beginning(self._place)
        end = self._consumer.end_offsets([self._place])[self._place]
        while self._consumer.position(self._place) < end:
            for record in self._consumer.poll(timeout_ms=POLL_MS).get(self._place, []):
                yield record.key, record.value

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
