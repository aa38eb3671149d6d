"""Counts and thresholds: when there are too many, and when a value is what it should not be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.journey import judge
from streams.core.verdict import NEVER, Clock
from tests.core.story import define, hours, proofs, touch, verdict
from tests.core.worlds import HOUR_MS, always

OPENED = touch(-1, "opened")


def hits(rule: str, *steps: tuple[Any, ...]) -> list[tuple[str, float | None]]:
    """(occurrence, hour at which it broke) of rule `many`."""
    story = [touch(hour, action, **(more[0] if more else {})) for hour, action, *more in steps]
    found = verdict(define(f"breakages: {{many: {{{rule}, per: occurrence}}}}"), OPENED, *story)
    return [(each.occurrence, hours(each.broken_at)) for each in found.breakages]


def test_each_that_makes_enough_is_a_violation_and_they_are_numbered() -> None:
    rule = "count: {of: call, at_least: 2, within: 4h}"
    assert hits(rule, (0, "call"), (4, "call"), (5, "call"), (9.5, "call")) == [("1", 4), ("2", 5)]


def test_a_reset_uses_up_what_was_counted() -> None:
    rule = "count: {of: call, at_least: 2, then: reset}"
    assert hits(rule, (0, "call"), (1, "call"), (2, "call"), (3, "call"), (4, "call")) == [("1", 1), ("2", 3)]


def test_counting_begins_anew_behind_until() -> None:
    rule = "count: {of: call, at_least: 3, until: solved}"
    assert hits(rule, (0, "call"), (1, "call"), (2, "solved"), (3, "call"), (4, "call")) == []
    assert hits(rule, (0, "call"), (1, "call"), (2, "solved"), (3, "call"), (4, "call"), (5, "call")) == [("1", 5)]


def test_distinct_values_count_once_and_those_without_do_not() -> None:
    rule = "count: {of: call, at_least: 3, distinct: team}"
    teams = [(0, "call", {"team": "a"}), (1, "call", {"team": "b"}), (2, "call", {"team": "a"}), (3, "call")]
    assert hits(rule, *teams) == []
    assert hits(rule, *teams, (4, "call", {"team": "c"})) == [("1", 4)]


def test_only_those_with_the_same_values_count_together() -> None:
    rule = "count: {of: call, at_least: 2, same: [attributes.topic]}"
    assert hits(rule, (0, "call", {"topic": "x"}), (1, "call", {"topic": "y"}), (2, "call", {"topic": "x"})) == [("1", 2)]


def test_a_late_earlier_proof_makes_no_new_name() -> None:
    rule = "count: {of: call, at_least: 2}"
    before, after = hits(rule, (3, "call"), (4, "call")), hits(rule, (1, "call"), (3, "call"), (4, "call"))
    assert {occurrence for occurrence, _ in before} <= {occurrence for occurrence, _ in after}


def test_the_newest_that_were_counted_prove_it() -> None:
    found = verdict(
        define("breakages: {many: {count: {of: call, at_least: 2}}}"), OPENED, *(touch(hour, "call") for hour in range(3))
    )
    assert [proofs(each) for each in found.breakages] == [[("call@0", "of"), ("call@1", "of")]]


steps = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["call", "solved"]), st.sampled_from(["x", "y", ""])), max_size=10)


@always
@given(steps, st.integers(1, 3), st.sampled_from([None, 3]), st.booleans(), st.booleans())
def test_counting_equals_looking_back_from_each(
    story: list[tuple[int, str, str]], at_least: int, within_h: int | None, distinct: bool, until: bool
) -> None:
    rule: dict[str, Any] = {"of": "call", "at_least": at_least}
    rule |= {"within": f"{within_h}h"} if within_h else {}
    rule |= {"distinct": "team"} if distinct else {}
    rule |= {"until": "solved"} if until else {}
    touchpoints = [touch(hour, action, team=team, event_id=f"{n:02}") for n, (hour, action, team) in enumerate(sorted(story))]
    definition = define(f"breakages: {{many: {{count: {rule}, per: occurrence}}}}")
    found = judge(definition, "o", [OPENED, *touchpoints], Clock(10**12, NEVER))
    expected = []
    for number, one in enumerate(touchpoints):
        ends = [n for n, each in enumerate(touchpoints[:number]) if each.action == "solved"] if until else []
        behind = touchpoints[ends[-1] + 1 if ends else 0 : number + 1]
        counted = [each for each in behind if each.action == "call"]
        counted = [each for each in counted if not within_h or each.occurred_at >= one.occurred_at - within_h * HOUR_MS]
        many = len({each.team for each in counted if each.team} if distinct else counted)
        if one.action == "call" and many >= at_least and (one.team or not distinct):
            expected.append(one.occurred_at)
    assert [each.broken_at for each in found.breakages] == expected


@pytest.mark.parametrize(
    ("take", "values", "expected"),
    [
        ("each", [5, 1, 7], [0, 2]),
        ("first", [5, 1, 7], [0]),
        ("first", [1, 5], []),
        ("last", [5, 1, 7, 8], [2]),
        ("last", [5, 1], []),
        ("max", [1, 7, 2], [1]),
        ("min", [5, 6], [0]),
        ("min", [5, 1], []),
        ("sum", [2, 2, 2], [2]),
        ("sum", [5, -3], []),
        ("max", ["9", True, 5], [2]),
    ],
)
def test_a_value_breaks_from_where_on_it_is_wrong(take: str, values: list[Any], expected: list[int]) -> None:
    rule = f"threshold: {{of: measured, value: attributes.held_s, above: 4, take: {take}}}"
    found = hits(rule, *((hour, "measured", {"held_s": value}) for hour, value in enumerate(values)))
    assert [hour for _, hour in found] == expected


def test_a_threshold_is_named_by_its_touchpoint() -> None:
    rule = "threshold: {of: measured, value: attributes.held_s, above: 4}"
    assert hits(rule, (2, "measured", {"held_s": 5}), (3, "measured")) == [("test/measured@2", 2)]
