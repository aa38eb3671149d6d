"""Whoever is alerted about a cause hears of it once, also while its customer turns out to be somebody else."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

import pytest

from streams.core.log import home
from streams.core.stitch.partition import Outcome
from tests.core.world import SECOND_MS, World, touchpoint

HOMES = 2
COOKIE = "cookie:c"
CUSTOMER = next(f"customer:{n}" for n in range(99) if home(f"customer:{n}", HOMES) != home(COOKIE, HOMES))
BOTH = tuple((kind, value) for kind, _, value in (key.partition(":") for key in (COOKIE, CUSTOMER)))
ASKED = (*BOTH[:1], ("case", "k"))


@dataclass
class Homes(World):
    """A world that keeps what each partition of the topic `breakages` would hold."""

    partitions: int = HOMES
    topic: list[list[dict]] = field(default_factory=lambda: [[] for _ in range(HOMES)])

    def _commit(self, number: int, outcome: Outcome) -> None:
        super()._commit(number, outcome)
        self.topic[number] += [row for row in outcome.rows.breakages if row["definition"] == "case"]

    def until(self, now_s: int) -> None:
        self.tick(now_s * SECOND_MS, list(range(self.sources)))
        self.drain()


class Alerts:
    """A consumer of the topic `breakages`: a cause stands or was resolved, whosever it is; what moved is no news to it."""

    def __init__(self, ignores: frozenset[str] = frozenset({"moved"})) -> None:
        self.standing, self.raised, self.resolved, self._ignores = set[str](), list[str](), list[str](), ignores

    def take(self, row: dict) -> None:
        cause = row["cause_key"]
        if row["state"] in self._ignores:
            return
        if row["state"] != "open":
            self.resolved.append(cause)
            self.standing.discard(cause)
        elif cause not in self.standing:
            self.raised.append(cause)
            self.standing.add(cause)


def arrivals(one: list[dict], other: list[dict]) -> Iterator[list[dict]]:
    """Every order in which the records of two partitions can come, each partition's in its own order."""
    for places in combinations(range(len(one) + len(other)), len(one)):
        ours, theirs = iter(one), iter(other)
        yield [next(ours) if place in places else next(theirs) for place in range(len(one) + len(other))]


def told(order: Iterable[dict], alerts: Alerts) -> Alerts:
    for row in order:
        alerts.take(row)
    return alerts


def broken_and_moved(seed: int, unlinked: bool) -> Homes:
    """A question of a visitor is not answered in time; then the visitor is found to be a customer at another home, then not."""
    world = Homes(Random(seed))
    world.happen(touchpoint(1, 0, "ask", ASKED))
    world.until(40)
    world.happen(touchpoint(2, 41 * SECOND_MS, "login", BOTH))
    world.until(50)
    if unlinked:
        world.happen(touchpoint(3, 51 * SECOND_MS, "identity.unlinked", BOTH))
        world.until(60)
    return world


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("unlinked", [False, True])
def test_a_standing_cause_stays_one_cause_in_every_order_of_arrival(seed: int, unlinked: bool) -> None:
    world = broken_and_moved(seed, unlinked)
    one, other = world.topic
    causes = {row["cause_key"] for row in one}
    assert causes == {row["cause_key"] for row in other if row["state"] == "open"}
    for order in arrivals(one, other):
        alerts = told(order, Alerts())
        assert (alerts.standing, sorted(alerts.raised), alerts.resolved) == (causes, sorted(causes), [])


def test_if_what_moves_were_withdrawn_some_orders_would_resolve_what_still_stands() -> None:
    """That is what `moved` is for."""
    one, other = broken_and_moved(1, unlinked=False).topic
    ended = [told(order, Alerts(frozenset())) for order in arrivals(one, other)]
    assert any(not alerts.standing for alerts in ended)
    assert any(alerts.standing for alerts in ended)


def test_what_heals_after_the_move_is_resolved_once() -> None:
    world = broken_and_moved(1, unlinked=False)
    world.happen(touchpoint(4, 52 * SECOND_MS, "answer", (*BOTH[1:], ("case", "k"))))
    world.until(70)
    new = home(CUSTOMER, HOMES)
    alerts = told([*world.topic[1 - new], *world.topic[new]], Alerts())
    unanswered = {row["cause_key"] for row in world.topic[new] if row["rule"] == "unanswered"}
    assert set(alerts.resolved) == unanswered
    assert not alerts.standing & unanswered
