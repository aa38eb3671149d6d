"""What the broker tests do through kafka-python."""

import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from deploy.local.broker import Broker


def create(broker: Broker, topic: str, configs: dict[str, str] | None = None) -> None:
    """A topic of one partition, ready for use."""
    options = {"num_partitions": 1, "configs": configs or {}}
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics({topic: options}, wait_for_metadata=True)
    admin.close()


def send(broker: Broker, topic: str, values: list[bytes], *, key: bytes | None = None) -> None:
    """Returns once all are acknowledged."""
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
    for sent in [producer.send(topic, value, key=key) for value in values]:
        sent.get(30)
    producer.close()


def read(broker: Broker, topic: str) -> list[bytes]:
    """All values that are in the topic's first partition."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []
    until = time.monotonic() + 30
    while consumer.position(partition) < end:
        assert time.monotonic() < until, f"stuck at {consumer.position(partition)} of {end}"
        for records in consumer.poll(500).values():
            values += [record.value for record in records]
    consumer.close()
    return values
