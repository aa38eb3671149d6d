"""Absences: who waits, until when, and what ends it."""

import pytest

from tests.core.story import broken, define, hours, proofs, touch, verdict

OPENED = touch(0, "opened")


def rule(absence: str, more: str = "") -> str:
    return f"breakages: {{quiet: {{absence: {{after: asked, of: told, within: 4h, {absence}}}, per: occurrence, {more}}}}}"


def waits(definition: str, *steps: tuple[float, str], clock_h: float = 10_000) -> list[tuple[str, float | None, str]]:
    """(the touchpoint that waited, hour at which it broke, state)."""
    found = verdict(define(definition), OPENED, *(touch(*step) for step in steps), clock_h=clock_h)
    return [(each.occurrence.removeprefix("test/"), hours(each.broken_at), each.state) for each in found.breakages]


@pytest.mark.parametrize("answered_h", [1, 5])
def test_an_answer_up_to_the_deadline_is_in_time(answered_h: float) -> None:
    assert waits(rule(""), (1, "asked"), (answered_h, "told")) == []


def test_only_a_clock_past_the_deadline_makes_an_absence_true() -> None:
    story = OPENED, touch(1, "asked")
    waiting = verdict(define(rule("")), *story, clock_h=5)
    assert (broken(waiting), hours(waiting.next_deadline)) == ([], 5)
    late = verdict(define(rule("")), *story, clock_h=5.0001)
    assert (broken(late), late.next_deadline) == ([("quiet", "open")], None)


def test_a_late_answer_recovers_and_proves_it() -> None:
    (breakage,) = verdict(define(rule("")), OPENED, touch(1, "asked"), touch(7, "told")).breakages
    assert (breakage.state, hours(breakage.due_at), hours(breakage.broken_at), hours(breakage.recovered_at)) == (
        "recovered",
        5,
        5,
        7,
    )
    assert proofs(breakage) == [("asked@1", "after"), ("told@7", "of")]


def test_a_late_answer_that_is_there_before_the_clock_breaks_nothing_yet() -> None:
    assert waits(rule(""), (1, "asked"), (7, "told"), clock_h=5) == []


def test_an_answer_before_the_question_is_none() -> None:
    assert waits(rule(""), (0.5, "told"), (1, "asked")) == [("asked@1", 5, "open")]


def test_first_one_wait_lasts_until_the_answer() -> None:
    steps = (1, "asked"), (2, "asked"), (6, "asked"), (9, "told"), (10, "asked")
    assert waits(rule("waits: first"), *steps) == [("asked@1", 5, "recovered"), ("asked@10", 14, "open")]


def test_each_waits_on_its_own() -> None:
    steps = (1, "asked"), (2, "asked"), (5.5, "told"), (9, "asked")
    assert waits(rule("waits: each"), *steps) == [("asked@1", 5, "recovered"), ("asked@9", 13, "open")]


def test_last_begins_anew_up_to_the_deadline_and_again_behind_it() -> None:
    steps = (1, "asked"), (5, "asked"), (9.5, "asked")
    assert waits(rule("waits: last"), *steps) == [("asked@5", 9, "open"), ("asked@9.5", 13.5, "open")]
    assert waits(rule("waits: last"), *steps, (13, "told")) == [("asked@5", 9, "recovered")]


@pytest.mark.parametrize("which", ["first", "each", "last"])
def test_an_answer_may_be_the_next_question(which: str) -> None:
    definition = f'breakages: {{quiet: {{absence: {{after: "*", of: "*", within: 4h, waits: {which}}}, per: occurrence}}}}'
    assert waits(definition, (3, "a"), (9, "b")) == [("a@3", 7, "recovered"), ("b@9", 13, "open")]


@pytest.mark.parametrize(("excused_h", "expected"), [(0.5, 1), (5, 0), (6, 1)])
def test_an_excuse_counts_after_the_question_and_up_to_the_deadline(excused_h: float, expected: int) -> None:
    assert len(waits(rule("unless: cancelled"), (1, "asked"), (excused_h, "cancelled"))) == expected


def test_an_excuse_begins_no_wait_and_a_later_question_does() -> None:
    definition = 'breakages: {quiet: {absence: {after: "*", of: told, within: 4h, unless: cancelled}, per: occurrence}}'
    assert waits(definition, (1, "cancelled")) == []
    assert waits(definition, (1, "cancelled"), (2, "asked")) == [("asked@2", 6, "open")]


def test_until_ends_the_rule_for_good() -> None:
    steps = (1, "asked"), (3, "closed"), (4, "asked"), (5, "closed"), (6, "asked")
    for which in ("first", "each", "last"):
        assert waits(rule(f"until: closed, waits: {which}"), *steps) == []


