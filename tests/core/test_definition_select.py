"""Selectors, conditions and paths: what they select of a touchpoint."""

import time
from typing import Any

import pytest

from streams.core.definition.change import Changes
from streams.core.definition.classify import MOST_REMEMBERED, Classifier
from streams.core.definition.compile import known_calendars
from streams.core.definition.read import reader
from streams.core.definition.select import Node, Words, narrow
from streams.core.definition.selector import Selector
from streams.core.touchpoint import Touchpoint
from tests.core.story import touch

CALL = touch(
    1, "call.made", origin="human", channel="phone", direction="outbound", region="BR", team="t1", agent="a7", source="pbx", score=2
)


def selector(model: Any) -> Node:
    return Words("order", known_calendars(None), Changes(), set()).selector(Selector.model_validate(model))


def selects(model: Any, touchpoint: Touchpoint = CALL) -> bool:
    answer = narrow(selector(model), {})
    return answer if isinstance(answer, bool) else answer(touchpoint, 0)


@pytest.mark.parametrize(
    "model",
    [
        "call.made",
        "call.*",
        "*",
        "*.made",
        "c*l.m*e",
        ["chat.*", "call.*"],
        {"action": ["chat.*", "call.made"]},
        {"action": {"not_in": ["chat.*"]}},
        {"action": {"matches": "^call"}},
        {"origin": "human", "direction": "outbound", "channel": {"in": ["phone", "mail"]}},
        {"team": {"is_not": "t2"}, "agent": {"matches": "^a[0-9]$"}, "region": "BR", "source": "pbx"},
        {"where": {"score": {"above": 1, "below": 3}}},
        {"where": {"score": 2.0}},
        {"where": {"nothing": {"is_not": True}}},
        {"where": {"nothing": {"exists": False}}},
        {"where": {}},
        {"any": ["chat.*", {"origin": "human"}]},
        {"not": {"not": "call.*"}},
    ],
)
def test_what_holds_is_selected(model: Any) -> None:
    assert selects(model)


@pytest.mark.parametrize(
    "model",
    [
        "call",
        "call.made.*",
        "made",
        ["chat.*", "mail.*"],
        {"action": {"is_not": "call.*"}},
        {"action": {"matches": "^made"}},
        {"origin": "human", "direction": "inbound"},
        {"where": {"score": {"above": 1, "below": 2}}},
        {"where": {"score": "2"}},
        {"where": {"score": {"at_least": "1"}}},
        {"where": {"nothing": {"at_most": 3}}},
        {"where": {"nothing": {"not_in": [1], "exists": True}}},
        {"any": ["chat.*", {"origin": "system"}]},
        {"not": "call.*"},
        {"where": {"score": {"matches": "2"}}},
    ],
)
def test_what_does_not_hold_is_not(model: Any) -> None:
    assert not selects(model)


def test_truth_is_no_number_and_nothing_is_absent() -> None:
    touchpoint = touch(1, "a", yes=True, one=1)
    assert not selects({"where": {"yes": 1}}, touchpoint)
    assert not selects({"where": {"one": True}}, touchpoint)
    assert selects({"team": {"exists": False}}, touchpoint)
    assert selects({"team": {"is_not": "t1"}}, touchpoint)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("attributes.score", 2),
        ("attributes.none", None),
        ("identifiers.item", "i"),
        ("identifiers.none", None),
        ("team", "t1"),
        ("agent", None),
        ("source", "test"),
    ],
)
def test_a_path_reads_what_a_touchpoint_carries(path: str, value: Any) -> None:
    items = (("item", "i"), ("item", "j"))
    assert reader(path)(touch(1, "a", score=2, team="t1", identifiers=items)) == value


def test_a_regular_expression_costs_as_much_as_its_text_is_long() -> None:
    model = {"where": {"text": {"matches": "^(a+)+$"}}}
    began = time.perf_counter()
    assert not selects(model, touch(1, "a", text="a" * 20_000 + "b"))
    assert time.perf_counter() - began < 1


def test_only_what_the_selectors_ask_for_is_remembered_apart() -> None:
    by_action = Classifier([None, selector("call.*")], {})
    by_origin = Classifier([None, selector({"origin": "human", "team": "t1"})], {})
    for classifier in (by_action, by_origin):
        for origin in ("human", "system"):
            for team in ("t1", "t2"):
                classifier.learn(touch(1, "call.made", origin=origin, team=team))
    assert (len(by_action.known), len(by_origin.known)) == (1, 2)


def test_memory_for_meanings_is_bounded() -> None:
    classifier = Classifier([None], {})
    for number in range(MOST_REMEMBERED + 5):
        classifier.learn(touch(1, f"action.{number}"))
    assert len(classifier.known) <= MOST_REMEMBERED
