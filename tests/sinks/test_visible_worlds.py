"""Seen at most once, in random worlds: objects change owners again and again, and every partition lands at its own pace."""

import random
from collections import deque

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Batch
from streams.core.touchpoint import hash_id
from tests.sinks.databases import land
from tests.sinks.samples import batch, clock, journey, person

PARTITIONS, CHANGES = 3, 30
ORDERS = [f"o{n}" for n in range(4)]
PERSONS = [hash_id("customer", f"c{n}") for n in range(3)]
SHOWN = "SELECT instance, person_id FROM v_journeys ORDER BY instance"


class World:
    """What the pipeline would send: one stream a partition of `journeys`, and one of people, each in its own order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.streams: list[deque[Batch]] = [deque() for _ in range(PARTITIONS)]
        self.people: deque[Batch] = deque()
        self.paces = [self.random.choice([1, 4, 16]) for _ in range(PARTITIONS + 1)]
        self.owners = {order: hash_id("order", order) for order in ORDERS}
        self.version = 0
        for order, owner in self.owners.items():
            self._say(order, owner, 0)
        for number in range(1, CHANGES + 1):
            self._change(number)

    def _change(self, number: int) -> None:
        """Redirect `number`: the old home lets its row go, the new one shows it, and clocks say how far each has come.

        The new row may come before or behind the new home's own clock, and before the old one has gone.
        """
        order = self.random.choice(ORDERS)
        old = self.owners[order]
        new = self.random.choice([owner for owner in (*PERSONS, hash_id("order", order)) if owner != old])
        self.owners[order] = new
        self.people.append(batch("people", person(order, new, number), first=number))
        early = self.random.random() < 0.5
        if early:
            self._say(order, new, number)
        self._say(order, old, number, state="moved")
        for partition in range(PARTITIONS):
            self._clock(partition, number)
        if not early:
            self._say(order, new, number)

    def _home(self, owner: str) -> int:
        return int(owner, 16) % PARTITIONS

    def _say(self, order: str, owner: str, number: int, state: str = "open") -> None:
        self.version += 1
        row = journey(order, owner, redirects=number, version=self.version, state=state)
        self.streams[self._home(owner)].append(batch("journeys", row, partition=self._home(owner), first=self.version))

    def _clock(self, partition: int, number: int) -> None:
        said = {"redirects": number, "version": number, "partitions": PARTITIONS}
        for topic in ("journeys", "breakages"):
            word = batch("clocks", clock(topic, partition, **said), partition=partition, first=number, topic_id=topic)
            self.streams[partition].append(word)

    def landing(self) -> list[Batch]:
        """The next few records of one stream; some streams are slow in this world."""
        paces = [pace if stream else 0 for stream, pace in zip((*self.streams, self.people), self.paces, strict=True)]
        (stream,) = self.random.choices([*self.streams, self.people], paces)
        return [stream.popleft() for _ in range(min(len(stream), self.random.randint(1, 4)))]

    def left(self) -> bool:
        return any((*self.streams, self.people))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_seen_twice_and_in_the_end_all_is_seen(client: Client, sink: ClickHouseSink, seed: int) -> None:
    """After each landing every order is seen at most once; when all has landed, each with its last owner."""
    world = World(seed)
    seen = []
    while world.left():
        land(sink, *world.landing())
        shown = [order for order, _ in client.execute(SHOWN)]
        assert len(shown) == len(set(shown))
        seen.append(len(shown))
    assert client.execute(SHOWN) == sorted(world.owners.items())
    assert 0 < sum(seen) < len(seen) * len(ORDERS), "in this world everything came in order"