def test_until_behind_the_deadline_leaves_what_is_broken() -> None:
    assert waits(rule("until: closed"), (1, "asked"), (6, "closed"), (7, "told")) == [("asked@1", 5, "recovered")]


def test_only_the_same_values_answer() -> None:
    definition = define(rule("same: [channel, attributes.topic], waits: each"))
    asked = touch(1, "asked", channel="mail", topic="a"), touch(2, "asked", channel="chat")
    told = touch(3, "told", channel="mail", topic="b"), touch(3, "told", channel="chat")
    assert [each.occurrence for each in verdict(definition, OPENED, *asked, *told).breakages] == ["test/asked@1"]


def test_a_deadline_can_depend_on_the_region() -> None:
    definition = define("breakages: {quiet: {absence: {after: asked, of: told, within: {default: 4h, BR: 8h}}}}")
    for region, due_h in (("BR", 9), ("DE", 5)):
        (breakage,) = verdict(definition, OPENED, touch(1, "asked", region=region)).breakages
        assert hours(breakage.due_at) == due_h


class TestWithinTheJourney:
    definition = define(
        "closes: {done: closed}\nbreakages: {never: {absence: {after: asked, of: told, within: journey, unless: no}}}"
    )

    def test_it_is_judged_when_the_clock_is_past_the_closing(self) -> None:
        story = OPENED, touch(1, "asked"), touch(5, "closed")
        waiting = verdict(self.definition, *story, clock_h=5)
        assert (broken(waiting), hours(waiting.next_deadline)) == ([], 5)
        (breakage,) = verdict(self.definition, *story, clock_h=6).breakages
        assert (hours(breakage.due_at), hours(breakage.broken_at)) == (5, 5)

    def test_what_comes_after_the_closing_meets_it_too(self) -> None:
        assert not verdict(self.definition, OPENED, touch(1, "asked"), touch(5, "closed"), touch(9, "told")).breakages

    def test_an_excuse_counts_anywhere_behind_the_question(self) -> None:
        assert not verdict(self.definition, OPENED, touch(1, "asked"), touch(5, "closed"), touch(9, "no")).breakages

    def test_a_question_after_the_closing_breaks_at_once(self) -> None:
        (breakage,) = verdict(self.definition, OPENED, touch(5, "closed"), touch(7, "asked")).breakages
        assert hours(breakage.broken_at) == 7

    def test_an_open_journey_is_judged_when_the_books_are_closed(self) -> None:
        story = OPENED, touch(1, "asked"), touch(3, "paid")
        assert not verdict(self.definition, *story).breakages
        assert not verdict(self.definition, *story, final_h=-1).breakages
        (breakage,) = verdict(self.definition, *story, final_h=0).breakages
        assert (breakage.due_at, hours(breakage.broken_at), breakage.state) == (None, 3, "open")

    def test_closed_books_need_no_clock_past_the_closing(self) -> None:
        story = OPENED, touch(1, "asked"), touch(5, "closed")
        assert verdict(self.definition, *story, clock_h=5, final_h=5).breakages


def test_one_breakage_speaks_for_the_journey_and_recovers_with_the_last() -> None:
    definition = define("breakages: {quiet: {absence: {after: asked, of: told, within: 4h, waits: each}}}")
    story = OPENED, touch(1, "asked"), touch(6, "told"), touch(20, "asked")
    (standing,) = verdict(definition, *story).breakages
    assert (standing.occurrence, standing.state, hours(standing.broken_at)) == ("", "open", 5)
    assert proofs(standing) == [("asked@1", "after"), ("told@6", "of"), ("asked@20", "after")]
    (recovered,) = verdict(definition, *story, touch(30, "told")).breakages
    assert (recovered.state, hours(recovered.broken_at), hours(recovered.recovered_at)) == ("recovered", 5, 30)


def test_another_selector_may_heal() -> None:
    definition = define(rule("", "heals: refunded"))
    story = OPENED, touch(1, "asked"), touch(5, "refunded"), touch(7, "told")
    assert broken(verdict(definition, *story)) == [("quiet", "open")]
    (breakage,) = verdict(definition, *story, touch(8, "refunded")).breakages
    assert (breakage.state, hours(breakage.recovered_at), proofs(breakage)[-1]) == ("recovered", 8, ("refunded@8", "healed"))


@pytest.mark.parametrize(("answered_h", "state"), [(8, "recovered"), (8.1, "open")])
def test_what_comes_too_late_recovers_nothing(answered_h: float, state: str) -> None:
    assert waits(rule("", "recovers_within: 3h"), (1, "asked"), (answered_h, "told")) == [("asked@1", 5, state)]
