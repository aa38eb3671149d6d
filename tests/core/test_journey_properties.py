"""What holds for every definition, every set of touchpoints and every clock."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.definition import Bundle, Compiled, Definition, compile_definition, load
from streams.core.definition.classify import Classifier
from streams.core.definition.compiled import AbsencePlan, RulePlan
from streams.core.definition.select import Node, narrow
from streams.core.journey.running import Running
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Clock, Verdict
from tests.core.test_definition_select import selector
from tests.core.worlds import (
    ACTIONS,
    HOUR_MS,
    always,
    arrivals,
    clocks_ms,
    compiled,
    copies_resolved,
    deep_selectors,
    definitions,
    stories,
    touchpoints,
    verdict_at,
)

FAR_MS = 1 << 50
finals_ms = st.sampled_from([NEVER, 5 * HOUR_MS])
Story = list[Touchpoint]


@always
@given(compiled, arrivals, st.data(), clocks_ms, finals_ms)
def test_the_order_and_number_of_arrivals_change_nothing(
    definition: Compiled, arrived: Story, data: st.DataObject, clock_ms: int, final_ms: int
) -> None:
    again = data.draw(st.permutations([*arrived, *arrived[::2]]))
    expected = verdict_at(definition, copies_resolved(arrived), clock_ms, final_ms)
    assert verdict_at(definition, copies_resolved(again), clock_ms, final_ms) == expected


@always
@given(compiled, stories, clocks_ms, finals_ms, st.floats(0, 1))
def test_nothing_changes_until_the_clock_is_past_the_next_deadline(
    definition: Compiled, story: Story, clock_ms: int, final_ms: int, share: float
) -> None:
    now = verdict_at(definition, story, clock_ms, final_ms)
    until_ms = FAR_MS if now.next_deadline is None else now.next_deadline
    assert until_ms >= clock_ms
    for later_ms in (until_ms, clock_ms + round(share * (until_ms - clock_ms))):
        assert verdict_at(definition, story, later_ms, final_ms) == now


@always
@given(compiled, stories, clocks_ms, clocks_ms)
def test_a_kept_promise_stays_kept_and_a_missed_one_missed(definition: Compiled, story: Story, one_ms: int, other_ms: int) -> None:
    earlier, later = (verdict_at(definition, story, clock_ms, NEVER) for clock_ms in sorted((one_ms, other_ms)))
    settled = [each for each in promises(earlier) if each.state != "open"]
    assert all(each in promises(later) for each in settled)
    assert len(promises(earlier)) == len(promises(later))


@always
@given(compiled, stories, clocks_ms, clocks_ms)
def test_more_clock_only_adds_breakages_unless_a_condition_says_otherwise(
    definition: Compiled, story: Story, one_ms: int, other_ms: int
) -> None:
    earlier, later = (verdict_at(definition, story, clock_ms, NEVER) for clock_ms in sorted((one_ms, other_ms)))
    plain = {rule.name for rule in definition.rules if not rule.conditions and rule.name not in waiting_rules(definition)}
    assert causes(earlier, plain) <= causes(later, plain)


@always
@given(compiled, stories, touchpoints(*ACTIONS), clocks_ms)
def test_only_what_happened_in_time_withdraws_an_absence(
    definition: Compiled, story: Story, late: Touchpoint, clock_ms: int
) -> None:
    late.event_id = "late"
    timed = {each.name for each in definition.rules if is_timed(each)}
    before, after = (verdict_at(definition, each, clock_ms, NEVER) for each in (story, copies_resolved([*story, late])))
    missed = {
        (each.rule, each.occurrence) for each in before.breakages if each.due_at is not None and each.due_at < late.occurred_at
    }
    assert {cause for cause in missed if cause[0] in timed} <= causes(after, timed)


@always
@given(compiled, stories, clocks_ms, finals_ms)
def test_a_verdict_survives_packing(definition: Compiled, story: Story, clock_ms: int, final_ms: int) -> None:
    verdict = verdict_at(definition, story, clock_ms, final_ms)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(verdict), type=Verdict) == verdict


@always
@given(compiled, stories, clocks_ms, finals_ms)
def test_every_row_stands_on_its_touchpoints(definition: Compiled, story: Story, clock_ms: int, final_ms: int) -> None:
    verdict = verdict_at(definition, story, clock_ms, final_ms)
    there = {(each.source, each.event_id, each.occurred_at, each.action) for each in story}
    keys = [(each.rule, each.occurrence) for each in verdict.breakages]
    assert len(keys) == len(set(keys))
    for breakage in verdict.breakages:
        assert breakage.evidence
        assert {(each.source, each.event_id, each.occurred_at, each.action) for each in breakage.evidence} <= there
        assert (breakage.state == "recovered") == (breakage.recovered_at is not None)
        assert breakage.recovered_at is None or breakage.recovered_at >= breakage.broken_at


long_stories = st.lists(touchpoints("open", *ACTIONS), min_size=6, max_size=9).map(copies_resolved)


steps = (st.lists(clocks_ms, min_size=9, max_size=9), st.lists(st.integers(0, 2), min_size=9, max_size=9))


@settings(always, max_examples=400)
@given(compiled, long_stories, *steps)
def test_a_journey_step_by_step_equals_one_from_scratch(
    definition: Compiled, story: Story, clocks: list[int], sizes: list[int]
) -> None:
    steps_equal_scratch(definition, story, clocks, sizes)


single_waits = st.fixed_dictionaries(
    {
        "after": st.sampled_from(["ask", ["ask", "both"]]),
        "of": st.sampled_from(["tell", ["tell", "both"]]),
        "within": st.sampled_from(["3h", "journey"]),
        "waits": st.sampled_from(["first", "each", "last"]),
    },
    optional={"unless": st.just("stop"), "until": st.just("close")},
)
dense_stories = st.lists(touchpoints("ask", "ask", "tell", "both", "stop", "close"), min_size=4, max_size=9).map(copies_resolved)


@settings(always, max_examples=400)
@given(single_waits, dense_stories, *steps)
def test_waits_that_go_on_end_as_those_from_scratch(
    wait: dict[str, Any], story: Story, clocks: list[int], sizes: list[int]
) -> None:
    """One absence among few actions: its waits begin, end and are excused all the time."""
    body = {"opens": "*", "closes": {"closed": "close"}, "breakages": {"a": {"absence": wait, "per": "occurrence"}}}
    definition = compile_definition(Definition.model_validate({"journey": "order", "version": 1, "instance": "order", **body}))
    steps_equal_scratch(definition, story, clocks, sizes)


def steps_equal_scratch(definition: Compiled, story: Story, clocks: list[int], sizes: list[int]) -> None:
    """Touchpoints come one, two or none at a time; the clock advances between them, and at some time the books are closed."""
    running, told = Running(definition, "o"), 0
    for number, (size, clock_ms) in enumerate(zip(sizes, sorted(clocks), strict=True)):
        told = min(len(story), told + size)
        clock = Clock(clock_ms, clock_ms if number > len(clocks) // 2 else NEVER)
        assert running.judge(story[:told], clock, continued=True) == verdict_at(definition, story[:told], clock.ms, clock.final_ms)


@always
@given(definitions, stories, clocks_ms)
def test_a_definition_and_its_long_form_judge_alike(definition: Definition, story: Story, clock_ms: int) -> None:
    described = load(json.dumps(definition.describe()), "described.yaml")
    assert described.describe() == definition.describe()
    bundle = Bundle.of([definition])
    (travelled,) = Bundle.from_json(bundle.to_json()).definitions
    assert Bundle.from_json(bundle.to_json()).content_hash == bundle.content_hash
    for other in (compile_definition(described), travelled):
        assert verdict_at(other, story, clock_ms, NEVER) == verdict_at(compile_definition(definition), story, clock_ms, NEVER)


@always
@given(st.lists(deep_selectors, min_size=1, max_size=3), arrivals)
def test_what_is_remembered_of_a_touchpoint_is_what_its_selectors_say(models: list[Any], story: Story) -> None:
    nodes = [selector(model) for model in models]
    classifier = Classifier(nodes, {})
    for touchpoint in story:
        meaning = classifier.known.get(classifier.key(touchpoint)) or classifier.learn(touchpoint)
        selected = {*meaning.sure, *(slot for slot, holds in meaning.open if holds(touchpoint, 0))}
        assert selected == {slot for slot, node in enumerate(nodes) if holds_at(node, touchpoint)}


def promises(verdict: Verdict) -> tuple[Any, ...]:
    return verdict.journey.promises if verdict.journey else ()


def causes(verdict: Verdict, rules: set[str]) -> set[tuple[str, str]]:
    return {(each.rule, each.occurrence) for each in verdict.breakages if each.rule in rules}


def waiting_rules(definition: Compiled) -> set[str]:
    """Rules that ask for promises that are still open."""
    rules = definition.definition.breakages.items()
    return {name for name, rule in rules if rule.promise and "open" in (rule.promise.when or ())}


def is_timed(rule: RulePlan) -> bool:
    """Whether a rule waits for something that no condition and no pause puts off."""
    plan = rule.primitive
    return isinstance(plan, AbsencePlan) and plan.within is not None and not plan.paused and not rule.conditions


def holds_at(node: Node, touchpoint: Touchpoint) -> bool:
    """A selector asked plainly, nothing known beforehand."""
    answer = narrow(node, {})
    return answer if isinstance(answer, bool) else answer(touchpoint, 0)
