"""From recorded touchpoints to people, and from a person to everything that is true of it.  Pure.

The same as the stream finds step by step: owners from all links at once, every object judged where its owner is, what looks beyond
one object judged over the whole person.
"""

from collections.abc import Iterable
from typing import NamedTuple

from streams.core.definition import Bundle
from streams.core.identifiers import Identifiers
from streams.core.journey.person import Personal
from streams.core.journey.story import judge_parts
from streams.core.stitch.quarantine import MOST_TOUCHPOINTS
from streams.core.touchpoint import Touchpoint, better_copy, identifiers_of, order_of
from streams.core.verdict import Clock
from streams.core.whole.people import Owners, People

Copies = dict[tuple[str, str], Touchpoint]  # by source and event id


class Person(NamedTuple):
    """`objects`: identifier (type:value) -> what happened to it, in order; `whole`: all touchpoints of the person, in order."""

    id: str  # 32 hex digits, as in every row
    objects: dict[str, list[Touchpoint]]
    whole: list[Touchpoint]


def people_of(touchpoints: Iterable[Touchpoint], identifiers: Identifiers, most: int = MOST_TOUCHPOINTS) -> list[Person]:
    """Everybody, in the order of their ids.

    `most`: an address with more touchpoints is quarantined, and left out here.
    `touchpoints`: as intake made them, in any order, copies too; those that came too late change nothing.  `identifiers`: with the
    instances of every definition that is to judge (`Identifiers.with_instances`).
    """
    kept = [touchpoint for touchpoint in touchpoints if not touchpoint.too_late]
    several = ((pairs, each.action, order_of(each)) for each in kept if len(pairs := identifiers_of(each)) > 1)
    people = People(identifiers, Owners(identifiers, several))
    for touchpoint in kept:
        people.take(touchpoint)
    return [_person(person, found, most) for person, _, found in people.in_order()]


def _person(person: str, touchpoints: Iterable[Touchpoint], most: int) -> Person:
    objects: dict[str, Copies] = {}
    whole: Copies = {}
    for touchpoint in touchpoints:
        _keep(objects.setdefault(touchpoint.address, {}), touchpoint)
    objects = {address: copies for address, copies in objects.items() if len(copies) <= most}
    for touchpoint in (each for copies in objects.values() for each in copies.values() if not each.copied):
        _keep(whole, touchpoint)
    by_address = {address: sorted(copies.values(), key=order_of) for address, copies in objects.items()}
    return Person(person, by_address, sorted(whole.values(), key=order_of))


def judge_recorded(bundle: Bundle, person: Person, clock: Clock) -> Personal:
    """Journeys, promises, breakages of one person, as of a clock."""
    return judge_parts(bundle, person.id, person.objects, person.whole, clock)


def _keep(copies: Copies, touchpoint: Touchpoint) -> None:
    key = touchpoint.source, touchpoint.event_id
    known = copies.get(key)
    copies[key] = touchpoint if known is None else better_copy(known, touchpoint)
