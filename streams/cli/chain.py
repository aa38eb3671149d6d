"""How two identifiers hang together, as the tables tell it."""

from typing import NamedTuple

from clickhouse_driver import Client

from sinks.clickhouse import graph
from sinks.clickhouse.graph import Between, Known
from streams.cli.whom import Whom
from streams.core.identity.path import Hop, way
from streams.core.touchpoint import hash_id

OBJECT = "object"
MOST_OWNERS = 16  # objects that belong to each other in a row: a parcel to an order to a customer


class Chain(NamedTuple):
    """`steps` lead from `one` to `other`; where they are not one person some do not hold, and there may be none."""

    one: Whom
    other: Whom
    steps: tuple[Between, ...]

    @property
    def same(self) -> bool:
        return self.one.person_id == self.other.person_id


def chain(client: Client, one: Whom, other: Whom, without: tuple[str, str] | None = None) -> Chain:
    """`without`: a pair, as ids of weaker and stronger, that is not to be gone through."""
    begin, start = _up(client, one.own_id)
    end, target = _up(client, other.own_id)
    persons = dict.fromkeys((one.person_id, other.person_id))
    members = [each.own_id for person in persons for each in graph.members(client, person) if each.kind != OBJECT]
    pairs = graph.pairs(client, dict.fromkeys([*members, start, target]))
    pairs = [each for each in pairs if (each.weaker_id, each.stronger_id) != without]
    if one.person_id == other.person_id:
        pairs = [each for each in pairs if each.holds]
    taken = way([Hop(each.weaker_id, each.stronger_id, each.holds) for each in pairs], start, target)
    if taken is None:
        return Chain(one, other, ())
    return Chain(one, other, (*begin, *(pairs[number] for number in taken), *reversed(end)))


def _up(client: Client, own_id: str) -> tuple[list[Between], str]:
    """From an object to an identifier of a person that it belongs to: the way, and where it ends; a person's ends at once."""
    steps: list[Between] = []
    for _ in range(MOST_OWNERS):
        found = graph.known(client, [own_id])
        owner = _owner(client, found[0]) if found and found[0].kind == OBJECT and found[0].linked_at else None
        if owner is None or any(owner.own_id == step.weaker_id for step in steps):
            break
        low, at = found[0], (found[0].linked_at, found[0].by_source, found[0].by_event)
        steps.append(Between(low.identifier, owner.identifier, "linked", "", *at, low.own_id, owner.own_id))
        own_id = owner.own_id
    return steps, own_id


def _owner(client: Client, low: Known) -> Known | None:
    """Of what the deciding touchpoint carries: a person identifier of its person, else another object of it."""
    if low.linked_at is None:
        return None
    carried = graph.carried(client, low.linked_at, low.by_source, low.by_event)
    ids = [hash_id(*pair) for pair in carried]
    same = [each for each in graph.known(client, ids) if each.person_id == low.person_id and each.own_id != low.own_id]
    return min(same, key=lambda each: (each.kind == OBJECT, ids.index(each.own_id)), default=None)
