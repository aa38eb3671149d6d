"""Definitions in words: complete, the same each time, and as one would say them."""

import json
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


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            "{absence: {after: {direction: inbound, origin: human}, of: {direction: outbound, origin: human, "
            "where: {automatic: {is_not: true}}}, within: {default: 4 working hours, BR: 8 working hours}}, severity: critical}",
            "r (critical): breaks when, after inbound by a human, no outbound by a human where `automatic` is not true comes "
            "within 4 working hours (8 working hours in `BR`); the first one waits.",
        ),
        (
            "{absence: {after: a, of: '*', within: journey, waits: each, unless: [b, c], until: d, same: [channel]}, per: occurrence}",
            "r (warning): breaks when, after `a`, nothing comes before the journey ends with the same `channel`; each one waits; "
            "either of (`b`, `c`) in time excuses it; from `d` on nothing waits any more. Each time is a breakage of its own.",
        ),
        ("{promise: delivery, severity: critical}",
         "r (critical): breaks when the promise `delivery` is kept late or overdue, judged against its last due."),
        ("{promise: {of: delivery, when: [overdue], against: first, revised: 2}, owner: shop, runbook: 'https://x', about: Late}",
         "r (warning, for shop): breaks when the promise `delivery` is overdue, judged against its first due and has been revised at "
         "least twice. Late. Runbook: https://x"),
        ("{count: {of: a.*, at_least: 3, within: 90m, distinct: team, same: [channel], until: b, then: reset}, scope: person}",
         "r (warning): breaks when `a.*` comes at least 3 times with different `team` with the same `channel` within 90 minutes; "
         "`b` ends the counting; what was counted then counts no more. It looks at all touchpoints of a person."),
        ("{count: {over: journeys, at_least: 2, within: 7d}, scope: person, per: person}",
         "r (warning): breaks when a person has at least 2 journeys within 7 days. It looks at all journeys of a person. "
         "All of a person is one breakage."),
        ("{sequence: {steps: [a, {breaks: q}], within: 2 working days, without: b, next: true, counts: first}}",
         "r (warning): breaks when there is `a`, directly followed by a breakage of `q` within 2 working days, without `b` in between; "
         "each beginning counts."),
        ("{sequence: {over: journeys, next: true, gap: {from: closed, to: opened, at_most: 36h}}, scope: person}",
         "r (warning): breaks when a person has a journey directly after another one, at most 36 hours from when the earlier closed "
         "to when the later opened. It looks at all journeys of a person."),
        ("{sequence: {order: [s, t]}}", "r (warning): breaks when the stages `s` and `t` are not entered in this order."),
        ("{threshold: {of: a, value: attributes.score, below: 3, is_not: 0}, heals: b, recovers_within: 1d}",
         "r (warning): breaks when `attributes.score` of `a` is not 0 and is below 3. It recovers with `b`. "
         "It recovers only within 1 day of breaking."),
        ("{threshold: {of: a, value: attributes.x, take: sum, above: 5}, if: {outcome: {in: [expired]}, promise.delivery: {is_not: kept}}}",
         "r (warning): breaks when the sum of all `attributes.x` of `a` in the journey is above 5. It counts only if the outcome is one "
         "of (`expired`) and the promise `delivery` is not `kept`."),
        ("{count: {of: {changes: {team: {from: x, to: {seen: true}}}, time: {calendar: care, inside: false}, not: {action: [b, c]}}, "
         "at_least: 1}}",
         "r (warning): breaks when anything that changes `team` from what is `x` to what was there before outside the hours of `care` "
         "but not (`b` or `c`) comes at least once."),
    ],
)  # fmt: skip
def test_rules_are_said_as_one_would_say_them(rule: str, said: str) -> None:
    stages = "stages: {s: {from: a, to: b}, t: {from: b, to: c}}\n"
    one = load(f"{HEAD}{PROMISE}{stages}breakages: {{q: {{promise: delivery}}, r: {rule}}}", "order.yaml")
    assert explain_rule("r", one.breakages["r"]) == said
