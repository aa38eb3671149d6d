"""The catalogue that ships: every definition loads, its cases hold, and they try what can go wrong with each rule."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.definition import DefinitionError
from streams.core.identifiers import load_identifiers
from streams.core.journey import run_cases
from streams.core.journey.cases import told
from streams.core.journey.story import judge_story
from streams.core.verdict import NEVER, Clock
from streams.definitions import DEFAULT, SHIPPED, load_bundle, shipped
from streams.definitions.document import BEGIN, END, LABELS, markdown, notes, sources
from tests.core.catalogue import (
    Stream,
    alone,
    at_the_limit,
    case_of,
    cases,
    has_deadline,
    has_window,
    judged,
    rules,
    states,
    stranger,
)
from tests.core.story import touch, verdict
from tests.core.worlds import copies_resolved

DOCUMENT = Path(__file__).parents[2] / "docs" / "catalogue.md"
RULES, CASES, NAMES = list(rules()), list(cases()), list(shipped())
each_rule = pytest.mark.parametrize(("name", "rule"), RULES, ids=".".join)
each_definition = pytest.mark.parametrize("name", NAMES)
JOURNEYS = {
    "order", "service_case", "application", "billing", "contact", "feedback", "loyalty", "onboarding", "relationship",
}  # fmt: skip


def test_the_catalogue_is_whole() -> None:
    assert {alone(name)[1].name for name in NAMES} == JOURNEYS
    assert {"order", "case"} == DEFAULT


@each_definition
def test_its_cases_hold(name: str) -> None:
    assert run_cases(*alone(name)) == []


def test_all_of_it_together_is_in_order_and_holds_its_cases() -> None:
    bundle = load_bundle(shipped().values(), load_identifiers().kinds)
    assert [str(failure) for each in bundle.definitions for failure in run_cases(bundle, each)] == []


@each_definition
def test_it_says_when_to_use_it_and_what_it_expects(name: str) -> None:
    said = notes(shipped()[name].read_text(encoding="utf-8"))
    assert list(said) == list(LABELS)
    assert all(said.values())


@each_rule
def test_a_rule_says_what_it_means_whose_it_is_and_what_to_do(name: str, rule: str) -> None:
    definition = alone(name)[1]
    found = definition.definition.breakages[rule]
    assert found.about.endswith(".")
    assert found.owner
    file, _, section = found.runbook.partition("#")
    assert (file, section) == ("docs/catalogue.md", definition.name)


@each_definition
def test_money_is_a_fact_where_the_source_has_it(name: str) -> None:
    assert "value_at_risk" in alone(name)[1].definition.keeps


def test_money_is_carried_to_the_breakage() -> None:
    order, hour_ms = alone("order")[1], 3_600_000
    bought = touch(0, "order.purchased", amount=120.5, estimated_delivery_at=24 * hour_ms)
    asked = [touch(hour, "call.made", direction="inbound", origin="human", cost=6.25) for hour in (60, 61)]
    (late,) = [each for each in verdict(order, bought, *asked).breakages if each.rule == "late_delivery"]
    assert {("value_at_risk", 120.5), ("cost_of_contact", 12.5)} <= {(fact.name, fact.value) for fact in late.facts}


@each_rule
def test_a_rule_has_a_case_that_breaks_it_and_one_that_does_not(name: str, rule: str) -> None:
    found = set(states(name, rule))
    assert found & {"broken", "open", "recovered"}
    assert found & {"none", "withdrawn"}


@pytest.mark.parametrize(
    ("name", "rule"), [each for each in RULES if has_deadline(alone(each[0])[1].definition.breakages[each[1]])]
)
def test_a_deadline_is_tried_in_every_way(name: str, rule: str) -> None:
    """Late but in time, too late, open at the end, and so exactly in time that a millisecond later is too late."""
    assert {"withdrawn", "recovered", "open"} <= set(states(name, rule))
    assert False in at_the_limit(name, rule)


@pytest.mark.parametrize(("name", "rule"), [each for each in RULES if has_window(alone(each[0])[1].definition.breakages[each[1]])])
def test_a_window_is_tried_at_its_limit(name: str, rule: str) -> None:
    assert True in at_the_limit(name, rule)


@given(st.sampled_from(CASES), st.data())
@settings(max_examples=300, deadline=None)
def test_the_order_of_arrival_and_copies_change_no_case(one: tuple[str, int], data: st.DataObject) -> None:
    """Neither for the judgement of the whole nor for the stream, which takes one touchpoint at a time."""
    bundle, definition, case = case_of(*one)
    arrivals, end_ms = told(bundle, definition, case)
    touchpoints = [each for _, each in arrivals]
    expected = judged(bundle, touchpoints, end_ms)
    again = data.draw(st.permutations([*touchpoints, *touchpoints[::2]]))
    assert judged(bundle, copies_resolved(again), end_ms) == expected
    stream = Stream(bundle, definition.instances.kind)
    for each in again:
        stream.happen(each)
    stream.clock(end_ms)
    assert stream.standing() == expected


@pytest.mark.parametrize("one", CASES, ids=lambda each: f"{each[0]}-{each[1] + 1}")
def test_the_stream_says_what_the_case_says(one: tuple[str, int]) -> None:
    """With the clock right behind every arrival."""
    bundle, definition, case = case_of(*one)
    arrivals, end_ms = told(bundle, definition, case)
    stream = Stream(bundle, definition.instances.kind)
    for arrives_ms, each in arrivals:
        stream.clock(arrives_ms)
        stream.happen(each)
    stream.clock(end_ms)
    assert stream.standing() == judged(bundle, [each for _, each in arrivals], end_ms)
    assert {rule for rule, expected in case.expect.items() if expected == "withdrawn"} <= stream.withdrawn()


def test_a_name_of_the_catalogue_stands_for_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_bundle([Path("order"), Path("contact")])
    assert [each.name for each in found.definitions] == ["contact", "order"]
    with pytest.raises(DefinitionError, match="none that ships has this name; did you mean `contact`"):
        load_bundle([Path("contacts")])
    (tmp_path / "order").write_text("journey: mine\nversion: 1\ninstance: order\nopens: opened\n")
    assert [each.name for each in load_bundle([Path("order")]).definitions] == ["mine"]


def test_rules_over_a_person_need_no_open_journey() -> None:
    definition = alone("relationship")[1].definition
    broken = set()
    for number, case in enumerate(definition.cases):
        bundle, compiled, _ = case_of("relationship", number)
        arrivals, end_ms = told(bundle, compiled, case)
        found = judge_story(bundle, "person", [each for _, each in arrivals], Clock(end_ms, NEVER))
        broken |= set() if found.journeys else {each.rule for each in found.breakages}
    assert broken == definition.breakages.keys() - {"come_back_unnoticed"}, "that one is about what opens a journey again"


def test_what_is_in_force_by_default_looks_at_no_whole_person() -> None:
    """So that a touchpoint costs what the goals say."""
    assert load_bundle([SHIPPED]).of_person == ()


def test_no_definition_looks_at_every_touchpoint_of_a_person() -> None:
    """Those of a person name the actions that they look at."""
    for name in NAMES:
        definition = alone(name)[1]
        if not definition.instances.kind:
            assert not definition.classifier.may_select(stranger(), definition.adopts)
        assert not definition.classifier.may_select(stranger(), definition.watched)


def test_the_document_says_what_ships() -> None:
    """`python -m streams.definitions.document docs/catalogue.md` writes it anew."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == markdown()


def test_sources_belong_to_rules() -> None:
    for name in NAMES:
        assert sources(shipped()[name].read_text(encoding="utf-8")).keys() <= alone(name)[1].definition.breakages.keys()
