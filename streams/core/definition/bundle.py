"""All definitions that are in force together, by the hash of their content."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from pydantic import TypeAdapter

from streams.core.definition.compile import compile_definition
from streams.core.definition.compiled import Compiled
from streams.core.definition.load import load
from streams.core.definition.model import Definition
from streams.core.definition.problems import DefinitionError, Problem
from streams.core.definition.references import unknown_references

_DEFINITIONS = TypeAdapter(list[Definition])


@dataclass(frozen=True, slots=True)
class Bundle:
    """Definitions by name.  Their cases do not travel; two bundles that judge alike have the same hash."""

    definitions: tuple[Compiled, ...]
    by_instance_type: dict[str, list[Compiled]]
    content_hash: str

    @classmethod
    def of(cls, definitions: Iterable[Definition]) -> "Bundle":
        """Raises ValueError if two have the same name."""
        compiled = tuple(compile_definition(each) for each in sorted(definitions, key=lambda each: each.journey))
        by_type: dict[str, list[Compiled]] = {}
        for each in compiled:
            by_type.setdefault(each.instance_type, []).append(each)
        names = [each.name for each in compiled]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"definitions with the same name: {', '.join(twice)}")
        return cls(compiled, by_type, blake2b(_json(compiled).encode(), digest_size=16).hexdigest())

    def to_json(self) -> str:
        """JSON in the long form: the same definitions give the same text.  Order stays, since it decides in places."""
        return _json(self.definitions)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Bundle":
        """The bundle that `to_json` wrote.  Raises ValueError for anything else."""
        definitions = _DEFINITIONS.validate_json(text)
        if unknown := [said for each in definitions for _, said in unknown_references(each.describe())]:
            raise ValueError("; ".join(unknown))
        return cls.of(definitions)


def bundle_of(texts: Iterable[tuple[str, str]], identifier_types: Collection[str] | None = None) -> Bundle:
    """A bundle of (file name, YAML text).  Raises DefinitionError with the problems of all files."""
    problems: list[Problem] = []
    found: dict[str, tuple[str, Definition]] = {}
    for file, text in texts:
        try:
            definition = load(text, file, identifier_types)
        except DefinitionError as error:
            problems += error.problems
            continue
        if other := found.get(definition.journey):
            problems.append(Problem(file, 1, "journey", f"`{definition.journey}` is already defined in {other[0]}"))
        found[definition.journey] = file, definition
    if problems:
        raise DefinitionError(problems)
    return Bundle.of(definition for _, definition in found.values())


def _json(definitions: Iterable[Compiled]) -> str:
    described = [each.definition.describe() for each in definitions]
    return json.dumps(described, separators=(",", ":"), ensure_ascii=False)
