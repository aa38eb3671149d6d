"""Who is one person and whom an object belongs to, from all links at once by the plainest means: the truth of the tests."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from streams.core.definition.values import duration_ms
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


def in_time(identifiers: Identifiers, links: Iterable[Link], pairs: dict[Pair, tuple]) -> dict[Pair, tuple]:
    """Without what came, by evidence alone, later after the first link of one of its ends than its type allows."""
    on_purpose = {(link.weaker, link.stronger) for link in links if link.says == LINKED}
    persons = {pair: since for pair, since in pairs.items() if all(map(identifiers.is_person, pair))}
    found, among, having = dict(pairs), neighbours(persons), neighbours(pairs)
    for key in among:
        lasts_ms = duration_ms(identifiers.types[kind(key)].expires or "36500d")
        others = [({*pair} - {key}, persons[pair][0]) for pair in among[key]]
        times = [at_ms for (other,), at_ms in others if not identifiers.denies(other)]
        late = [pair for pair in having[key] if times and pairs[pair][0] > min(times) + lasts_ms]
        for pair in set(late) - on_purpose:
            found.pop(pair, None)
    return found


def kind(key: str) -> str:
    return key.split(":")[0]


def neighbours(pairs: Iterable[Pair]) -> dict[str, list[Pair]]:
    """Key -> the pairs that it is in."""
    found: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for key in pair:
            found[key].append(pair)
    return found


def component(start: str, edges: dict[str, list[Pair]]) -> frozenset[str]:
    found, fresh = {start}, {start}
    while fresh := {key for each in fresh for pair in edges.get(each, []) for key in pair} - found:
        found |= fresh
    return frozenset(found)


def guarded(identifiers: Identifiers, pairs: dict[Pair, tuple]) -> set[str]:
    """Person identifiers that link nobody."""
    among = neighbours(pair for pair in pairs if all(map(identifiers.is_person, pair)))
    persons = {key for pair in pairs for key in pair if identifiers.is_person(key)}
    found = {key for key in persons if identifiers.denies(key)}
    for key in persons:
        partners = [other for pair in among[key] for other in pair if other != key]
        if identifiers.crowded(key, Counter(map(kind, partners))):
            found.add(key)
    return found


def owners(identifiers: Identifiers, links: Iterable[Link]) -> dict[str, str]:
    """Identifier -> root."""
    links = list(links)
    pairs = in_time(identifiers, links, standing(links))
    keys = {key for link in links for key in (link.weaker, link.stronger)}
    persons = {key for key in keys if identifiers.is_person(key)}
    off = guarded(identifiers, pairs)
    edges = {pair: since for pair, since in pairs.items() if set(pair) <= persons and not set(pair) & off}
    wholes, taken = neighbours(edges), set(edges)
    for whole in {component(key, wholes) for key in persons}:
        if identifiers.too_many(Counter(map(kind, whole))):
            inside = {pair: since for pair, since in edges.items() if set(pair) <= whole}
            taken -= set(inside)
            its = set[Pair]()
            for _, pair in sorted((since, pair) for pair, since in inside.items()):
                if not identifiers.too_many(Counter(map(kind, component(pair[0], neighbours({*its, pair}))))):
                    its.add(pair)
            taken |= its
    parts = neighbours(taken)
    roots = {key: min(component(key, parts), key=identifiers.rank_of) for key in persons}
    upwards: dict[str, list[tuple[str, tuple]]] = defaultdict(list)
    for (weaker, stronger), since in pairs.items():
        upwards[weaker].append((stronger, since))
    for key in sorted(keys - persons, key=lambda each: identifiers.rank_of(each)[0]):
        reached = sorted(
            (not identifiers.is_person(roots[target]), target in off, since, identifiers.rank_of(target), roots[target])
            for target, since in upwards[key]
        )
        roots[key] = reached[0][4] if reached else key
    return roots
