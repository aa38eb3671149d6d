"""Stages and facts of a journey."""

from math import inf, nan
from typing import Any

import pytest

from tests.core.story import define, hours, journey, touch

EACH = "stages: {wait: {from: asked, to: told, per: occurrence}}"
MATCHED = "stages: {wait: {from: asked, to: told, per: occurrence, match: identifiers.question}}"


def lasted(definition: str, *steps: tuple[float, str] | tuple[float, str, str]) -> list[tuple[int, float | None, float | None]]:
    """(entry, started, ended) in hours."""
    story = [touch(hour, action, identifiers=tuple(("question", each) for each in more)) for hour, action, *more in steps]
    found = journey(define(definition), touch(0, "opened"), *story)
    return [(stage.entry, hours(stage.started_at), hours(stage.ended_at)) for stage in found.stages]


def test_a_stage_lasts_from_the_first_to_the_first() -> None:
    definition = "stages: {wait: {from: asked, to: told}}"
    assert lasted(definition, (1, "asked"), (2, "asked"), (4, "told"), (5, "told")) == [(1, 1, 4)]


def test_a_stage_that_ended_before_it_began_has_a_negative_duration() -> None:
    found = journey(define("stages: {wait: {from: asked, to: told}}"), touch(0, "opened"), touch(1, "told"), touch(4, "asked"))
    (stage,) = found.stages
    assert (stage.duration_s, stage.working_s, stage.started_by, stage.ended_by) == (-10_800, -10_800, "asked@4", "told@1")


def test_a_stage_that_nothing_ended_is_open_and_one_that_nothing_began_is_not_there() -> None:
    definition = "stages: {wait: {from: asked, to: told}}"
    assert lasted(definition, (1, "asked")) == [(1, 1, None)]
    assert lasted(definition, (1, "told")) == []


def test_every_occurrence_ends_with_what_follows_it() -> None:
    steps = (1, "asked"), (2, "told"), (3, "asked"), (4, "asked"), (6, "told"), (7, "told"), (9, "asked")
    assert lasted(EACH, *steps) == [(1, 1, 2), (2, 3, 6), (3, 4, 6), (4, 9, 7)]


def test_an_end_that_ended_something_ends_nothing_that_begins_later() -> None:
    assert lasted(EACH, (1, "asked"), (2, "told"), (3, "asked")) == [(1, 1, 2), (2, 3, None)]


def test_only_what_matches_belongs_together() -> None:
    steps = (1, "told", "b"), (2, "asked", "a"), (3, "asked", "b"), (4, "told"), (5, "asked"), (6, "told", "a")
    assert lasted(MATCHED, *steps) == [(1, 2, 6), (2, 3, 1), (3, 5, 4)]


def test_a_touchpoint_does_not_end_the_stage_that_it_begins() -> None:
    definition = 'stages: {step: {from: "*", to: "*", per: occurrence}}'
    assert lasted(definition, (1, "a"), (3, "b")) == [(1, 0, 1), (2, 1, 3), (3, 3, None)]


@pytest.mark.parametrize(
    ("take", "values", "expected"),
    [
        ("first", [None, "a", "b"], "a"),
        ("last", [1, "b", None], "b"),
        ("min", [3, 1.5, "a", True], 1.5),
        ("max", [3, nan, inf, -1], 3),
        ("max", ["a", "c", "b"], "c"),
        ("sum", [1, 2.5, "a", nan], 3.5),
        ("sum", [2, 3], 5.0),
        ("count", [1, None, "a"], 2),
        ("distinct", [1, 1.0, True, "1", 1], 3),
        ("distinct", [None], 0),
    ],
)
def test_a_fact_takes_one_value_of_many(take: str, values: list[Any], expected: Any) -> None:
    definition = define(f"keeps: {{it: {{of: told, value: attributes.value, take: {take}}}}}")
    story = [touch(hour, "told", **({} if value is None else {"value": value})) for hour, value in enumerate(values)]
    (fact,) = journey(definition, touch(0, "opened"), *story).facts
    assert (fact.name, fact.value, type(fact.value)) == ("it", expected, type(expected))


def test_a_fact_without_a_value_is_not_there_and_a_count_is() -> None:
    definition = define("keeps: {a: {of: told, value: attributes.value, take: first}, b: {of: told, take: count}}")
    assert [(fact.name, fact.value) for fact in journey(definition, touch(0, "opened")).facts] == [("b", 0)]
