"""Rules over the journeys of a person: too many, or one too soon behind another."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence

from streams.core.definition.compiled import CountJourneysPlan, JourneysPlan
from streams.core.definition.condition import kind_of
from streams.core.definition.length import ENDLESS_MS
from streams.core.verdict import Lived

Violation = list[Lived]  # the journeys that prove it, in the order of their opening; the last one completes it


def in_order(lived: Sequence[Lived]) -> list[Lived]:
    """By opening; ties as touchpoints have them."""
    return sorted(lived, key=_opened)


def _opened(lived: Lived) -> tuple[int, int, str, str]:
    return lived.opened.occurred_at, lived.sequence, lived.opened.event_id, lived.instance


def too_many(plan: CountJourneysPlan, lived: Sequence[Lived]) -> list[Violation]:
    """One for each journey that makes enough of them, with those that opened within `within` before it."""
    return _in_time(found for group in _alike(plan.same, lived) for found in _counted(plan, group))


def _in_time(violations: Iterable[Violation]) -> list[Violation]:
    return sorted(violations, key=lambda each: _opened(each[-1]))


def _counted(plan: CountJourneysPlan, lived: Sequence[Lived]) -> Iterator[Violation]:
    window: deque[tuple[int, Lived]] = deque()
    for each in lived:
        opened_ms = each.opened.occurred_at
        window = deque(kept for kept in window if kept[0] >= opened_ms)
        window.append((ENDLESS_MS if plan.within is None else plan.within.after(opened_ms, each.region), each))
        if len(window) >= plan.at_least:
            yield [kept for _, kept in list(window)[-plan.at_least :]]
            if plan.resets:
                window.clear()


def too_soon(plan: JourneysPlan, lived: Sequence[Lived]) -> list[Violation]:
    """One for each journey with an earlier one before it, the gap between them as long as `gap` says (inclusive).

    Only journeys that carry the same values are looked at; `next`: of those the one that opened right before, and no other.
    """
    found = []
    for group in _alike(plan.same, lived):
        for number, later in enumerate(group):
            before = group[max(0, number - 1) : number] if plan.next else reversed(group[:number])
            if (earlier := next((each for each in before if _gap(plan, each, later)), None)) is not None:
                found.append([earlier, later])
    return _in_time(found)


def _gap(plan: JourneysPlan, earlier: Lived, later: Lived) -> bool:
    from_ms = earlier.closed_at if plan.from_closed else earlier.opened.occurred_at
    to_ms = later.closed_at if plan.to_closed else later.opened.occurred_at
    if from_ms is None or to_ms is None:
        return False
    if plan.at_least and to_ms < plan.at_least.after(from_ms, earlier.region):
        return False
    return plan.at_most is None or to_ms <= plan.at_most.after(from_ms, earlier.region)


def _alike(paths: Sequence[str], lived: Sequence[Lived]) -> list[list[Lived]]:
    groups: dict[Hashable, list[Lived]] = {}
    for each in lived:
        groups.setdefault(_values(paths, each), []).append(each)
    return list(groups.values())


def _values(paths: Sequence[str], lived: Lived) -> Hashable:
    facts = {f"keeps.{fact.name}": (kind_of(fact.value), fact.value) for fact in lived.facts} if paths else {}
    return tuple(facts.get(path) or (getattr(lived, path, None) if "." not in path else None) for path in paths)
