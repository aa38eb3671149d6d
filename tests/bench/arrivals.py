"""Touchpoints in the order of their event times, or as they come in life: some later, some twice."""

from collections.abc import Sequence
from random import Random

from tests.bench.world import HOUR_MS, Record

Arrival = tuple[int, Record]  # epoch ms
LATE = 0.3  # of all touchpoints, by up to WITHIN_MS
WITHIN_MS = 12 * HOUR_MS
TWICE = 0.03  # of all touchpoints; the copy comes by up to WITHIN_MS later


def in_order(records: Sequence[Record]) -> list[Arrival]:
    return [(record["occurred_at"], record) for record in records]


def shuffled(records: Sequence[Record], seed: int) -> list[Arrival]:
    """In the order of their arrival; seeded."""
    random = Random(seed)
    arrivals: list[Arrival] = []
    for at_ms, record in in_order(records):
        arrivals.append((at_ms + (random.randrange(WITHIN_MS) if random.random() < LATE else 0), record))
        if random.random() < TWICE:
            arrivals.append((at_ms + random.randrange(WITHIN_MS), record))
    return sorted(arrivals, key=lambda arrival: arrival[0])
