"""How two identifiers hang together: the way through the fewest pairs, of linked ones if there is such a way."""

from collections import defaultdict
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple


class Hop(NamedTuple):
    """A pair, of which `holds` says whether it links its ends."""

    one: str
    other: str
    holds: bool


def way(hops: Iterable[Hop], start: str, end: str) -> list[int] | None:
    """Numbers of the hops that lead from start to end: the fewest that do not hold, then the fewest; None: no way leads there.

    Among equals the first hops count, so the order of `hops` decides and nothing else.
    """
    beside: dict[str, list[tuple[int, str, bool]]] = defaultdict(list)
    for number, hop in enumerate(hops):
        beside[hop.one].append((number, hop.other, hop.holds))
        beside[hop.other].append((number, hop.one, hop.holds))
    best: dict[str, tuple[int, int]] = {}
    queue = [(0, 0, list[int](), start)]  # hops that do not hold, hops
    while queue:
        broken, length, taken, at = heappop(queue)
        if at == end:
            return taken
        if best.get(at, (broken, length + 1)) <= (broken, length):
            continue
        best[at] = broken, length
        for number, to, holds in beside[at]:
            heappush(queue, (broken + (not holds), length + 1, [*taken, number], to))
    return None
