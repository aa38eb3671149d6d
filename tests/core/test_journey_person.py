"""What is judged over all of a person: episodes, breakages that others look at, journeys that follow one another."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.core.definition import Bundle, bundle_of
from streams.core.journey.person import Personal, concerns_person, judge_person
from streams.core.journey.story import judge_story
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Clock
from tests.core.story import HOUR_MS, hours, proofs, touch
from tests.core.worlds import always

CASE = """
journey: case
version: 1
instance: case
opens: case.opened
closes: {closed: case.closed}
keeps: {topic: {of: "*", value: attributes.topic, take: last}}
breakages:
  slow: {absence: {after: case.opened, of: case.closed, within: 10h}}
  not_told: {absence: {after: {breaks: slow}, of: told, within: 2h}}
  two: {count: {over: journeys, at_least: 2, within: 100h}, scope: person, per: occurrence}
  again: {sequence: {over: journeys, same: [keeps.topic], next: true, gap: {from: closed, to: opened, at_least: 0h, at_most: 48h}},
          scope: person, per: occurrence}
"""
CONTACT = """
journey: contact
version: 1
instance: {episode: {gap: 6h, by: attributes.topic}}
opens: {action: call.*, direction: inbound}
closes: {solved: call.solved}
breakages:
  tries: {count: {of: {direction: inbound}, at_least: 2}}
  angry: {sequence: {steps: [{breaks: case.slow}, {direction: inbound}], within: 24h}, scope: person, per: occurrence}
  silent: {absence: {after: {breaks: "*"}, of: {direction: inbound}, within: 90h, waits: last}, scope: person, per: person}
