"""Seeded touchpoints: many stories side by side, in the order of event time, of about 260 bytes each as framed Avro."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.codec import encoder
from streams.core.touchpoint import hash_id
from tests.bench.stories import STORIES, Step
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS

Record = dict[str, Any]
HISTORY_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z
ORDERS = 0.7  # of all stories
CUSTOMERS = 0.6  # for each story
DUES = ("estimated_delivery_at", "callback_at")  # hours since the beginning, on the wire epoch milliseconds


@dataclass(frozen=True)
class World:
    """`count` touchpoints; stories begin within `span_ms` from `began_ms`, an hour of a story takes `hour_ms`."""

    count: int
    seed: int = 1
    began_ms: int = HISTORY_MS
    span_ms: int = 30 * DAY_MS
    hour_ms: int = HOUR_MS
    first: int = 0  # number of the first story and of the first customer

    def touchpoints(self) -> list[Record]:
        """In the order of event time; stories that reach beyond `count` are cut off."""
        told: list[Record] = []
        random, number = Random(self.seed), self.first
        customers = max(1, round(self.count / 8 * CUSTOMERS))
        while len(told) < self.count:
            told += self._story(random, number, customers)
            number += 1
        return sorted(told, key=lambda record: (record["occurred_at"], record["event_id"]))[: self.count]

    def _story(self, random: Random, number: int, customers: int) -> Iterator[Record]:
        kind = "order" if random.random() < ORDERS else "case"
        began_ms = self.began_ms + random.randrange(self.span_ms)
        customer, region = f"{self.first + random.randrange(customers):012}", random.choice(("BR", "DE", "PT", "US"))
        for position, step in enumerate(STORIES[kind](random)):
            yield self.record(step, f"{kind}-{number:010}-{position}", (kind, f"{number:012}"), customer, began_ms, region)

    def record(self, step: Step, event_id: str, thing: tuple[str, str], customer: str, began_ms: int, region: str) -> Record:
        known = [{"type": "customer", "value": customer}] if step.known else []
        dues = {name: self._at_ms(began_ms, step.attributes[name]) for name in DUES if name in step.attributes}
        kind, value = thing
        return {
            "source": f"{step.channel}_system", "event_id": event_id, "sequence": 0,
            "occurred_at": self._at_ms(began_ms, step.at_h), "origin": step.origin,
            "channel": step.channel, "action": step.action, "direction": step.direction,
            "identifiers": [{"type": kind, "value": value}, *known],
            "attributes": {
                "trace": hash_id(event_id), "session": hash_id(customer), "client": "desk/7.12.3 (linux)",
                **step.attributes, **dues,
            },
            "region": region, "locale": "pt-BR",
            "agent": "agent-0042" if step.origin == "human" else "", "team": "care" if step.origin == "human" else "",
        }  # fmt: skip

    def _at_ms(self, began_ms: int, at_h: float) -> int:
        return began_ms + round(at_h * self.hour_ms)


def instance(record: Record) -> bytes:
    """Everything about one thing goes through one partition, as sources do it."""
    value: str = record["identifiers"][0]["value"]
    return value.encode()


def framed(records: list[Record]) -> list[tuple[bytes, bytes]]:
    """-> (key, framed Avro)"""
    encode = encoder("touchpoint")
    return [(instance(record), encode(record)) for record in records]
