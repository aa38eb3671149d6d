"""What one part of a definition needs another for.  Works on the plain values, like `references`."""

from collections.abc import Iterator
from typing import Any

from streams.core.definition.document import Place
from streams.core.definition.written import section

Found = Iterator[tuple[Place, str]]


def missing_parts(definition: dict[str, Any]) -> Found:
    """(place, message) of every `paused` without `pauses`, and every rule over a person that nothing bounds."""
    if "pauses" not in definition:
        for place in _paused(definition):
            yield place, "`paused: true` needs `pauses` in the definition: when the clock stands still"
    if "look_back" not in definition:
        for name, rule in section(definition, "breakages").items():
            if isinstance(rule, dict) and (primitive := _unbounded(rule)):
                said = "needs `within`, or `look_back` in the definition: how far back a person's touchpoints count"
                yield ("breakages", name, primitive), f"a {primitive} over a person {said}"


def _paused(definition: dict[str, Any]) -> Iterator[Place]:
    for part in ("stages", "promises"):
        for name, value in section(definition, part).items():
            if isinstance(value, dict) and value.get("paused") is True:
                yield part, name, "paused"
    for name, rule in section(definition, "breakages").items():
        if isinstance(rule, dict) and section(rule, "absence").get("paused") is True:
            yield "breakages", name, "absence", "paused"


def _unbounded(rule: dict[str, Any]) -> str | None:
    if rule.get("scope") != "person":
        return None
    for primitive in ("count", "sequence"):
        found = section(rule, primitive)
        if found and found.get("over") != "journeys" and "within" not in found:
            return primitive
    return None
