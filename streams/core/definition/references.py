"""Names that a definition uses without having them.

Works on the plain values, so that these problems are found beside those of form.
"""

from collections.abc import Collection, Iterator
from typing import Any

from streams.core.definition.document import Place
from streams.core.definition.problems import meant
from streams.core.definition.written import section as _section
from streams.core.definition.written import written_selectors
from streams.core.touchpoint import DESCRIBED

EXPIRED = "expired"
WITHOUT_DUE = "promises_without_due"
Found = Iterator[tuple[Place, str]]


def unknown_references(definition: dict[str, Any], calendars: Collection[str] | None = None) -> Found:
    """(place, message) of every name that is used and not declared, or declared although it is taken.

    `calendars`: those that exist; None: not checked.  Breakages of other definitions are looked up where the bundle is known.
    """
    yield from _taken(definition)
    for name, promise in _section(definition, "promises").items():
        if isinstance(promise, dict):
            yield from _kept_fact(definition, ("promises", name, "due"), promise.get("due"))
    for name, rule in _section(definition, "breakages").items():
        if isinstance(rule, dict):
            yield from _rule(definition, ("breakages", name), rule)
    for place, said in written_selectors(definition):
        if isinstance(said, dict):
            yield from _own_breakage(definition, (*place, "breaks"), said.get("breaks"))
        yield from _described(place, said.get("action") if isinstance(said, dict) else said)
    for place, name in _calendars(definition):
        if calendars is not None and isinstance(name, str):
            yield from _known("calendar", name, calendars, place)
    yield from _cases(definition)


def _described(place: Place, action: Any) -> Found:
    if DESCRIBED in (action if isinstance(action, list) else [action]):
        yield place, f"`{DESCRIBED}` says what a person is and is part of no journey: select what happened"


def _cases(definition: dict[str, Any]) -> Found:
    cases = definition.get("cases")
    for index, case in enumerate(cases if isinstance(cases, list) else []):
        for number, given in enumerate(_list(case, "given") if isinstance(case, dict) else ()):
            yield from _described(
                ("cases", index, "given", number), given[1] if isinstance(given, list) and len(given) > 1 else None
            )
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
    for index, stage in enumerate(_list(_section(rule, "sequence"), "order")):
        yield from _known("stage", stage, _section(definition, "stages"), (*place, "sequence", "order", index))
    for primitive in ("count", "sequence"):
        for index, path in enumerate(_list(_section(rule, primitive), "same")):
            yield from _kept_fact(definition, (*place, primitive, "same", index), path)


def _own_breakage(definition: dict[str, Any], place: Place, breaks: Any) -> Found:
    if not isinstance(breaks, str):
        return
    if place[0] != "breakages":
        yield place, "only the selectors of `breakages` can mean breakages: what they are judged by cannot wait for them"
        return
    journey, _, rule = breaks.rpartition(".")
    if journey in ("", definition.get("journey")) and rule != "*":
        yield from _known("rule", rule, _section(definition, "breakages"), place)
    elif journey and len(place) > 2 and place[0] == "breakages":
        rule_at = _section(_section(definition, "breakages"), str(place[1]))
        if rule_at.get("scope") != "person" and journey != definition.get("journey"):
            yield place, f"`{breaks}` breaks in another journey: only a rule with `scope: person` sees it"


def _calendars(definition: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    yield ("calendar",), definition.get("calendar")
    for name, stage in _section(definition, "stages").items():
        if isinstance(stage, dict):
            yield ("stages", name, "calendar"), stage.get("calendar")
    for place, said in written_selectors(definition):
        if isinstance(said, dict) and isinstance(said.get("time"), dict):
            yield (*place, "time", "calendar"), said["time"].get("calendar")


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


def _list(values: dict[str, Any], key: str) -> list[Any]:
    found = values.get(key)
    return found if isinstance(found, list) else []
