"""The JSON Schema for editors: what the model says, and what the loader takes."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streams.core.definition import DefinitionError, load
from streams.core.definition.document import parse
from streams.core.definition.schema import definition_schema, schema_text
from streams.definitions import SHIPPED, definition_files
from tests.core.worlds import always, bodies
from tests.core.worlds import definition as modelled

SCHEMA = definition_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
DESIGNED = Path(__file__).parents[3] / "shared" / "design" / "definitions"
TRUTH = Path(__file__).parents[1] / "truth" / "definitions"
HEAD = "journey: order\nversion: 1\ninstance: order\nopens: opened\n"


def test_the_schema_is_one_itself() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_committed_schema_is_what_the_model_gives() -> None:
    committed = (SHIPPED / "definition.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run: throughline journeys schema -o streams/definitions/definition.schema.json"


@pytest.mark.parametrize("file", definition_files(SHIPPED), ids=lambda file: file.name)
def test_every_definition_that_ships_names_the_schema_and_holds_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=definition.schema.json\n")
    VALIDATOR.validate(parse(text, file.name).value)


@pytest.mark.parametrize("folder", [DESIGNED, TRUTH], ids=["designed", "truth"])
def test_other_definitions_hold_it(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip("not run: definitions absent")
    files = definition_files(folder)
    assert files
    for file in files:
        VALIDATOR.validate(parse(file.read_text(encoding="utf-8"), file.name).value)


def whole(body: dict[str, Any]) -> dict[str, Any]:
    return {"journey": "order", "version": 1, "instance": "order", **body}


@given(bodies)
@always
def test_what_the_model_takes_holds_the_schema_in_short_and_in_long_form(body: dict[str, Any]) -> None:
    VALIDATOR.validate(whole(body))
    VALIDATOR.validate(json.loads(modelled(body).model_dump_json(by_alias=True, exclude_none=True)))


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping with keys of the language in a body."""
    if isinstance(value, list):
        for each in value:
            yield from parts(each)
    elif isinstance(value, dict):
        yield value
        for name, each in value.items():
            yield from parts(list(each.values()) if name in NAMED else each)


NAMED = ("closes", "keeps", "stages", "promises", "breakages", "effort", "where", "changes", "if")


@given(bodies, st.data())
@always
def test_an_unknown_key_is_refused_wherever_it_stands(body: dict[str, Any], data: st.DataObject) -> None:
    definition = copy.deepcopy(whole(body))
    places = [part for part in parts(definition) if "default" not in part]
    data.draw(st.sampled_from(places))["whithin"] = "4h"
    assert not VALIDATOR.is_valid(definition)


@pytest.mark.parametrize(
    "text",
    [
        "breakages: {quiet: {absence: {after: [a, b], of: {action: [c, 'd.*']}, within: {default: 4h, BR: 8 working hours}}}}",
        "promises: {p: {made_by: a, due: attributes.due, kept_by: b}}\nbreakages: {r: {promise: p}}",
        "keeps: {f: {of: a, take: count}}\npromises: {p: {made_by: a, due: keeps.f, kept_by: b}}",
        "breakages: {r: {threshold: {of: a, value: attributes.x, above: 2}, if: {outcome: expired}}}",
        "breakages: {r: {count: {of: {breaks: 's'}, at_least: 2}}, s: {threshold: {of: a, value: team, is: x}}}",
        "breakages: {r: {sequence: {steps: [{changes: {team: {to: {seen: true}}}}, {not: b}], within: 5 working days}}}",
        "cases: [{name: c, given: [[0h, opened], [1h, a, {x: 1, 'identifiers.order': o}, {arrives: 2h}]], at: 9h, expect: {}}]",
    ],
)
def test_shorthands_hold_the_schema(text: str) -> None:
    load(HEAD + text, "order.yaml")
    VALIDATOR.validate(parse(HEAD + text, "order.yaml").value)


@pytest.mark.parametrize(
    "text",
    [
        "breakages: {r: {absence: {after: a, of: b, within: 4 hours}}}",
        "breakages: {r: {absence: {after: a, of: b, within: {BR: 4h}}}}",
        "breakages: {r: {absence: {after: a, of: b, within: 4h}, count: {of: a, at_least: 1}}}",
        "breakages: {r: {severity: warning}}",
        "breakages: {r: {absence: {after: {}, of: b, within: 4h}}}",
        "breakages: {Rule: {absence: {after: a, of: b, within: 4h}}}",
        "breakages: {r: {absence: {after: a, of: b, within: 4h, waits: never}}}",
        "promises: {p: {made_by: a, due: tomorrow, kept_by: b}}",
        "breakages: {r: {count: {of: a, at_least: 0}}}",
        "cases: [{name: c, given: [[0h]], at: 9h, expect: {}}]",
    ],
)
def test_what_is_wrong_in_form_is_refused_by_both(text: str) -> None:
    with pytest.raises(DefinitionError):
        load(HEAD + text, "order.yaml")
    assert not VALIDATOR.is_valid(parse(HEAD + text, "order.yaml").value)
