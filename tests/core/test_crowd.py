"""A crowd with family phones, wrong links taken back, late and doubled touchpoints: who is one person is what was drawn."""

import gc
from collections.abc import Iterator
from random import Random

import pytest

from streams.core.identifiers import load_identifiers
from streams.core.identity import Identity
from streams.core.log import Link
from tests.fixtures.crowd import Crowd, Seen, crowd

PEOPLE = 200_000
BATCH = 5_000  # links of a step
RESTARTS = 2
IDENTIFIERS = load_identifiers()


def links(seen: list[Seen]) -> list[Link]:
    return [
        Link(weaker, stronger, (each.at_ms, 0, f"{each.action}/{each.pairs[0][1]}", "test"), says)
        for each in seen
        for weaker, stronger, says in IDENTIFIERS.links(each.pairs, each.action)
    ]


class Restarting:
    """The identity machine, begun anew now and then from the entries that it gave away."""

    def __init__(self) -> None:
        self.identity, self.kept = Identity(IDENTIFIERS, 8), dict[bytes, bytes]()

    def take(self, found: list[Link]) -> None:
        self.identity.take(found)
        self.kept |= self.identity.memory.flush()

    def restart(self) -> None:
        number, self.identity = self.identity.number, Identity(IDENTIFIERS, 8)
        for entry, value in self.kept.items():
            self.identity.load(entry, value)
        self.identity.number = number


def roots(found: list[Link], chance: Random) -> dict[str, str]:
    restarting = Restarting()
    restarts = {chance.randrange(len(found) // BATCH) for _ in range(RESTARTS)}
    for number, at in enumerate(range(0, len(found), BATCH)):
        restarting.take(found[at : at + BATCH])
        if number in restarts:
            restarting.restart()
    return restarting.identity.roots()


def assert_hard(drawn: Crowd) -> None:
    """It has all of what makes it hard."""
    count = len(drawn.people)
    assert {len(keys) for keys in drawn.people} == {1, 2, 3, 4, 5, 6}
    assert len(drawn.shared) > count / 100
    assert drawn.wrong > count * 0.005
    assert len({each[1:] for each in drawn.seen}) < len(drawn.seen) * 0.98


@pytest.fixture(autouse=True)
def _collected_seldom() -> Iterator[None]:
    """As in a worker."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("shuffled", [False, True])
def test_persons_of_a_crowd_are_those_that_were_drawn(shuffled: bool) -> None:
    """All of it in the order of arrival, a tenth of it in none."""
    drawn, chance = crowd(7, PEOPLE // 10 if shuffled else PEOPLE, follow=False), Random(8)
    assert_hard(drawn)
    found = links(drawn.seen)
    if shuffled:
        chance.shuffle(found)
    assert roots(found, chance) == drawn.roots()
