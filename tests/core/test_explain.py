"""Definitions in words: complete, the same each time, and as one would say them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.core.definition import Definition, load
from streams.core.explain import explain, explain_rule
from streams.definitions import SHIPPED, definition_files
from tests.core.worlds import always, bodies, definition

HEAD = "journey: order\nversion: 1\ninstance: order\nopens: opened\n"
PROMISE = "promises: {delivery: {made_by: bought, due: attributes.due, kept_by: got}}\n"


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within plain values."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(deeper for name, each in inner for deeper in places(each, (*place, name)))]


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


def long_form(body: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = definition(body).describe()
    return described


def modelled(plain: dict[str, Any]) -> Definition | None:
    try:
        return Definition.model_validate_json(json.dumps(plain))
    except ValidationError:
        return None


@given(bodies, bodies, st.data())
@always
def test_whatever_changes_the_meaning_changes_the_words(body: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
    """One place of a definition takes the value of a like place in another, or goes: then the text is another."""
    plain, donor = long_form(body), long_form(other)
    place = data.draw(st.sampled_from([each for each in places(plain) if each and each[0] not in ("journey", "version")]))
    parent = at(plain, place[:-1])
    alike = [at(donor, each) for each in places(donor) if each and each[-1] == place[-1]]
    before = definition(body)
    if alike and data.draw(st.booleans()):
        parent[place[-1]] = data.draw(st.sampled_from(alike))
    else:
        del parent[place[-1]]
    after = modelled(plain)
    assume(after is not None and _told(after) != _told(before))
    assert after is not None
    assert explain(after) != explain(before)


def _told(one: Definition) -> Any:
    """What a text may leave out: `when` in another order, defaults written out.  `1` and `1.0` are one value."""
    plain = one.describe()
    for rule in plain["breakages"].values():
        promise = rule.get("promise")
        if promise and not promise.get("when") and not promise.get("revised"):
            promise["when"] = ["kept_late", "overdue"]
    return plain


@given(bodies)
@always
def test_the_words_depend_on_nothing_but_the_meaning(body: dict[str, Any]) -> None:
    said = explain(definition(body))
    assert said == explain(Definition.model_validate_json(json.dumps(long_form(body))))
    assert all("\n" not in paragraph and "  " not in paragraph for paragraph in said)


@pytest.mark.parametrize("file", definition_files(SHIPPED), ids=lambda file: file.name)
def test_every_name_and_text_of_a_shipped_definition_is_said(file: Any) -> None:
    one = load(file.read_text(encoding="utf-8"), file.name)
    said = "\n".join(explain(one))
    for section in (one.closes, one.keeps, one.effort, one.stages, one.promises, one.breakages):
        for name in section:
            assert name in said
    for rule in one.breakages.values():
        assert rule.about in said


EXAMPLES = [
    tuple(pair.strip().split("\n")) for pair in (Path(__file__).parent / "explained.txt").read_text(encoding="utf-8").split("\n\n")
]


@pytest.mark.parametrize(("rule", "said"), EXAMPLES)
def test_rules_are_said_as_one_would_say_them(rule: str, said: str) -> None:
    stages = "stages: {s: {from: a, to: b}, t: {from: b, to: c}}\n"
    one = load(f"{HEAD}{PROMISE}{stages}breakages: {{q: {{promise: delivery}}, r: {rule}}}", "order.yaml")
    assert explain_rule("r", one.breakages["r"]) == said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("instance: order", "instance: person", "A journey is all of a person."),
        (
            "instance: order",
            "instance: {episode: {gap: 72h, by: attributes.topic}}",
            "A journey is an episode of a person until a silence of 3 days, one for each `attributes.topic`.",
        ),
        ("opens: opened", "opens: opened\nabout: Words", "order, version 1: Words. A journey is"),
        ("opens: opened", "opens: opened\ncalendar: care", "Working time is that of the calendar `care`."),
        ("opens: opened", "opens: opened\nlook_back: 30d", "Rules over a person look back 30 days."),
        ("opens: opened", "opens: opened\nexpires: 90m", "It expires after a silence of 90 minutes."),
        ("opens: opened", "opens: opened\npauses: {from: a, to: b}", "It pauses from `a` to `b`."),
        ("opens: opened", "opens: opened\nafter_close: reopen", "Another opening opens it anew."),
        (
            "opens: opened",
            "opens: opened\ncloses: {done: a, lost: b}\noutcome: first",
            "It closes as `done` with `a`, as `lost` with `b`; the first closing wins.",
        ),
        ("opens: opened", "opens: opened\ncases: [{name: c, given: [[0h, a]], at: 1h, expect: {}}]", "It has 1 case."),
    ],
)
def test_the_journey_itself_is_said(old: str, new: str, said: str) -> None:
    assert said in explain(load(HEAD.replace(old, new), "order.yaml"))[0]
