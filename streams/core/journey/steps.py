"""Sequences: touchpoints that follow one another and should not, and stages out of their declared order."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import contains
from typing import NamedTuple

from streams.core.definition.compiled import OrderPlan, StepsPlan
from streams.core.definition.length import ENDLESS_MS
from streams.core.journey.broken import Broken, numbered
from streams.core.journey.pairs import alike, concerning
from streams.core.journey.scene import Position, Scene, following

Chain = tuple[Position, ...]


def broken_sequences(plan: StepsPlan, scene: Scene) -> list[Broken]:
    """Chains of touchpoints, one for each step, in their order, the last within `within` of the first (inclusive).

    `counts: last`: one for each touchpoint that completes a chain; `first`: one for each that begins one.  `same`: all steps
    carry equal values.  `without`: no such touchpoint, with these values or with none, lies between the first and the last.
    `next`: each step is the touchpoint right behind the one before it, of those that carry the same values.
    """
    found = [scene.found[step] for step in plan.steps]
    if not _in_order(found):
        return []
    if plan.next:
        return numbered(_broken(chain, chain[-1], scene) for chain in _neighbours(plan, found, scene))
    grouped = _grouped(plan, found, scene)
    if plan.counts_first:
        return numbered(_broken(chain, chain[0], scene) for group in grouped for chain in _from_first(plan, group, scene))
    return numbered(_broken(chain, chain[-1], scene) for group in grouped for chain in _to_last(plan, group, scene))


def _in_order(found: Sequence[Sequence[Position]]) -> bool:
    """Whether any touchpoints follow one another as the steps do, whatever they carry: in most journeys none do."""
    last = -1
    for positions in found:
        behind = following(positions, last)
        if behind is None:
            return False
        last = behind
    return True


def _broken(chain: Chain, position: Position, scene: Scene) -> Broken:
    return Broken(position, None, scene.at[chain[-1]], None, [(each, "step") for each in chain])


class _Group(NamedTuple):
    """The positions of each step, and of `without`, for all that carry the same values."""

    steps: list[Sequence[Position]]
    stops: Sequence[Position]


def _grouped(plan: StepsPlan, found: Sequence[Sequence[Position]], scene: Scene) -> list[_Group]:
    stops = scene.found[plan.without]
    if not plan.same:
        return [_Group(list(found), stops)]
    by_value = [alike(plan.same, positions, scene.touchpoints) for positions in found]
    shared = [value for value in by_value[0] if all(value in groups for groups in by_value)]
    return [
        _Group([groups[value] for groups in by_value], concerning(plan.same, stops, value, scene.touchpoints)) for value in shared
    ]


def _until_ms(plan: StepsPlan, first: Position, scene: Scene) -> int:
    return ENDLESS_MS if plan.within is None else plan.within.after(scene.at[first], scene.touchpoints[first].region)


def _neighbours(plan: StepsPlan, found: Sequence[Sequence[Position]], scene: Scene) -> Iterator[Chain]:
    selected, all_of_them = [frozenset(positions) for positions in found], range(len(scene.at))
    for group in alike(plan.same, all_of_them, scene.touchpoints).values() if plan.same else [all_of_them]:
        for start, first in enumerate(group):
            chain = tuple(group[start : start + len(found)])
            together = len(chain) == len(found) and all(map(contains, selected, chain))
            if together and scene.at[chain[-1]] <= _until_ms(plan, first, scene):
                yield chain


def _from_first(plan: StepsPlan, group: _Group, scene: Scene) -> Iterator[Chain]:
    """The earliest following touchpoint of each step: no other chain from the same beginning is complete sooner."""
    steps = group.steps
    for first in steps[0]:
        chain = [first]
        for positions in steps[1:]:
            if (step := following(positions, chain[-1])) is None:
                break
            chain.append(step)
        stop = following(group.stops, first)
        complete = len(chain) == len(steps) and (stop is None or stop >= chain[-1])
        if complete and scene.at[chain[-1]] <= _until_ms(plan, first, scene):
            yield tuple(chain)


def _to_last(plan: StepsPlan, group: _Group, scene: Scene) -> Iterator[Chain]:
    """In one pass, with the chain that may still be completed longest for each number of steps."""
    stops, last = group.stops, len(group.steps) - 1
    stopping = frozenset(stops)
    begun: list[tuple[int, Chain] | None] = [None] * last
    before = -1
    for position, numbers in _by_position(group.steps):
        if bisect_left(stops, position) > bisect_right(stops, before):
            begun = [None] * last
        before = position
        for number in numbers:
            chain = _longer(begun, number, position, plan, scene)
            if chain is None:
                continue
            if number == last:
                yield chain[1]
            elif (known := begun[number]) is None or known[0] <= chain[0]:
                begun[number] = chain
        if position in stopping:
            begun = [chain if chain and chain[1][0] == position else None for chain in begun]


def _by_position(steps: Sequence[Sequence[Position]]) -> list[tuple[Position, list[int]]]:
    """Which steps a touchpoint is, the later ones first: it never follows itself."""
    numbers: dict[Position, list[int]] = {}
    for number in range(len(steps) - 1, -1, -1):
        for position in steps[number]:
            numbers.setdefault(position, []).append(number)
    return sorted(numbers.items())


def _longer(
    begun: Sequence[tuple[int, Chain] | None], number: int, position: Position, plan: StepsPlan, scene: Scene
) -> tuple[int, Chain] | None:
    if number == 0:
        return _until_ms(plan, position, scene), (position,)
    chain = begun[number - 1]
    return None if chain is None or chain[0] < scene.at[position] else (chain[0], (*chain[1], position))


def broken_orders(plan: OrderPlan, scene: Scene) -> list[Broken]:
    """A violation for each stage that is entered for the first time after one that is declared behind it."""
    broken, furthest = [], -1
    for slot in plan.begins:
        if not (positions := scene.found[slot]):
            continue
        entered = positions[0]
        if entered < furthest:
            broken.append(Broken(entered, None, scene.at[furthest], None, [(entered, "early"), (furthest, "late")]))
        furthest = max(furthest, entered)
    return numbered(broken) if broken else []
