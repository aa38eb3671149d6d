"""A definition's text to the model: every problem that can be found, at once."""

from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.core.definition.document import Document, Place, parse
from streams.core.definition.model import PERSON, Definition
from streams.core.definition.needs import missing_parts
from streams.core.definition.problems import DefinitionError, Problem, meant
from streams.core.definition.references import unknown_references
from streams.core.definition.selector import Part


def load(text: str, file: str, identifier_types: Collection[str] | None = None) -> Definition:
    """One definition from YAML.  Raises DefinitionError with all problems."""
    return load_document(text, file, identifier_types)[0]


def load_document(
    text: str, file: str, identifier_types: Collection[str] | None = None, calendars: Collection[str] | None = None
) -> tuple[Definition, Document]:
    """One definition from YAML, and where its parts stand.  Raises DefinitionError with all problems.

    `identifier_types`: the types that exist; the instance must be one of them.  `calendars`: names.  None: not checked.
    """
    document = parse(text, file)
    definition, problems = _validated(document)
    if isinstance(document.value, dict):
        found = chain(unknown_references(document.value, calendars), missing_parts(document.value))
        problems += [document.problem(place, said) for place, said in found]
    if definition and identifier_types is not None and not definition.of_person and definition.instance not in identifier_types:
        known = [*identifier_types, PERSON]
        said = f"no identifier type is called `{definition.instance}`{meant(str(definition.instance), known)}"
        problems.append(document.problem(("instance",), said))
    if definition is None or problems:
        raise DefinitionError(problems)
    return definition, document


def _validated(document: Document) -> tuple[Definition | None, list[Problem]]:
    try:
        return Definition.model_validate(document.value), []
    except ValidationError as error:
        return None, [document.problem(each["loc"], _explained(each)) for each in error.errors(include_url=False)]


def _explained(error: ErrorDetails) -> str:
    place, key = error["loc"], str(error["loc"][-1]) if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(place[:-1], key)
        case "missing":
            return f"`{key}` is missing"
        case "literal_error":
            return f"expected {error['ctx']['expected']}, got `{error['input']}`"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"expected a mapping, got `{error['input']}`"
        case "greater_than_equal":
            return f"expected at least {error['ctx']['ge']}, got `{error['input']}`"
        case "too_short":
            return f"expected at least {error['ctx']['min_length']} of them, got {error['ctx']['actual_length']}"
        case "definition":
            return error["msg"]
    return f"{error['msg'].removeprefix('Input should be ').removeprefix('Value error, ')}, got `{error['input']}`"


def _unknown_key(place: Place, key: str) -> str:
    known = [field.alias or name for name, field in _part_at(Definition, place).model_fields.items()]
    return f"unknown key `{key}`{meant(key, known)}"


def _part_at(annotation: Any, place: Place) -> type[Part]:
    """The part of the model that stands at `place`.  Behind a mapping or list of parts comes a key that is no field."""
    part, steps = _part_in(annotation) or Definition, iter(place)
    for step in steps:
        for name, field in part.model_fields.items():
            if step in (field.alias or name, name) and (inner := _part_in(field.annotation)):
                part = inner
                if any(get_origin(each) in (dict, list) for each in _inside(field.annotation)):
                    next(steps, None)
                break
    return part


def _part_in(annotation: Any) -> type[Part] | None:
    return next((each for each in _inside(annotation) if isinstance(each, type) and issubclass(each, Part)), None)


def _inside(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _inside(each)
