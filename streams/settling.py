"""`settle`: say how far event time is, and wait until everything that follows has landed."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from kafka import KafkaProducer

from streams import topology
from streams.agents.marks import AS_OF_HEADER, FINAL_HEADER
from streams.core.verdict import NEVER
from streams.known import database
from streams.passing import Passing
from streams.settings import Settings

POLL_S = 0.1
LANDED = tuple(name for name in topology.agent("land").reads if name != topology.TOUCHED)  # minutes follow by themselves


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
    """Return once every landed clock has reached it, and all that was in front of it has landed.  Raises NotSettled.

    A clock that stood there before tells nothing about what came since: then the agents are followed by what they commit.
    """
    wait = partial(_wait, time.monotonic() + timeout_s, timeout_s, tell)
    client = database(settings)
    try:
        stood = len(_behind(client, settings, as_of_ms, final=final)) < len(_expected(settings))
        wait(lambda: _behind(client, settings, as_of_ms, final=final))
    finally:
        client.disconnect()
    if stood:
        with Passing(settings) as passing:
            for ahead in _ways(passing):
                wait(ahead)


def _wait(until_s: float, timeout_s: float, tell: Callable[[list[str]], None], look: Callable[[], list[str]]) -> None:
    """Until nothing is behind any more.  Raises NotSettled."""
    while behind := look():
        if time.monotonic() > until_s:
            raise NotSettled(f"after {timeout_s:g} s these are still behind: {', '.join(behind[:8])}; is the worker running?")
        tell(behind)
        time.sleep(POLL_S)


def _ways(passing: Passing) -> Iterator[Callable[[], list[str]]]:
    """What is still ahead on each way through the topics, one after another: what one agent passes on, the next has to pass.

    Facts that move, and those that are read back, come to person.log again.
    """

    def to_the_end(agent: str, name: str) -> Callable[[], list[str]]:
        last = passing.last(name)
        return lambda: [f"{agent} at {name} {part}" for part in passing.behind(agent, name, last)]

    yield to_the_end("intake", topology.TOUCHPOINTS)
    yield to_the_end("identity", topology.LINKS)
    passed: dict[int, int] = {}
    while (log := passing.last(topology.LOG)) != passed:
        yield to_the_end("stitch", topology.LOG)
        for name in LANDED:
            yield to_the_end("land", name)
        passed = log


def _behind(client: Any, settings: Settings, as_of_ms: int, *, final: bool) -> list[str]:
    """Clocks that have not landed there."""
    rows = client.execute("SELECT topic, partition, source, clock_ms, final_ms FROM clocks FINAL")
    landed = {tuple(place): (clock_ms, final_ms) for *place, clock_ms, final_ms in rows}
    behind = []
    for topic, partition, source in _expected(settings):
        clock_ms, final_ms = landed.get((topic, partition, source), (NEVER, NEVER))
        if clock_ms < as_of_ms or (final and final_ms < as_of_ms):
            behind.append(f"clock of {topic} {partition}" + (f" from source {source}" if topic == topology.LOG else ""))
    return behind


def _expected(settings: Settings) -> list[tuple[str, int, int]]:
    """(topic, partition, source) of every clock that is to land."""
    sources, parts = range(settings.source_partitions), range(settings.log_partitions)
    return [
        *((topology.LOG, part, source) for part in parts for source in sources),
        *((topic, part, 0) for topic in (topology.JOURNEYS, topology.BREAKAGES) for part in parts),
        (topology.PEOPLE, 0, 0),
        *((topology.REJECTED, source, 0) for source in sources),
    ]
