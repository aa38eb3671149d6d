"""The embedded broker does for clients what the pipeline needs."""

import asyncio
import os
import time

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient

from deploy.local.broker import Broker
from tests.local.clients import create, read, send


def test_records_of_every_compression_come_back(broker: Broker) -> None:
    """To both clients: what sources send is read by the one, and looked through by the other."""
    create(broker, "compressed")
    kinds = (None, "gzip", "lz4", "snappy", "zstd")
    values = {kind: [f"{kind}-{i}".encode() for i in range(100)] for kind in kinds}

    async def there_and_back() -> list[bytes]:
        for kind in kinds:
            async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, compression_type=kind, acks="all") as producer:
                for sent in [await producer.send("compressed", value) for value in values[kind]]:
                    await sent
        async with AIOKafkaConsumer("compressed", bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest") as consumer:
            return [(await asyncio.wait_for(consumer.getone(), 15)).value for _ in range(500)]

    expected = [value for kind in kinds for value in values[kind]]
    assert asyncio.run(there_and_back()) == expected
    assert read(broker, "compressed") == expected


def test_a_record_of_nine_mebibytes_passes(broker: Broker) -> None:
    create(broker, "large")
    value = os.urandom(1 << 20) * 9

    async def there_and_back() -> bytes | None:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, max_request_size=16 << 20) as producer:
            await producer.send_and_wait("large", value)
        async with AIOKafkaConsumer("large", bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest") as consumer:
            found: bytes | None = (await asyncio.wait_for(consumer.getone(), 15)).value
            return found

    assert asyncio.run(there_and_back()) == value


def test_a_group_commits_and_goes_on_where_it_was(broker: Broker) -> None:
    create(broker, "grouped")

    def take() -> list[bytes]:
        consumer = KafkaConsumer(
            "grouped", bootstrap_servers=broker.bootstrap, group_id="g", auto_offset_reset="earliest", enable_auto_commit=False
        )
        records = consumer.poll(15_000)
        consumer.commit()
        consumer.close()
        return [record.value for batch in records.values() for record in batch]

    send(broker, "grouped", [b"1", b"2"])
    assert take() == [b"1", b"2"]
    send(broker, "grouped", [b"3"])
    assert take() == [b"3"]


def test_the_cleaner_keeps_the_last_value_of_a_key(broker: Broker) -> None:
    cleaning = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "100"}
    create(broker, "cleaned", {**cleaning, "segment.ms": "100"})
    until = time.monotonic() + 60
    values = [b"%d" % i for i in range(500)]
    send(broker, "cleaned", values, key=b"k")
    while len(read(broker, "cleaned")) >= len(values):
        assert time.monotonic() < until, "nothing was cleaned within 60 s"
        time.sleep(0.5)
        send(broker, "cleaned", [b"last"], key=b"k")  # closes the segment before it
    assert read(broker, "cleaned")[-1] == b"last"


def test_a_topic_is_never_created_by_its_mere_mention(broker: Broker) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    assert admin.describe_topics(["mentioned"])[0]["error_code"] == 3
    assert "mentioned" not in admin.list_topics()
    admin.close()


def test_no_class_is_missing_from_the_classpath(broker: Broker) -> None:
    """Some of what Kafka declares is left out of the lock; groups, compression and cleaning have loaded the rest by now."""
    log = broker.daemon.log.read_text()
    assert "Kafka Server started" in log
    assert not [line for line in log.splitlines() if "ClassNotFound" in line or "NoClassDefFound" in line]


def test_it_listens_on_the_loopback_alone(broker: Broker) -> None:
    pid = broker.daemon.pid()
    assert pid is not None
    listening = [c.laddr for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {port for _, port in listening} == set(broker.ports.values())
    assert {address.removeprefix("::ffff:") for address, _ in listening} == {"127.0.0.1"}
