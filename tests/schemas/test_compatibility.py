"""Each number of a schema reads what the number before it wrote; where it does not, the field is named."""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import avro.schema
import pytest

from schemas.codec import SUBJECTS, numbers, source
from tests.schemas.compatibility import Schema, stumbles


def field(schema: Schema, *path: str) -> Any:
    """A field by its path through nested records."""
    at: Any = schema
    for name in path:
        (found,) = (each for each in _record(at)["fields"] if each["name"] == name)
        at = found["type"] if name != path[-1] else found
    return at


def _record(kind: Any) -> Any:
    if isinstance(kind, list):
        (kind,) = (each for each in kind if isinstance(each, dict))
    return _record(kind["items"]) if kind.get("type") == "array" else kind


def add_without_default(schema: Schema) -> None:
    schema["fields"].append({"name": "mood", "type": "string"})


def add_to_a_nested_record(schema: Schema) -> None:
    _record(field(schema, "stages")["type"])["fields"].append({"name": "pace", "type": "double"})


def narrow(schema: Schema) -> None:
    field(schema, "touchpoints")["type"] = "boolean"


def narrow_a_nested_field(schema: Schema) -> None:
    field(schema, "promises", "revisions")["type"] = "string"


def drop_a_symbol(schema: Schema) -> None:
    field(schema, "state")["type"]["symbols"].remove("moved")


def add_with_default(schema: Schema) -> None:
    schema["fields"].append({"name": "mood", "type": ["null", "string"], "default": None})


def remove(schema: Schema) -> None:
    schema["fields"] = [each for each in schema["fields"] if each["name"] != "effort"]


def widen(schema: Schema) -> None:
    field(schema, "definition_version")["type"] = "long"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_number_reads_what_the_one_before_it_wrote(subject: str) -> None:
    known = numbers(subject)
    assert known == list(range(1, len(known) + 1))
    for before, after in pairwise(known):
        assert stumbles(source(subject, after), source(subject, before)) == [], f"{subject}/{after}.avsc"
    assert stumbles(source(subject, known[-1]), source(subject, known[-1])) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (add_without_default, ["mood"]),
        (add_to_a_nested_record, ["stages.pace"]),
        (narrow, ["touchpoints"]),
        (narrow_a_nested_field, ["promises.revisions"]),
        (drop_a_symbol, ["replaces", "state"]),
    ],
)
def test_a_change_that_breaks_reading_is_found_and_its_field_named(change: Callable[[Schema], None], named: list[str]) -> None:
    before = source("journey", 1)
    after = copy.deepcopy(before)
    change(after)
    assert stumbles(after, before) == named


@pytest.mark.parametrize("change", [add_with_default, remove, widen])
def test_a_change_that_readers_can_bear_is_let_through(change: Callable[[Schema], None]) -> None:
    before = source("journey", 1)
    after = copy.deepcopy(before)
    change(after)
    assert after != before
    assert stumbles(after, before) == []


def records(kind: Any) -> Iterator[Schema]:
    """Every record in a schema, nested ones too."""
    if isinstance(kind, list):
        for each in kind:
            yield from records(each)
    elif isinstance(kind, dict):
        if kind.get("type") == "record":
            yield kind
            for each in kind["fields"]:
                yield from records(each["type"])
        else:
            yield from records([kind[part] for part in ("items", "values", "type") if part in kind])


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_record_and_field_is_explained(subject: str) -> None:
    for number in numbers(subject):
        found = list(records(source(subject, number)))
        assert found
        silent = [record["name"] for record in found if not record.get("doc")]
        silent += [f"{record['name']}.{each['name']}" for record in found for each in record["fields"] if not each.get("doc")]
        assert silent == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_specification_accepts_every_schema(subject: str) -> None:
    """The reference implementation of Avro parses it, and times are timestamps in milliseconds."""
    for number in numbers(subject):
        schema = source(subject, number)
        parsed = avro.schema.parse(json.dumps(schema))
        assert parsed.to_canonical_json()
        for record in records(schema):
            times = [each for each in record["fields"] if each["name"].endswith("_at")]
            assert all("timestamp-millis" in str(each["type"]) for each in times), record["name"]
