"""Names that a definition uses without having them.

Works on the plain values, so that these problems are found beside those of form.
"""

from collections.abc import Iterator
from typing import Any

from streams.core.definition.document import Place
from streams.core.definition.problems import meant

EXPIRED = "expired"
WITHOUT_DUE = "promises_without_due"
Found = Iterator[tuple[Place, str]]


def unknown_references(definition: dict[str, Any]) -> Found:
    """(place, message) of every name that is used and not declared, or declared although it is taken."""
    yield from _taken(definition)
    for name, promise in _section(definition, "promises").items():
        if isinstance(promise, dict):
            yield from _kept_fact(definition, ("promises", name, "due"), promise.get("due"))
    for name, rule in _section(definition, "breakages").items():
        if isinstance(rule, dict):
            yield from _rule(definition, ("breakages", name), rule)
    cases = definition.get("cases")
    for index, case in enumerate(cases if isinstance(cases, list) else []):
        rules = _section(definition, "breakages")
        for rule in _section(case, "expect") if isinstance(case, dict) else ():
            yield from _known("rule", rule, rules, ("cases", index, "expect", rule))


def _rule(definition: dict[str, Any], place: Place, rule: dict[str, Any]) -> Found:
    promise = rule.get("promise")
    name = promise.get("of") if isinstance(promise, dict) else promise
    if isinstance(name, str):
        where = (*place, "promise", "of") if isinstance(promise, dict) else (*place, "promise")
        yield from _known("promise", name, _section(definition, "promises"), where)
    for subject, condition in _section(rule, "if").items():
        yield from _condition(definition, (*place, "if", subject), subject, condition)


def _condition(definition: dict[str, Any], place: Place, subject: str, condition: Any) -> Found:
    kind, _, name = subject.partition(".")
    if subject == "outcome":
        outcomes = {*_section(definition, "closes"), EXPIRED}
        for outcome in _texts(condition):
            yield from _known("outcome", outcome, outcomes, place)
    elif kind == "promise":
        yield from _known("promise", name, _section(definition, "promises"), place)
    elif kind == "keeps":
        yield from _known("fact", name, {*_section(definition, "keeps"), WITHOUT_DUE}, place)
    else:
        yield place, f"unknown condition `{subject}`{meant(subject, ('outcome', 'promise.NAME', 'keeps.FACT'))}"


def _texts(condition: Any) -> Iterator[str]:
    """The values that a condition compares with."""
    compared = condition if isinstance(condition, dict) else {"is": condition}
    for key in ("is", "is_not", "in", "not_in"):
        values = compared.get(key, [])
        yield from (each for each in (values if isinstance(values, list) else [values]) if isinstance(each, str))


def _kept_fact(definition: dict[str, Any], place: Place, path: Any) -> Found:
    if isinstance(path, str) and path.startswith("keeps."):
        yield from _known("fact", path.removeprefix("keeps."), _section(definition, "keeps"), place)


def _taken(definition: dict[str, Any]) -> Found:
    for section, word in (("closes", EXPIRED), ("keeps", WITHOUT_DUE)):
        if word in _section(definition, section):
            yield (section, word), f"`{word}` is set by Throughline itself: take another name"


def _known(kind: str, name: str, names: Any, place: Place) -> Found:
    if name not in names:
        yield place, f"no {kind} is called `{name}`{meant(name, names)}"


def _section(values: dict[str, Any], key: str) -> dict[str, Any]:
    section = values.get(key)
    return section if isinstance(section, dict) else {}
