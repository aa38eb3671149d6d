"""When a journey opens, closes and expires, and what belongs to it."""

import pytest

from streams.core.journey import instances_of
from streams.core.verdict import Verdict
from tests.core.story import define, hours, journey, touch, verdict

CLOSES = "closes: {done: finished, failed: [broke, lost]}\n"


def test_nothing_is_judged_that_nothing_opened() -> None:
    assert verdict(define(CLOSES), touch(1, "finished")) == Verdict(None, (), None)


def test_an_instance_is_every_identifier_of_its_type_once() -> None:
    found = instances_of("order", touch(0, "opened", identifiers=(("order", "p"), ("case", "c"), ("order", "o"))))
    assert found == ("o", "p")


def test_what_comes_before_the_opening_and_after_the_closing_belongs_to_the_journey() -> None:
    found = journey(define(CLOSES), touch(0, "paid"), touch(1, "opened", region="BR"), touch(2, "finished"), touch(3, "reviewed"))
    assert (found.touchpoints, hours(found.first_at), hours(found.opened_at), hours(found.last_at)) == (4, 0, 1, 3)
    assert (found.state, found.outcome, hours(found.closed_at), found.opened_by, found.region) == (
        "closed",
        "done",
        2,
        "opened@1",
        "BR",
    )


def test_a_journey_that_a_history_load_opened_is_backfilled() -> None:
    assert journey(define(""), touch(0, "opened", load="2016")).backfilled
    assert not journey(define(""), touch(0, "opened"), touch(1, "paid", load="2016")).backfilled


@pytest.mark.parametrize(("which", "outcome", "closed_h"), [("first", "failed", 2), ("last", "done", 4)])
def test_the_first_or_the_last_closing_wins(which: str, outcome: str, closed_h: float) -> None:
    story = touch(1, "opened"), touch(2, "lost"), touch(3, "broke"), touch(4, "finished")
    found = journey(define(f"{CLOSES}outcome: {which}"), *story)
    assert (found.outcome, hours(found.closed_at)) == (outcome, closed_h)


def test_a_closing_before_the_opening_counts() -> None:
    assert journey(define(CLOSES), touch(0, "finished"), touch(1, "opened")).outcome == "done"


def test_a_touchpoint_of_two_outcomes_has_the_one_declared_first() -> None:
    assert journey(define("closes: {b: ended, a: ended}"), touch(0, "opened"), touch(1, "ended")).outcome == "b"


def test_ignored_is_what_follows_the_first_closing_behind_the_opening() -> None:
    definition = define(f"{CLOSES}after_close: ignore\nkeeps: {{paid: {{of: paid, take: count}}}}")
    story = touch(0, "lost"), touch(1, "opened"), touch(2, "paid"), touch(3, "finished"), touch(4, "paid"), touch(5, "lost")
    found = journey(definition, *story)
    assert (found.touchpoints, found.outcome, hours(found.last_at), found.facts[0].value) == (4, "done", 3, 1)


def test_opening_again_takes_a_closing_back() -> None:
    story = [touch(0, "opened"), touch(1, "finished"), touch(2, "opened")]
    attached, reopened = define(CLOSES), define(f"{CLOSES}after_close: reopen")
    assert journey(attached, *story).outcome == "done"
    assert (journey(reopened, *story).state, hours(journey(reopened, *story).opened_at)) == ("open", 0)
    assert journey(reopened, *story, touch(3, "lost")).outcome == "failed"


def test_a_touchpoint_may_open_again_and_close() -> None:
    definition = define("closes: {done: [finished, opened]}\nafter_close: reopen")
    assert hours(journey(definition, touch(0, "opened"), touch(1, "finished"), touch(2, "opened")).closed_at) == 2


def test_a_journey_expires_when_the_clock_is_past_the_silence_and_not_before() -> None:
    definition = define(f"{CLOSES}expires: 10h")
    story = touch(0, "opened"), touch(5, "paid")
    waiting = verdict(definition, *story, clock_h=15)
    assert waiting.journey
    assert (waiting.journey.state, hours(waiting.next_deadline)) == ("open", 15)
    found = journey(definition, *story, clock_h=15.001)
    assert (found.state, found.outcome, hours(found.closed_at)) == ("closed", "expired", 15)


def test_silence_between_touchpoints_expires_a_journey_too_and_what_follows_is_attached() -> None:
    found = journey(define(f"{CLOSES}expires: 10h"), touch(0, "opened"), touch(11, "paid"))
    assert (found.outcome, hours(found.closed_at), found.touchpoints) == ("expired", 10, 2)


def test_a_silence_as_long_as_allowed_does_not_expire_a_journey() -> None:
    definition = define(f"{CLOSES}expires: 10h")
    found = journey(definition, touch(0, "opened"), touch(10, "paid"), touch(21, "paid"), touch(22, "paid"))
    assert hours(found.closed_at) == 20


@pytest.mark.parametrize(("which", "outcome"), [("first", "expired"), ("last", "done")])
def test_an_expiry_competes_with_a_later_closing(which: str, outcome: str) -> None:
    definition = define(f"{CLOSES}expires: 10h\noutcome: {which}")
    assert journey(definition, touch(0, "opened"), touch(20, "finished")).outcome == outcome


@pytest.mark.parametrize("closed_h", [-1, 0, 10])
def test_a_closed_journey_does_not_expire(closed_h: float) -> None:
    found = journey(define(f"{CLOSES}expires: 10h\noutcome: first"), touch(0, "opened"), touch(closed_h, "finished"))
    assert found.outcome == "done"


def test_a_reopened_journey_expires_from_its_last_opening() -> None:
    definition = define(f"{CLOSES}expires: 10h\nafter_close: reopen")
    found = journey(definition, touch(0, "opened"), touch(50, "finished"), touch(99, "opened"))
    assert (found.outcome, hours(found.closed_at)) == ("expired", 109)


def test_effort_is_the_sum_of_the_most_specific_patterns() -> None:
    definition = define('effort: {"*": 1, "call.*": 4, call.moved: 2.5, "*.bot": 0}')
    story = touch(0, "opened"), touch(1, "call.made"), touch(2, "call.moved"), touch(3, "chat.bot")
    assert journey(definition, *story).effort == 1 + 4 + 2.5
