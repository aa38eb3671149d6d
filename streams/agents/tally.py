"""How many journeys and breakages stand open, and how they change: counted from the rows that a step emits.

A row says what it replaces, so a change is the pair of both states.  What stands open is kept in the state topic, in the same
transaction as the rows: exact after any restart, and restored without looking at a single journey.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from streams.core.definition import Bundle
from streams.core.stitch.judging import Rows
from streams.core.stitch.quarantine import QUARANTINED
from streams.core.stitch.rows import Row
from streams.metrics.metric import Reading
from streams.metrics.table import BREAKAGE_CHANGES, BREAKAGES, BREAKAGES_OPEN, JOURNEY_CHANGES, JOURNEYS, JOURNEYS_OPEN, YES_NO

Rule = tuple[str, str, str]  # definition, rule, severity
OF_JOURNEY: dict[tuple[str | None, str], tuple[str, ...]] = {  # (state before, state now) -> changes; else none
    (None, "open"): ("opened",),
    (None, "closed"): ("opened", "closed"),
    ("open", "closed"): ("closed",),
    ("closed", "open"): ("reopened",),
    ("open", "moved"): ("moved",),
    ("closed", "moved"): ("moved",),
}
OF_BREAKAGE: dict[tuple[str | None, str], tuple[str, ...]] = {
    (None, "open"): ("opened",),
    (None, "recovered"): ("opened", "recovered"),
    ("withdrawn", "open"): ("opened",),
    ("withdrawn", "recovered"): ("opened", "recovered"),
    ("open", "recovered"): ("recovered",),
    ("recovered", "open"): ("reopened",),
    ("open", "withdrawn"): ("withdrawn",),
    ("recovered", "withdrawn"): ("withdrawn",),
    ("open", "moved"): ("moved",),
    ("recovered", "moved"): ("moved",),
}


class Tally(msgspec.Struct, array_like=True):
    """What stands open in one partition."""

    journeys: dict[str, int] = {}
    breakages: dict[Rule, int] = {}
    quarantined: int = 0

    def take(self, rows: Rows) -> bool:
        """Count the rows of a step.  -> whether anything here changed, and is to be kept."""
        return self._take_journeys(rows.journeys) | self._take_breakages(rows.breakages)

    def readings(self) -> Iterator[Reading]:
        yield from (JOURNEYS_OPEN.at(count, definition) for definition, count in self.journeys.items())
        yield from (BREAKAGES_OPEN.at(count, *rule) for rule, count in self.breakages.items())

    def _take_journeys(self, rows: list[Row]) -> bool:
        opened: Counter[str] = Counter()
        seen = Counter((row["definition"], _was(row), row["state"]) for row in rows)
        receipts = sum(count * ((now == QUARANTINED) - (was == QUARANTINED)) for (_, was, now), count in seen.items())
        self.quarantined += receipts
        for (definition, was, now), count in seen.items():
            for change in OF_JOURNEY.get((was, now), ()):
                JOURNEYS.add(count, definition, change)
            opened[definition] += count * ((now == "open") - (was == "open"))
        return _merge(self.journeys, opened) or receipts != 0

    def _take_breakages(self, rows: list[Row]) -> bool:
        opened: Counter[Rule] = Counter()
        seen = Counter(
            (_rule(row, row), _rule(row, row["replaces"] or row), row["backfilled"], _was(row), row["state"]) for row in rows
        )
        for (rule, rule_before, backfilled, was, now), count in seen.items():
            for change in OF_BREAKAGE.get((was, now), ()):
                BREAKAGES.add(count, *rule, "yes" if backfilled else "no", change)
            opened[rule] += count * (now == "open")
            opened[rule_before] -= count * (was == "open")
        return _merge(self.breakages, opened)


def _was(row: Row) -> str | None:
    before: Row | None = row["replaces"]
    return before["state"] if before else None


def _rule(row: Row, judged: Row) -> Rule:
    """The severity of a rule may change with its definition: `judged` is the row now, or what it replaces."""
    return row["definition"], row["rule"], judged["severity"]


def _merge(kept: dict[Any, int], changes: Counter[Any]) -> bool:
    changed = {key: change for key, change in changes.items() if change}
    for key, change in changed.items():
        kept[key] = kept.get(key, 0) + change
        if not kept[key]:
            del kept[key]
    return bool(changed)


def declare(bundle: Bundle) -> Bundle:
    """Make the series of a bundle's definitions known at 0: a rate misses what happened before its first sample."""
    for definition in bundle.definitions:
        for change in JOURNEY_CHANGES:
            JOURNEYS.add(0, definition.name, change)
        for labels in _breakage_labels(definition.name, ((rule.name, rule.severity) for rule in definition.rules)):
            BREAKAGES.add(0, *labels)
    return bundle


def _breakage_labels(definition: str, rules: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    for rule, severity in rules:
        for told in YES_NO:
            yield from ((definition, rule, severity, told, change) for change in BREAKAGE_CHANGES)
