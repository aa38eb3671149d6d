"""What a definition means: everything that decides what is true of a journey.  The same version never means two things.

Words about it (`about`), who is told (`owner`, `runbook`) and its cases may change within a version.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from streams.core.definition.bundle import Bundle
from streams.core.definition.compiled import Compiled
from streams.core.definition.values import ALWAYS

SAID = ("about", "version")
SAID_OF_RULES = ("about", "owner", "runbook")
MOST_PLACES = 3


class Clash(NamedTuple):
    """A definition with another meaning than one that was published with its version.  `newest`: the highest version published."""

    definition: str
    version: int
    newest: int
    places: list[str]

    def __str__(self) -> str:
        more = "" if len(self.places) <= MOST_PLACES else f" and {len(self.places) - MOST_PLACES} more"
        what = ", ".join(self.places[:MOST_PLACES]) + more
        free = self.newest + 1
        return (
            f"{self.definition}: version {self.version} is published with another meaning ({what}): "
            f"the highest version published is {self.newest}, so set `version: {free}` for the new meaning"
        )


def meaning(bundle: Bundle, definition: Compiled) -> dict[str, Any]:
    """Plain values, with the calendars that it names.  In which order outcomes and efforts stand decides, too."""
    plain = {name: value for name, value in definition.definition.describe().items() if name not in SAID}
    plain["breakages"] = {
        rule: {name: value for name, value in said.items() if name not in SAID_OF_RULES}
        for rule, said in plain["breakages"].items()
    }
    for ordered in ("closes", "effort"):
        plain[ordered] = [[name, value] for name, value in plain[ordered].items()]
    plain["calendars"] = {name: bundle.calendars[name].to_plain() for name in sorted(definition.calendars - {ALWAYS})}
    return plain


def clashes(published: Iterable[Bundle], bundle: Bundle) -> list[Clash]:
    """The definitions of a bundle that were published with the same version and another meaning."""
    known: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for each in published:
        for definition in each.definitions:
            known.setdefault(definition.name, {}).setdefault(definition.version, []).append(meaning(each, definition))
    found = []
    for definition in bundle.definitions:
        versions, now = known.get(definition.name, {}), meaning(bundle, definition)
        before = versions.get(definition.version, [])
        if before and all(_text(each) != _text(now) for each in before):
            places = list(dict.fromkeys(_differences(before[-1], now)))
            found.append(Clash(definition.name, definition.version, max(versions), places))
    return found


def _differences(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """Dotted places in which plain values differ, in the order of the first."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        if _text(before) != _text(now):
            yield place
        return
    for name in {**before, **now}:
        here = f"{place}.{name}" if place else name
        if name in before and name in now:
            yield from _differences(before[name], now[name], here)
        else:
            yield here


def _text(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True)
