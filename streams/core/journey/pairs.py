"""Which touchpoint ends what another one began: stages and promises pair theirs by the same rule.

A touchpoint never ends what it begins itself.  With `match` only those that carry the same value belong together; a value
that is absent is equal to an absent one.
"""

from collections.abc import Hashable, Iterator, Sequence

from streams.core.definition.read import Read
from streams.core.journey.scene import Position, Scene, following
from streams.core.touchpoint import Touchpoint

Pair = tuple[Position, Position | None]
ABSENT = (False, None)


def matching(read: Read, touchpoint: Touchpoint) -> Hashable:
    """The value by which touchpoints belong together; `true` is not 1, and what is no number is absent."""
    value = read(touchpoint)
    return (isinstance(value, bool), value) if value == value else ABSENT


def alike(
    reads: Sequence[Read], positions: Sequence[Position], touchpoints: Sequence[Touchpoint]
) -> dict[Hashable, list[Position]]:
    """Positions by the values that their touchpoints carry at some paths."""
    groups: dict[Hashable, list[Position]] = {}
    for position in positions:
        groups.setdefault(tuple(matching(read, touchpoints[position]) for read in reads), []).append(position)
    return groups


def concerning(
    reads: Sequence[Read], positions: Sequence[Position], values: Hashable, touchpoints: Sequence[Touchpoint]
) -> Sequence[Position]:
    """Those whose touchpoints carry at each path the same value as a group (`alike`), or none."""
    if not positions:
        return positions
    assert isinstance(values, tuple)  # noqa: S101 - made by `alike`
    return [
        position
        for position in positions
        if all(matching(read, touchpoints[position]) in (ABSENT, value) for read, value in zip(reads, values, strict=True))
    ]


def pair_first(begins: Sequence[Position], ends: Sequence[Position], match: Read | None, scene: Scene) -> Sequence[Pair]:
    """The first beginning with the first end of the journey, also one that lies before it."""
    begin = begins[0]
    if match is not None:
        return ((begin, next(_alike(begin, ends, match, scene.touchpoints), None)),)
    if ends and ends[0] != begin:
        return ((begin, ends[0]),)
    return ((begin, ends[1] if len(ends) > 1 else None),)


def pair_all(begins: Sequence[Position], ends: Sequence[Position], match: Read | None, scene: Scene) -> Sequence[Pair]:
    """Every beginning with the end that follows it; one end may end several.

    A beginning that no end follows takes the first earlier end that ended nothing, and began nothing either.
    """
    if match is None:
        return _pairs(begins, ends)
    ends_alike: dict[Hashable, list[Position]] = {}
    for end in ends:
        ends_alike.setdefault(matching(match, scene.touchpoints[end]), []).append(end)
    begins_alike: dict[Hashable, list[Position]] = {}
    for begin in begins:
        begins_alike.setdefault(matching(match, scene.touchpoints[begin]), []).append(begin)
    return sorted(pair for value, group in begins_alike.items() for pair in _pairs(group, ends_alike.get(value, ())))


def _alike(begin: Position, ends: Sequence[Position], match: Read, touchpoints: Sequence[Touchpoint]) -> Iterator[Position]:
    value = matching(match, touchpoints[begin])
    return (end for end in ends if end != begin and matching(match, touchpoints[end]) == value)


def _pairs(begins: Sequence[Position], ends: Sequence[Position]) -> list[Pair]:
    pairs: list[Pair] = [(begin, following(ends, begin)) for begin in begins]
    if pairs[-1][1] is not None or not ends:
        return pairs
    used = {end for _, end in pairs}.union(begins)
    spare = next((end for end in ends if end not in used), None)
    return [(begin, spare if end is None else end) for begin, end in pairs]