"""


def bundle(*texts: str) -> Bundle:
    return bundle_of((f"{number}.yaml", text) for number, text in enumerate(texts))


BOTH = bundle(CASE, CONTACT)


def told(hour: float, action: str, case: str = "", **fields: Any) -> Touchpoint:
    given = touch(hour, action, **fields)
    given.identifiers = (("customer", "c"), *((("case", case),) if case else ()))
    return given


def at(story: list[Touchpoint], clock_h: float = 10_000, definitions: Bundle = BOTH) -> Personal:
    return judge_story(definitions, "p", story, Clock(round(clock_h * HOUR_MS), NEVER))


def broken(found: Personal, rule: str) -> list[tuple[str, str, float | None]]:
    return [(each.instance, each.occurrence, hours(each.broken_at)) for each in found.breakages if each.rule == rule]


def episodes(found: Personal) -> list[tuple[str, float | None, float | None, str]]:
    return [
        (each.instance, hours(each.opened_at), hours(each.closed_at), each.outcome)
        for each in found.journeys
        if each.definition == "contact"
    ]


def call(hour: float, **fields: Any) -> Touchpoint:
    return told(hour, "call.made", direction="inbound", **fields)


def test_an_episode_ends_with_a_silence_and_is_named_by_its_first_touchpoint() -> None:
    found = at([call(0), call(6), call(12.5), told(13, "call.solved")])
    assert episodes(found) == [("test/call.made@0", 0, 12, "expired"), ("test/call.made@12.5", 12.5, 13, "solved")]


def test_each_value_has_episodes_of_its_own() -> None:
    found = at([call(0, topic="x"), call(1, topic="y"), call(2, topic="x")])
    assert [instance for instance, *_ in episodes(found)] == ["test/call.made@0", "test/call.made@1"]
    assert broken(found, "tries") == [("test/call.made@0", "", 2)]


def test_a_late_touchpoint_joins_two_episodes_and_the_later_one_goes() -> None:
    assert len(episodes(at([call(0), call(10)]))) == 2
    assert episodes(at([call(0), call(5), call(10)]))[0][0] == "test/call.made@0"
    assert len(episodes(at([call(0), call(5), call(10)]))) == 1


def test_nothing_opens_an_episode_that_its_selectors_do_not_take() -> None:
    assert episodes(at([told(0, "mail.sent", direction="outbound")])) == []


def test_a_breakage_is_a_touchpoint_at_its_due_time_and_what_follows_goes_with_it() -> None:
    opened = told(0, "case.opened", case="1")
    late = at([opened])
    assert broken(late, "slow") == [("1", "", 10)]
    assert broken(late, "not_told") == [("1", "", 12)]
    assert broken(at([opened, told(11, "told", case="1")]), "not_told") == []
    assert broken(at([opened, told(9, "case.closed", case="1")]), "not_told") == []
    (not_told,) = [each for each in late.breakages if each.rule == "not_told"]
    assert proofs(not_told) == [("case.opened@0", "broke")]


def test_a_rule_over_a_person_sees_the_breakages_of_its_journeys() -> None:
    found = at([told(0, "case.opened", case="1"), call(9), call(20)])
    assert broken(found, "angry") == [("p", "1", 20)]
    assert at([told(0, "case.opened", case="1"), call(9), call(20)], clock_h=10).breakages == []


def test_silence_after_any_breakage() -> None:
    story = [told(0, "case.opened", case="1"), call(50)]
    assert broken(at(story, clock_h=139), "silent") == []
    (silent,) = [each for each in at([told(0, "case.opened", case="1")]).breakages if each.rule == "silent"]
    assert hours(silent.broken_at) == 12 + 90  # not_told broke last, at 12


def test_journeys_that_open_too_close_and_those_that_come_again() -> None:
    story = [
        told(0, "case.opened", case="1", topic="x"), told(1, "case.closed", case="1", topic="x"),
        told(40, "case.opened", case="2", topic="x"), told(41, "case.closed", case="2", topic="y"),
        told(60, "case.opened", case="3", topic="x"), told(61, "case.closed", case="3", topic="y"),
        told(300, "case.opened", case="4", topic="y"), told(301, "case.closed", case="4", topic="y"),
    ]  # fmt: skip
    found = at(story)
    assert broken(found, "two") == [("p", "1", 40), ("p", "2", 60)]
    assert broken(found, "again") == [("p", "1", 60)]  # case 3 after 2, both about y at last; 4 comes too long after 3
    (again,) = [each for each in found.breakages if each.rule == "again"]
    assert [event for event, _ in proofs(again)] == ["case.opened@40", "case.opened@60"]
    assert [(fact.name, fact.value) for fact in again.facts] == [("topic", "y")]


def test_journeys_of_a_whole_person() -> None:
    life = "journey: life\nversion: 1\ninstance: person\nopens: joined\ncloses: {left: left}\n"
    rule = "look_back: 365d\nbreakages: {after: {sequence: {steps: [left, mail.*]}, scope: person, per: occurrence}}\n"
    found = at([told(0, "joined"), told(1, "other"), told(2, "left"), told(3, "mail.sent")], definitions=bundle(life + rule))
    assert [(each.instance, each.outcome, each.touchpoints) for each in found.journeys] == [("p", "left", 2)]
    assert broken(found, "after") == [("p", "1", 3)]


steps = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["case.opened", "case.closed", "told", "call.made", "call.solved", "order.placed"]),
        st.sampled_from(["", "1", "2"]),
        st.sampled_from(["", "inbound", "outbound"]),
        st.sampled_from(["x", "y"]),
    ),
    max_size=12,
)


def story_of(told_steps: list[tuple[int, str, str, str, str]]) -> list[Touchpoint]:
    return [
        told(hour, action, case=case, direction=direction, topic=topic, event_id=f"{number:02}")
        for number, (hour, action, case, direction, topic) in enumerate(told_steps)
    ]


@always
@given(steps, st.integers(0, 200))
def test_only_what_concerns_a_person_changes_what_is_judged_over_it(given_steps: Any, clock_h: int) -> None:
    story, clock = story_of(given_steps), Clock(clock_h * HOUR_MS, NEVER)
    everything = sorted(story, key=lambda each: (each.occurred_at, each.event_id))
    concerning = [each for each in everything if concerns_person(BOTH, each)]
    assert judge_person(BOTH, "p", everything, [], [], clock) == judge_person(BOTH, "p", concerning, [], [], clock)


@always
@given(steps, st.randoms(), st.integers(0, 200))
def test_a_story_is_the_same_in_whatever_order_it_is_told(given_steps: Any, random: Any, clock_h: int) -> None:
    story = story_of(given_steps)
    again = random.sample(story, len(story))
    assert at(story, clock_h) == at(again, clock_h)


@always
@given(steps, st.integers(0, 200))
def test_nothing_changes_before_the_next_deadline(given_steps: Any, clock_h: int) -> None:
    story = story_of(given_steps)
    now = at(story, clock_h)
    until_ms = 10**15 if now.next_deadline is None else now.next_deadline
    assert until_ms >= clock_h * HOUR_MS
    later = judge_story(BOTH, "p", story, Clock(until_ms, NEVER))
    assert (later.journeys, later.breakages) == (now.journeys, now.breakages)
