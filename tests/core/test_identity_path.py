"""The way from one identifier to another, against trying all ways."""

from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.identity.path import Hop, way

NAMES = "abcde"
hops = st.lists(st.builds(Hop, st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()), max_size=8)


def cost(taken: list[Hop]) -> tuple[int, int]:
    return sum(not hop.holds for hop in taken), len(taken)


def cheapest(given_hops: list[Hop], start: str, end: str) -> tuple[int, int] | None:
    """Over all orders of visiting names."""
    found = [(0, 0)] if start == end else []
    for count in range(1, len(NAMES)):
        for visited in permutations(NAMES, count + 1):
            if visited[0] != start or visited[-1] != end:
                continue
            steps = [
                min((hop for hop in given_hops if {hop.one, hop.other} == {at, to}), key=lambda hop: not hop.holds, default=None)
                for at, to in pairwise(visited)
            ]
            if None not in steps:
                found.append(cost([step for step in steps if step is not None]))
    return min(found, default=None)


@given(hops, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_the_way_is_one_and_none_is_better(given_hops: list[Hop], start: str, end: str) -> None:
    taken = way(given_hops, start, end)
    if taken is None:
        assert cheapest(given_hops, start, end) is None
        return
    at = start
    for number in taken:
        hop = given_hops[number]
        assert at in (hop.one, hop.other)
        at = hop.other if at == hop.one else hop.one
    assert at == end
    assert cost([given_hops[number] for number in taken]) == cheapest(given_hops, start, end)
