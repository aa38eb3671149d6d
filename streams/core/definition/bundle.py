"""All definitions that are in force together, with their calendars, by the hash of their content."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from pydantic import TypeAdapter

from streams.core.calendar import Calendar
from streams.core.definition.compile import compile_definition, known_calendars
from streams.core.definition.compiled import Compiled, RulePlan
from streams.core.definition.document import Document, Place
from streams.core.definition.levels import Cycle, levels
from streams.core.definition.load import load_document
from streams.core.definition.model import Definition
from streams.core.definition.problems import DefinitionError, Problem, meant
from streams.core.definition.references import unknown_references
from streams.core.definition.values import ALWAYS
from streams.core.definition.written import written_selectors

_DEFINITIONS = TypeAdapter(list[Definition])


@dataclass(frozen=True, slots=True)
class Bundle:
    """Definitions by name.  Their cases do not travel; two bundles that judge alike have the same hash.

    `by_instance_type`: those whose journeys are of an object; `of_person`: those that look at all of a person.
    `person_levels`: the rules over a person, those that look at breakages behind those that they look at.
    """

    definitions: tuple[Compiled, ...]
    calendars: dict[str, Calendar]
    by_instance_type: dict[str, list[Compiled]]
    of_person: tuple[Compiled, ...]
    person_levels: tuple[tuple[tuple[Compiled, RulePlan], ...], ...]
    breaks: frozenset[str]  # breakages that rules over a person look at: JOURNEY.RULE, JOURNEY.*, *
    content_hash: str

    @classmethod
    def of(cls, definitions: Iterable[Definition], calendars: Mapping[str, Calendar] | None = None) -> "Bundle":
        """Raises ValueError if two have the same name, or rules wait for one another."""
        known = known_calendars(calendars)
        compiled = tuple(compile_definition(each, known) for each in sorted(definitions, key=lambda each: each.journey))
        by_type: dict[str, list[Compiled]] = {}
        for each in compiled:
            if each.instances.kind:
                by_type.setdefault(each.instances.kind, []).append(each)
        names = [each.name for each in compiled]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"definitions with the same name: {', '.join(twice)}")
        used = {name: known[name] for name in sorted({name for each in compiled for name in each.calendars})}
        of_person = tuple(each for each in compiled if each.needs_person)
        breaks = frozenset(name for each in compiled for rule in each.person_rules for name in rule.breaks)
        content_hash = blake2b(_json(compiled, used).encode(), digest_size=16).hexdigest()
        return cls(compiled, used, by_type, of_person, _person_levels(compiled), breaks, content_hash)

    def to_json(self) -> str:
        """JSON in the long form: the same definitions give the same text.  Order stays, since it decides in places."""
        return _json(self.definitions, self.calendars)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Bundle":
        """The bundle that `to_json` wrote.  Raises ValueError for anything else."""
        plain = json.loads(text)
        if not isinstance(plain, dict) or plain.keys() != {"definitions", "calendars"}:
            raise ValueError("no bundle: expected definitions and calendars")
        calendars = {name: Calendar.from_plain(each) for name, each in plain["calendars"].items()}
        definitions = _DEFINITIONS.validate_json(json.dumps(plain["definitions"]))
        known = {ALWAYS, *calendars}
        if unknown := [said for each in definitions for _, said in unknown_references(each.describe(), known)]:
            raise ValueError("; ".join(unknown))
        return cls.of(definitions, calendars)


def bundle_of(
    texts: Iterable[tuple[str, str]],
    identifier_types: Collection[str] | None = None,
    calendars: Mapping[str, Calendar] | None = None,
) -> Bundle:
    """A bundle of (file name, YAML text).  Raises DefinitionError with the problems of all files."""
    problems: list[Problem] = []
    found: dict[str, tuple[str, Definition, Document]] = {}
    for file, text in texts:
        try:
            definition, document = load_document(text, file, identifier_types, {ALWAYS, *(calendars or {})})
        except DefinitionError as error:
            problems += error.problems
            continue
        if other := found.get(definition.journey):
            problems.append(Problem(file, 1, "journey", f"`{definition.journey}` is already defined in {other[0]}"))
        found[definition.journey] = file, definition, document
    if not problems:
        problems += _unknown_in(found)
    if problems:
        raise DefinitionError(problems)
    try:
        return Bundle.of((definition for _, definition, _ in found.values()), calendars)
    except Cycle as cycle:
        journey, _, rule = cycle.rules[0].partition(".")
        said = f"breakages wait for one another: {cycle}; take one of them out of the round"
        raise DefinitionError([found[journey][2].problem(("breakages", rule), said)]) from None


def _unknown_in(found: Mapping[str, tuple[str, Definition, Document]]) -> list[Problem]:
    """What only all definitions together show: breakages of others that are not there."""
    return [
        document.problem(place, said)
        for _, definition, document in found.values()
        for place, said in _unknown_breakages(definition, document.value, found)
    ]


def _unknown_breakages(
    definition: Definition, plain: Any, found: Mapping[str, tuple[str, Definition, Document]]
) -> Iterable[tuple[Place, str]]:
    for place, said in written_selectors(plain):
        breaks = said.get("breaks") if isinstance(said, dict) else None
        if not isinstance(breaks, str) or breaks == "*":
            continue
        journey, _, rule = breaks.rpartition(".")
        journey = journey or definition.journey
        if journey not in found:
            yield (*place, "breaks"), f"no journey is called `{journey}`{meant(journey, found)}"
        elif rule != "*" and rule not in (rules := found[journey][1].breakages):
            yield (*place, "breaks"), f"`{journey}` has no rule `{rule}`{meant(rule, rules)}"


def _person_levels(compiled: Iterable[Compiled]) -> tuple[tuple[tuple[Compiled, RulePlan], ...], ...]:
    known = {f"{each.name}.{rule.name}": (each, rule) for each in compiled for rule in each.person_rules}
    breaks = {f"{each.name}.{rule.name}": rule.breaks for each in compiled for rule in each.journey_rules}
    order = levels({**breaks, **{name: rule.breaks for name, (_, rule) in known.items()}})
    of_person = (tuple(known[name] for name in level if name in known) for level in order)
    return tuple(level for level in of_person if level)


def _json(definitions: Iterable[Compiled], calendars: Mapping[str, Calendar]) -> str:
    plain = {
        "definitions": [each.definition.describe() for each in definitions],
        "calendars": {name: calendar.to_plain() for name, calendar in calendars.items() if name != ALWAYS},
    }
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
