"""Two versions of definitions over the same people: which breakages appear, vanish, or are others in time or state.  Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.core.definition import Bundle
from streams.core.verdict import Breakage, Clock
from streams.history.people import Person, judge_recorded

DAY_MS = 86_400_000


class Key(NamedTuple):
    definition: str
    rule: str
    instance: str
    occurrence: str


class Broke(NamedTuple):
    """Of a breakage what two versions are compared by.  Times are epoch milliseconds."""

    state: str
    due_at: int | None
    broken_at: int
    recovered_at: int | None

    @classmethod
    def of(cls, breakage: Breakage) -> "Broke":
        return cls(breakage.state, breakage.due_at, breakage.broken_at, breakage.recovered_at)


Found = dict[Key, Broke]


@dataclass
class Comparison:
    """`old` and `new`: how many breakages, by (definition, rule) and by day (epoch ms of its midnight UTC)."""

    old: Counter[tuple[str, str]] = field(default_factory=Counter)
    new: Counter[tuple[str, str]] = field(default_factory=Counter)
    old_days: Counter[int] = field(default_factory=Counter)
    new_days: Counter[int] = field(default_factory=Counter)
    appeared: list[tuple[Key, Broke]] = field(default_factory=list)
    vanished: list[tuple[Key, Broke]] = field(default_factory=list)
    changed: list[tuple[Key, Broke, Broke]] = field(default_factory=list)  # before, after

    def of_rule(self, rule: tuple[str, str]) -> tuple[int, int, int]:
        """How many of it appeared, vanished and changed."""
        appeared, vanished, changed = (
            sum(each[0][:2] == rule for each in some) for some in (self.appeared, self.vanished, self.changed)
        )
        return appeared, vanished, changed


def broken_by(bundle: Bundle, people: Iterable[Person], clock: Clock) -> Found:
    """Every breakage that stands as of the clock.  An object has one owner, so no key comes twice."""
    found: Found = {}
    for person in people:
        for each in judge_recorded(bundle, person, clock).breakages:
            found[Key(each.definition, each.rule, each.instance, each.occurrence)] = Broke.of(each)
    return found


def compare(old: Found, new: Found) -> Comparison:
    """Breakages are the same when definition, rule, instance and occurrence are."""
    comparison = Comparison()
    for found, rules, days in ((old, comparison.old, comparison.old_days), (new, comparison.new, comparison.new_days)):
        rules.update(key[:2] for key in found)
        days.update(broke.broken_at // DAY_MS * DAY_MS for broke in found.values())
    comparison.appeared = sorted((key, broke) for key, broke in new.items() if key not in old)
    comparison.vanished = sorted((key, broke) for key, broke in old.items() if key not in new)
    comparison.changed = sorted((key, old[key], broke) for key, broke in new.items() if key in old and old[key] != broke)
    return comparison
