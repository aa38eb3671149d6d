"""What comes while attacks go on: orders and cases of a shop, and a crowd whose people are linked and unlinked.

Some of it is late, some comes twice, some is broken.  It remembers what the broker has accepted.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from kafka.errors import KafkaError

from streams.topics import BrokerUnreachable
from tests.fixtures import crowd as people
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.shop import START_MS, Arrival, shop
from tests.fixtures.touchpoints import DAY_MS, Record, touch

BROKEN = 0.01  # share of records that are no touchpoints
BROKEN_KEYS = tuple(f"broken{number}".encode() for number in range(8))  # by which they are told from others; in every partition
CHUNK = 1_000
AWAY = (KafkaError, BrokerUnreachable)


class Accepted(NamedTuple):
    """By the broker: how many of the load, in its order; how many probes; how many records that cannot be touchpoints."""

    sent: int
    probes: int
    broken: int


class Load:
    """`begin` sends it, at the pace that `lasts` or `rate` say, until `end`, which sends the rest at once."""

    def __init__(self, pipeline: Pipeline, seed: int, count: int) -> None:
        self._pipeline, self._count = pipeline, count
        self._chance = random.Random(seed)
        self._arrivals, self._probes = arrivals(seed, count), list[Arrival]()
        self._over, self._flowing = threading.Event(), threading.Event()
        self._flowing.set()
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self._pace_s, self._broken = 0.0, 0
        self.sent, self.clock_ms = 0, START_MS

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.give_up()
        self._thread.join()

    def give_up(self) -> None:
        """To wait: what is left comes at once."""
        self._over.set()
        self._flowing.set()

    def lasts(self, seconds: float) -> None:
        """What is left of the load is to last about so long."""
        self._pace_s = seconds * CHUNK / max(CHUNK, self._count - self.sent)

    def rate(self, a_second: float) -> None:
        self._pace_s = CHUNK / a_second

    def hold(self) -> None:
        """Until `flow`: nothing comes but what an attack sends."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def probe(self) -> str:
        """Send a touchpoint.  -> the order that it opens."""
        order = f"probe{len(self._probes)}"
        due = {"estimated_delivery_at": self.clock_ms + DAY_MS, "amount": 1.0}
        record = touch("order.purchased", self.clock_ms, {"order": order, "customer": order}, due, region="BR")
        self._insist(lambda: self._pipeline.send([record]))
        self._probes.append((self.clock_ms, record))
        return order

    def send_broken(self, values: Iterable[bytes]) -> None:
        """Records that intake is to reject, in all partitions."""
        values = list(values)
        self._insist(lambda: self._pipeline.send_bytes(values, BROKEN_KEYS))
        self._broken += len(values)

    def sent_broken(self) -> None:
        """One more is on the input topic, sent by somebody else under one of the keys."""
        self._broken += 1

    def noise(self, count: int) -> list[bytes]:
        """What no schema and no JSON begins with."""
        return [b"\0" + self._chance.randbytes(40) for _ in range(count)]

    def accepted(self) -> Accepted:
        return Accepted(self.sent, len(self._probes), self._broken)

    def names(self, accepted: Accepted | None = None) -> set[tuple[str, str]]:
        """(source, event id) of all touchpoints that were accepted by then; None: of all there are."""
        sent, probes = (accepted.sent, accepted.probes) if accepted else (None, None)
        records = [record for _, record in [*self._arrivals[:sent], *self._probes[:probes]]]
        return {(record["source"], record["event_id"]) for record in records}

    def records(self) -> list[Record]:
        return [record for _, record in [*self._arrivals, *self._probes]]

    def _send_all(self) -> None:
        coming = iter(self._arrivals)
        while chunk := list(islice(coming, CHUNK)):
            self._flowing.wait()
            self._insist(lambda chunk=chunk: self._pipeline.send(record for _, record in chunk))
            self.send_broken(self.noise(int(BROKEN * len(chunk))))
            self._insist(lambda at_ms=chunk[-1][0]: self._pipeline.say(at_ms))
            self.sent, self.clock_ms = self.sent + len(chunk), chunk[-1][0]
            self._over.wait(self._pace_s)

    @staticmethod
    def _insist(send: Callable[[], None]) -> None:
        """The broker may be away; what is sent twice is a copy."""
        while True:
            try:
                return send()
            except AWAY:
                time.sleep(0.5)


def arrivals(seed: int, count: int) -> list[Arrival]:
    """A fifth of them of a crowd, in the order of their arrival."""
    drawn = people.crowd(seed, max(10, count // 30))
    seen: Iterator[Arrival] = ((each.arrives_ms, people.record(each)) for each in drawn.seen)
    crowd = list(islice(seen, count // 5))
    return sorted([*shop(seed, count - len(crowd)), *crowd], key=lambda arrival: arrival[0])
