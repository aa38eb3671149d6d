"""Which of the identifiers that are linked with each other are one person: all of them, unless that would be too much for one."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from streams.core.touchpoint import Order


class Edge(NamedTuple):
    """Sorts by the first touchpoint that shows it, then by its identifiers."""

    since: Order
    weaker: str
    stronger: str


class Grouped(NamedTuple):
    groups: list[list[str]]
    refused: dict[Edge, str]  # -> which limit


Limit = Callable[[Mapping[str, int]], str]


def grouped(members: Iterable[str], edges: list[Edge], too_many: Limit) -> Grouped:
    """`members` are connected by `edges`.  Where all together are too many for one person, the edges that came first in event time
    are taken, one after the other, as long as the limits hold: a function of the set, whatever came first here."""
    members = sorted(members)
    if not too_many(Counter(_type(key) for key in members)):
        return Grouped([members], {})
    return _one_by_one(members, sorted(edges), too_many)


def _one_by_one(members: list[str], edges: list[Edge], too_many: Limit) -> Grouped:
    group_of = {key: [key] for key in members}
    counts = {key: Counter((_type(key),)) for key in members}  # by the first of a group
    refused: dict[Edge, str] = {}
    for edge in edges:
        one, other = sorted((group_of[edge.weaker], group_of[edge.stronger]), key=len)
        if one is other:
            continue
        together = counts[one[0]] + counts[other[0]]
        if limit := too_many(together):
            refused[edge] = limit
            continue
        other += one
        counts[other[0]] = together
        group_of.update((key, other) for key in one)
    return Grouped(list({id(group): group for group in group_of.values()}.values()), refused)


def _type(key: str) -> str:
    return key.partition(":")[0]
