"""Definitions as Mermaid state diagrams.

Held against a small grammar of what Mermaid reads; Mermaid's own parser (11.x) took the same diagrams, and those of random and of
hostile definitions, when this was written.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.definition import Definition, load
from streams.core.explain.draw import draw, label
from streams.definitions import SHIPPED
from tests.core.test_journeys_command import run
from tests.core.worlds import always, bodies, definition

TEXT = r'(?:[^;:"<>{}\[\]%&\\|*`#]|#\d+;)+'
ID = r"(?:journey|(?:stage|outcome)\d+)"
GRAMMAR = re.compile(
    rf"stateDiagram-v2\n    direction LR\n"
    rf'(?:    +(?:state "{TEXT}" as {ID}|state journey \{{|\}}|{ID} : {TEXT}|(?:\[\*\]|{ID}) --> (?:\[\*\]|{ID})(?: : {TEXT})?)\n)*'
    rf"(?:    note (?:left|right) of journey\n(?:        {TEXT}\n)+    end note\n)*"
)
WORDS = [
    "a; b",
    "end note",
    "%% c",
    "a --> b",
    '"x"',
    "<b>x</b>",
    "{}",
    "#35;",
    "`md`",
    "[*]",
    "a : b",
    "a\nb",
    "call.*",
    "\\n",
    "|",
]


@given(bodies)
@always
def test_every_definition_is_drawn_in_what_mermaid_reads(body: dict) -> None:
    one = definition(body)
    assert GRAMMAR.fullmatch(draw(one))
    assert draw(one).count("    }\n") == draw(one).count("state journey {")


@pytest.mark.parametrize("word", WORDS)
def test_no_text_of_a_definition_gets_out_of_its_place(word: str) -> None:
    rule = {"threshold": {"of": word, "value": f"attributes.{word}".replace("\n", " "), "is": word}}
    promise = {"made_by": word, "due": "1h", "kept_by": word}
    one = definition({"opens": word, "closes": {"end": word}, "promises": {"note": promise}, "breakages": {"state": rule}})
    assert GRAMMAR.fullmatch(draw(one))


@given(st.text(min_size=1).filter(str.strip))
def test_a_label_is_one_line_of_plain_text(text: str) -> None:
    assert re.fullmatch(TEXT, label(text))


def shipped(name: str) -> Definition:
    return load((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"), name)


@pytest.mark.parametrize("name", ["order", "case"])
def test_a_drawing_shows_opening_stages_outcomes_promises_and_rules(name: str) -> None:
    one, drawn = shipped(name), draw(shipped(name))
    assert drawn.count("[*] --> journey : ") == 1
    assert re.findall(r'state "(\w+)" as stage', drawn) == list(one.stages)
    assert re.findall(r'state "(\w+)" as outcome', drawn) == [*one.closes, "expired"]
    for known in (*one.promises, *one.breakages):
        assert f"\n        {known} - " in drawn


def test_stages_that_follow_one_another_are_joined() -> None:
    assert re.findall(r"stage\d --> stage\d", draw(shipped("order"))) == ["stage1 --> stage2", "stage2 --> stage3"]


def test_a_journey_that_opens_anew_goes_back() -> None:
    body = {"opens": "opened", "closes": {"done": "closed"}, "after_close": "reopen"}
    assert "outcome1 --> journey : again 'opened'\n" in draw(definition(body))


def test_the_command_draws_one_definition() -> None:
    assert run("draw", "order")[0] == draw(shipped("order"))
    assert isinstance(run("draw")[2], SystemExit)
