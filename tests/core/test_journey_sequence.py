"""Sequences: what follows one another and should not; changes of a value; stages out of order."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.journey import judge
from streams.core.verdict import NEVER, Clock
from tests.core.story import broken, define, hours, proofs, touch, verdict
from tests.core.worlds import HOUR_MS, always

OPENED = touch(-1, "opened")


def chains(sequence: str, *steps: tuple[Any, ...]) -> list[tuple[tuple[str, ...], float | None]]:
    """(touchpoints of the chain, hour at which it was complete)."""
    story = [touch(hour, action, **(more[0] if more else {})) for hour, action, *more in steps]
    found = verdict(define(f"breakages: {{chain: {{sequence: {{{sequence}}}, per: occurrence}}}}"), OPENED, *story)
    return [(tuple(event for event, _ in proofs(each)), hours(each.broken_at)) for each in found.breakages]


def test_what_completes_a_chain_counts_and_takes_the_latest_beginning() -> None:
    steps = (0, "a"), (1, "a"), (2, "b"), (3, "b")
    assert chains("steps: [a, b]", *steps) == [(("a@1", "b@2"), 2), (("a@1", "b@3"), 3)]


def test_what_begins_a_chain_counts_with_the_earliest_end() -> None:
    steps = (0, "a"), (1, "a"), (2, "b"), (3, "b")
    assert chains("steps: [a, b], counts: first", *steps) == [(("a@0", "b@2"), 2), (("a@1", "b@2"), 2)]


def test_nothing_of_without_lies_between() -> None:
    assert chains("steps: [a, b], without: c", (0, "a"), (1, "c"), (2, "b")) == []
    assert chains("steps: [a, b], without: c", (0, "c"), (1, "a"), (2, "b"), (3, "c")) == [(("a@1", "b@2"), 2)]


def test_the_last_step_is_in_time() -> None:
    assert chains("steps: [a, b], within: 2h", (0, "a"), (2, "b"), (2.001, "b")) == [(("a@0", "b@2"), 2)]


def test_all_steps_carry_the_same() -> None:
    topic = {"topic": "x"}
    assert chains("steps: [a, b], same: [attributes.topic]", (0, "a", topic), (1, "a"), (2, "b", topic)) == [(("a@0", "b@2"), 2)]


def test_next_means_the_very_next_touchpoint() -> None:
    assert chains("steps: [a, b], next: true", (0, "a"), (1, "x"), (2, "b")) == []
    assert chains("steps: [a, b], next: true", (0, "a"), (1, "a"), (2, "b")) == [(("a@1", "b@2"), 2)]


stories = st.lists(st.tuples(st.integers(0, 8), st.sampled_from("abcx"), st.sampled_from(["", "t"])), max_size=8)


@always
@given(
    stories, st.sampled_from([["a", "b"], ["a", "b", "c"], ["a", "a"]]), st.booleans(), st.booleans(), st.booleans(), st.booleans()
)
def test_chains_equal_trying_every_combination(
    told: list[tuple[int, str, str]], names: list[str], first: bool, without: bool, same: bool, within: bool
) -> None:
    rule: dict[str, Any] = {"steps": names, "counts": "first" if first else "last"}
    rule |= {"without": "x"} if without else {}
    rule |= {"same": ["team"]} if same else {}
    rule |= {"within": "3h"} if within else {}
    story = [touch(hour, action, team=team, event_id=f"{n:02}") for n, (hour, action, team) in enumerate(sorted(told))]
    definition = define(f"breakages: {{chain: {{sequence: {rule}, per: occurrence}}}}")
    found = judge(definition, "o", [OPENED, *story], Clock(10**12, NEVER)).breakages
    expected = set()
    for chain in combinations(range(len(story)), len(names)):
        parts = [story[position] for position in chain]
        between = story[chain[0] + 1 : chain[-1]]
        if (
            [each.action for each in parts] == names
            and not (without and any(each.action == "x" and (not same or each.team in ("", parts[0].team)) for each in between))
            and not (same and len({each.team for each in parts}) > 1)
            and not (within and parts[-1].occurred_at - parts[0].occurred_at > 3 * HOUR_MS)
        ):
            expected.add(parts[0 if first else -1].event_id)
    assert {proofs(each)[0 if first else -1][0] for each in found} == expected
    assert len(found) == len(expected)
    assert [each.occurrence for each in found] == [str(number + 1) for number in range(len(found))]


def changed(changes: str, *values: Any) -> list[float | None]:
    """Hours at which a touchpoint that carries the values one after the other changes."""
    definition = define(f"breakages: {{turn: {{count: {{of: {{changes: {{{changes}}}}}, at_least: 1}}, per: occurrence}}}}")
    story = [touch(hour, "told", **({} if value is None else {"v": value})) for hour, value in enumerate(values)]
    return [hours(each.broken_at) for each in verdict(definition, OPENED, *story).breakages]


@pytest.mark.parametrize(
    ("changes", "values", "expected"),
    [
        ("attributes.v: {}", ["a", "a", None, "a", "b"], [0, 4]),
        ("attributes.v: {to: b}", ["b", "a", "b", "b"], [0, 2]),
        ("attributes.v: {from: a}", ["a", "b", "a", None, "c"], [1, 4]),
        ("attributes.v: {from: {not_in: [b]}, to: b}", ["b", "a", "b"], [2]),
        ("attributes.v: {to: {seen: true}}", ["a", "b", "a", "c", "b"], [2, 4]),
        ("attributes.v: {to: {seen: false}}", ["a", "b", "a"], [0, 1]),
        ("attributes.v: {to: {seen: true, is: a}}", ["a", "b", "a", "b"], [2]),
        ("attributes.v: {to: {at_least: 2}}", [1, 2, True, 3], [1, 3]),
    ],
)
def test_a_change_is_against_what_was_carried_before(changes: str, values: list[Any], expected: list[int]) -> None:
    assert changed(changes, *values) == expected


def test_stages_that_are_entered_against_their_order() -> None:
    stages = "stages: {one: {from: a, to: b}, two: {from: b, to: c}, three: {from: c, to: d}}\n"
    definition = define(stages + "breakages: {disorder: {sequence: {order: [one, two, three]}}}")
    assert broken(verdict(definition, OPENED, touch(0, "a"), touch(1, "b"), touch(2, "c"))) == []
    assert broken(verdict(definition, OPENED, touch(0, "a"), touch(2, "c"))) == []
    found = verdict(definition, OPENED, touch(0, "a"), touch(2, "c"), touch(3, "b"))
    assert [(hours(each.broken_at), proofs(each)) for each in found.breakages] == [(3, [("c@2", "early"), ("b@3", "late")])]
