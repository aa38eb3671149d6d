"""Who is one person and whom an object belongs to, from all links at once by the plainest means: the truth of the tests."""

from collections import Counter
from collections.abc import Iterable

from streams.core.identifiers import Identifiers
from streams.core.log import LINKED, SEEN, UNLINKED, Link

Pair = tuple[str, str]


def standing(links: Iterable[Link]) -> dict[Pair, tuple]:
    """Pairs that are linked, and by which touchpoint."""
    said: dict[Pair, list[Link]] = {}
    for link in links:
        said.setdefault((link.weaker, link.stronger), []).append(link)
    found = {}
    for pair, its in said.items():
        by = {says: sorted(link.order for link in its if link.says == says) for says in (SEEN, LINKED, UNLINKED)}
        if by[UNLINKED]:
            if by[LINKED] and by[LINKED][-1] > by[UNLINKED][-1]:
                found[pair] = by[LINKED][-1]
        else:
            found[pair] = min(by[SEEN][:1] + by[LINKED][-1:])
    return found


def kind(key: str) -> str:
    return key.split(":")[0]


def component(start: str, edges: Iterable[Pair]) -> frozenset[str]:
    found, edges = {start}, list(edges)
    while more := {key for edge in edges for key in edge if set(edge) & found} - found:
        found |= more
    return frozenset(found)


def guarded(identifiers: Identifiers, pairs: dict[Pair, tuple]) -> set[str]:
    """Person identifiers that link nobody."""
    persons = {key for pair in pairs for key in pair if identifiers.is_person(key)}
    found = {key for key in persons if identifiers.denies(key)}
    for key in persons:
        its = [pair for pair in pairs if key in pair and all(map(identifiers.is_person, pair))]
        partners = [other for pair in its for other in pair if other != key]
        if identifiers.crowded(key, Counter(map(kind, partners))):
            found.add(key)
    return found


def owners(identifiers: Identifiers, links: Iterable[Link]) -> dict[str, str]:
    """Identifier -> root."""
    links = list(links)
    pairs = standing(links)
    keys = {key for link in links for key in (link.weaker, link.stronger)}
    persons = {key for key in keys if identifiers.is_person(key)}
    off = guarded(identifiers, pairs)
    edges = {pair: since for pair, since in pairs.items() if set(pair) <= persons and not set(pair) & off}
    taken = set(edges)
    for whole in {component(key, edges) for key in persons}:
        if identifiers.too_many(Counter(map(kind, whole))):
            inside = {pair: since for pair, since in edges.items() if set(pair) <= whole}
            taken -= set(inside)
            for _, pair in sorted((since, pair) for pair, since in inside.items()):
                if not identifiers.too_many(Counter(map(kind, component(pair[0], {*taken, pair})))):
                    taken.add(pair)
    roots = {key: min(component(key, taken), key=identifiers.rank_of) for key in persons}
    for key in sorted(keys - persons, key=lambda each: identifiers.rank_of(each)[0]):
        targets = [(pair[1], since) for pair, since in pairs.items() if pair[0] == key]
        reached = sorted(
            (not identifiers.is_person(roots[target]), target in off, since, identifiers.rank_of(target), roots[target])
            for target, since in targets
        )
        roots[key] = reached[0][4] if reached else key
    return roots
