"""Transactions on the embedded broker: committed, aborted, fenced, and given up on when their producer dies."""

import asyncio
import subprocess
import sys
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from deploy.local.broker import Broker
from tests.local.clients import create

TIMEOUT_S = 2
SCAN_S = 1  # transaction.abort.timed.out.transaction.cleanup.interval.ms


def producer(broker: Broker, transactional_id: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, transactional_id=transactional_id, transaction_timeout_ms=TIMEOUT_S * 1_000
    )


async def committed(broker: Broker, topic: str, count: int) -> list[bytes]:
    """The first `count` committed values of the topic."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=broker.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    async with consumer:
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]


def test_a_reader_of_committed_records_sees_all_of_a_transaction_or_nothing(broker: Broker) -> None:
    create(broker, "tx.both")

    async def run() -> list[bytes]:
        async with producer(broker, "both") as sender:
            async with sender.transaction():
                await sender.send("tx.both", b"kept 1")
                await sender.send("tx.both", b"kept 2")
            await sender.begin_transaction()
            await sender.send_and_wait("tx.both", b"given up")
            await sender.abort_transaction()
            async with sender.transaction():
                await sender.send("tx.both", b"kept 3")
        return await committed(broker, "tx.both", 3)

    assert asyncio.run(run()) == [b"kept 1", b"kept 2", b"kept 3"]


def test_a_newer_producer_with_the_same_id_fences_the_older(broker: Broker) -> None:
    create(broker, "tx.fenced")

    async def run() -> list[bytes]:
        older, newer = producer(broker, "fenced"), producer(broker, "fenced")
        await older.start()
        await older.begin_transaction()
        await older.send_and_wait("tx.fenced", b"older")
        async with newer, newer.transaction():
            await newer.send("tx.fenced", b"newer")
        with pytest.raises(ProducerFenced):
            await older.commit_transaction()
        await older.stop()
        return await committed(broker, "tx.fenced", 1)

    assert asyncio.run(run()) == [b"newer"]


def test_an_open_transaction_of_a_dead_producer_holds_readers_up_only_briefly(broker: Broker) -> None:
    """For its own timeout and one scan of the broker's; by default a scan comes every 10 s."""
    create(broker, "tx.dead")
    program = (
        "import asyncio, os, signal\nfrom aiokafka import AIOKafkaProducer\n"
        "async def main():\n"
        f"    sender = AIOKafkaProducer(bootstrap_servers='{broker.bootstrap}', transactional_id='dead',"
        f" transaction_timeout_ms={TIMEOUT_S * 1_000})\n"
        "    await sender.start()\n    await sender.begin_transaction()\n"
        "    await sender.send_and_wait('tx.dead', b'never committed')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )

    async def held_up_s() -> float:
        died = time.monotonic()
        async with producer(broker, "alive") as sender, sender.transaction():
            await sender.send("tx.dead", b"committed behind it")
        assert await committed(broker, "tx.dead", 1) == [b"committed behind it"]
        return time.monotonic() - died

    subprocess.run([sys.executable, "-c", program], check=False)
    took_s = asyncio.run(held_up_s())
    print(f"held up for {took_s:.2f} s", file=sys.stderr)
    assert TIMEOUT_S - 1 < took_s < TIMEOUT_S + SCAN_S + 4
