"""Where selectors stand in a definition's plain values, so that names in them are checked beside problems of form."""

from collections.abc import Iterator
from typing import Any

from streams.core.definition.document import Place

_IN_PARTS = {
    "keeps": ("of",),
    "stages": ("from", "to"),
    "promises": ("made_by", "revised_by", "kept_by", "released_by"),
    "breakages": ("heals",),
}
_IN_PRIMITIVES = {
    "absence": ("after", "of", "unless", "until"),
    "count": ("of", "until"),
    "sequence": ("without", "steps"),
    "threshold": ("of",),
}
Found = Iterator[tuple[Place, Any]]


def written_selectors(definition: dict[str, Any]) -> Found:
    """(place, plain value) of every selector and every selector within one."""
    for place, said in _outermost(definition):
        yield from _within(place, said)


def _outermost(definition: dict[str, Any]) -> Found:
    yield ("opens",), definition.get("opens")
    yield from ((("closes", name), said) for name, said in section(definition, "closes").items())
    yield from ((("pauses", key), section(definition, "pauses").get(key)) for key in ("from", "to"))
    for part, keys in _IN_PARTS.items():
        for name, value in section(definition, part).items():
            if isinstance(value, dict):
                yield from (((part, name, key), value.get(key)) for key in keys)
    for name, rule in section(definition, "breakages").items():
        for primitive, keys in _IN_PRIMITIVES.items():
            value = section(rule, primitive) if isinstance(rule, dict) else {}
            yield from ((("breakages", name, primitive, key), value.get(key)) for key in keys)


def _within(place: Place, said: Any) -> Found:
    if isinstance(said, list):
        for index, each in enumerate(said):
            yield from _within((*place, index), each)
    elif said is not None:
        yield place, said
        if isinstance(said, dict):
            for key in ("any", "not"):
                yield from _within((*place, key), said.get(key))


def section(values: dict[str, Any], key: str) -> dict[str, Any]:
    """A mapping within plain values; empty where there is none."""
    found = values.get(key)
    return found if isinstance(found, dict) else {}
