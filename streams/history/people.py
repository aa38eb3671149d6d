"""From recorded touchpoints to people, and from a person to everything that is true of it.  Pure.

The same as the stream finds step by step: owners from all links at once, every object judged where its owner is, what looks beyond
one object judged over the whole person.
"""

from collections.abc import Iterable
from typing import NamedTuple

from streams.core.definition import Bundle
from streams.core.identifiers import Identifiers
from streams.core.identity import Identity
from streams.core.journey.person import Personal
from streams.core.journey.story import judge_parts
from streams.core.log import Link
from streams.core.stitch.rows import person_id
from streams.core.touchpoint import Order, Touchpoint, better_copy, identifiers_of, order_of
from streams.core.verdict import Clock

Copies = dict[tuple[str, str], Touchpoint]  # by source and event id


class Person(NamedTuple):
    """`objects`: identifier (type:value) -> what happened to it, in order; `whole`: all touchpoints of the person, in order."""

    id: str  # 32 hex digits, as in every row
    objects: dict[str, list[Touchpoint]]
    whole: list[Touchpoint]


def people_of(touchpoints: Iterable[Touchpoint], identifiers: Identifiers) -> list[Person]:
    """Everybody, in the order of their first touchpoint here.

    `touchpoints`: as intake made them, in any order, copies too; those that came too late change nothing.  `identifiers`: with the
    instances of every definition that is to judge (`Identifiers.with_instances`).
    """
    found, identity = _Found(identifiers), Identity(identifiers.is_person, partitions=1)
    for touchpoint in touchpoints:
        if not touchpoint.too_late:
            found.take(touchpoint)
    identity.take([Link(*pair, order) for pair, order in found.links.items()])
    people: dict[str, tuple[dict[str, list[Touchpoint]], Copies]] = {}
    for address, copies in found.by_address.items():
        root = identity.known[address].root if address in identity.known else address
        objects, whole = people.setdefault(root, ({}, {}))
        objects[address] = sorted(copies.values(), key=order_of)
        for touchpoint in copies.values():
            if touchpoint.address == address:  # else it is a copy, for this object only
                _keep(whole, touchpoint)
    return [Person(person_id(root), objects, sorted(whole.values(), key=order_of)) for root, (objects, whole) in people.items()]


def judge_recorded(bundle: Bundle, person: Person, clock: Clock) -> Personal:
    """Journeys, promises, breakages of one person, as of a clock."""
    return judge_parts(bundle, person.id, person.objects, person.whole, clock)


class _Found:
    """`by_address`: one copy each of what travels to an identifier, for it alone or for another object of the same touchpoint."""

    def __init__(self, identifiers: Identifiers) -> None:
        self.identifiers = identifiers
        self.by_address: dict[str, Copies] = {}
        self.links: dict[tuple[str, str], Order] = {}

    def take(self, touchpoint: Touchpoint) -> None:
        pairs = identifiers_of(touchpoint)
        _keep(self.by_address.setdefault(touchpoint.address, {}), touchpoint)
        if len(pairs) == 1:
            return
        for address in self.identifiers.other_addresses(pairs, touchpoint.address):
            _keep(self.by_address.setdefault(address, {}), touchpoint)
        order = order_of(touchpoint)
        for pair in self.identifiers.links(pairs):
            known = self.links.get(pair)
            if known is None or order < known:
                self.links[pair] = order


def _keep(copies: Copies, touchpoint: Touchpoint) -> None:
    key = touchpoint.source, touchpoint.event_id
    known = copies.get(key)
    copies[key] = touchpoint if known is None else better_copy(known, touchpoint)
