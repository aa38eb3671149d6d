"""`settle`: say how far event time is, and wait until everything that follows has landed."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from kafka import KafkaProducer

from streams import topology
from streams.agents.marks import AS_OF_HEADER, FINAL_HEADER
from streams.core.verdict import NEVER
from streams.known import database
from streams.settings import Settings

POLL_S = 0.1


class NotSettled(Exception):
    """The landed clocks did not get there in time; the text says which are behind."""


def say_as_of(settings: Settings, as_of_ms: int, *, final: bool) -> None:
    """An "as of" record into every partition of the input topic, behind what is there now."""
    headers = [(AS_OF_HEADER, str(as_of_ms).encode())] + ([(FINAL_HEADER, b"1")] if final else [])
    sender = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all")
    try:
        topic = settings.topic(topology.TOUCHPOINTS)
        sent = [
            sender.send(topic, key=b"as-of", value=b"", headers=headers, partition=p) for p in range(settings.source_partitions)
        ]
        for future in sent:
            future.get(timeout=30)
    finally:
        sender.close()


def await_landed(settings: Settings, as_of_ms: int, *, final: bool, timeout_s: float, tell: Callable[[list[str]], None]) -> None:
    """Return once every landed clock has reached it.  Raises NotSettled."""
    deadline = time.monotonic() + timeout_s
    client = database(settings)
    try:
        while behind := list(_behind(client, settings, as_of_ms, final=final)):
            if time.monotonic() > deadline:
                raise NotSettled(
                    f"after {timeout_s:g} s these clocks are still behind: {', '.join(behind[:8])}; is the worker running?"
                )
            tell(behind)
            time.sleep(POLL_S)
    finally:
        client.disconnect()


def _behind(client: Any, settings: Settings, as_of_ms: int, *, final: bool) -> Iterator[str]:
    rows = client.execute("SELECT topic, partition, source, clock_ms, final_ms FROM clocks FINAL")
    landed = {tuple(place): (clock_ms, final_ms) for *place, clock_ms, final_ms in rows}
    for place in _expected(settings):
        clock_ms, final_ms = landed.get(place, (NEVER, NEVER))
        if clock_ms < as_of_ms or (final and final_ms < as_of_ms):
            topic, partition, source = place
            yield f"{topic} {partition}" + (f" from source {source}" if topic == topology.LOG else "")


def _expected(settings: Settings) -> Iterator[tuple[str, int, int]]:
    """(topic, partition, source) of every clock that is to land."""
    for partition in range(settings.log_partitions):
        yield from ((topology.LOG, partition, source) for source in range(settings.source_partitions))
        yield topology.JOURNEYS, partition, 0
        yield topology.BREAKAGES, partition, 0
    yield topology.PEOPLE, 0, 0
    yield from ((topology.REJECTED, partition, 0) for partition in range(settings.source_partitions))
