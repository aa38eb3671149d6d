"""Promises: how they are made, revised, kept and released, and the rules over them."""

from typing import Any

import pytest

from streams.core.verdict import PromiseState
from tests.core.story import HOUR_MS, broken, define, hours, journey, proofs, touch, verdict

OPENED = touch(0, "opened")
ONE = "promises: {p: {made_by: promised, due: attributes.due, revised_by: moved, kept_by: kept, released_by: cancelled}}\n"
EACH = (
    "promises: {p: {made_by: promised, due: attributes.due, revised_by: moved, kept_by: kept, released_by: cancelled,"
    " per: occurrence}}\n"
)
MATCHED = EACH.replace("}}", ", match: attributes.item}}")


def due(hour: float, action: str, due_h: float, **more: Any) -> Any:
    return touch(hour, action, due=round(due_h * HOUR_MS), **more)


def promises(definition: str, *story: Any, clock_h: float = 10_000) -> tuple[PromiseState, ...]:
    return journey(define(definition), OPENED, *story, clock_h=clock_h).promises


def states(definition: str, *story: Any, clock_h: float = 10_000) -> list[str]:
    return [each.state for each in promises(definition, *story, clock_h=clock_h)]


@pytest.mark.parametrize(("kept_h", "state", "margin_s"), [(4, "kept", -3600), (5, "kept", 0), (6, "kept_late", 3600)])
def test_kept_up_to_the_due_is_in_time(kept_h: float, state: str, margin_s: float) -> None:
    (found,) = promises(ONE, due(1, "promised", 5), touch(kept_h, "kept"), touch(9, "kept"))
    assert (found.state, found.margin_s, hours(found.settled_at), found.settled_by) == (state, margin_s, kept_h, f"kept@{kept_h}")


def test_a_due_is_missed_when_the_clock_is_past_it() -> None:
    assert states(ONE, due(1, "promised", 5), clock_h=5) == ["open"]
    assert states(ONE, due(1, "promised", 5), clock_h=5.001) == ["overdue"]


def test_kept_is_a_fact_and_kept_late_needs_the_clock() -> None:
    assert states(ONE, due(1, "promised", 5), touch(4, "kept"), clock_h=2) == ["kept"]
    (found,) = promises(ONE, due(1, "promised", 5), touch(6, "kept"), clock_h=2)
    assert (found.state, found.settled_at, found.margin_s) == ("open", None, None)


def test_a_second_making_and_a_revision_move_the_due() -> None:
    (found,) = promises(ONE, due(1, "promised", 5), due(2, "moved", 9), due(3, "promised", 7))
    assert (hours(found.first_due_at), hours(found.due_at), found.revisions, found.made_by) == (5, 7, 2, "promised@1")


@pytest.mark.parametrize("definition", [ONE, EACH])
def test_a_revision_before_the_making_changes_nothing(definition: str) -> None:
    (found,) = promises(definition, due(0.5, "moved", 9), due(1, "promised", 5), touch(6, "cancelled"))
    assert (found.state, hours(found.due_at), found.revisions) == ("overdue", 5, 0)


def test_what_follows_the_keeping_changes_nothing() -> None:
    (found,) = promises(ONE, due(1, "promised", 5), touch(6, "kept"), due(7, "moved", 9), touch(8, "cancelled"))
    assert (found.state, hours(found.due_at), found.revisions) == ("kept_late", 5, 0)


def test_the_first_keeping_of_the_journey_counts_also_before_the_making() -> None:
    (found,) = promises(ONE, touch(0.5, "kept"), due(1, "promised", 5), touch(9, "kept"))
    assert (found.state, hours(found.settled_at)) == ("kept", 0.5)


@pytest.mark.parametrize(("released_h", "state"), [(0.5, "released"), (5, "released"), (6, "overdue")])
def test_a_release_counts_up_to_the_due(released_h: float, state: str) -> None:
    (found,) = promises(ONE, due(1, "promised", 5), touch(released_h, "cancelled"))
    assert (found.state, found.margin_s) == (state, None)


def test_a_release_is_judged_by_the_due_that_stands_then() -> None:
    assert states(ONE, due(1, "promised", 5), touch(6, "cancelled"), due(7, "moved", 9)) == ["overdue"]
    assert states(ONE, due(1, "promised", 5), due(2, "moved", 9), touch(6, "cancelled")) == ["released"]


def test_a_promise_may_be_due_a_while_after_it_was_made() -> None:
    definition = "promises: {p: {made_by: promised, due: {default: 4h, BR: 8h}, kept_by: kept}}"
    (found,) = promises(definition, touch(1, "promised", region="BR"))
    assert hours(found.due_at) == 9


def test_a_promise_may_be_due_at_a_fact_of_the_journey() -> None:
    definition = (
        "keeps: {until: {of: agreed, value: attributes.at, take: max}}\n"
        "promises: {p: {made_by: promised, due: keeps.until, kept_by: kept}}"
    )
    (found,) = promises(definition, touch(1, "promised"), touch(2, "agreed", at=9 * HOUR_MS), touch(3, "agreed", at=7 * HOUR_MS))
    assert hours(found.due_at) == 9


def test_a_day_ends_at_midnight_in_its_zone() -> None:
    definition = ONE.replace("}}", ", grain: day, zone: America/Sao_Paulo}}")
    (found,) = promises(definition, due(1, "promised", 5), touch(27, "kept"))
    assert (found.state, hours(found.due_at + 1)) == ("kept_late", 27)  # 1970-01-01 ends there at 03:00 UTC
    assert states(definition, due(1, "promised", 5), touch(26.9, "kept")) == ["kept"]


def test_a_making_without_a_usable_due_makes_no_promise_and_is_counted() -> None:
    found = journey(define(ONE), OPENED, touch(1, "promised", due="soon"), due(2, "promised", 5), touch(3, "moved"))
    assert [(each.made_by, each.revisions) for each in found.promises] == [("promised@2", 0)]
    assert [(fact.name, fact.value) for fact in found.facts] == [("promises_without_due", 2)]


class TestEachOccurrence:
    def test_one_keeping_keeps_all_that_are_open(self) -> None:
        story = due(1, "promised", 5), due(2, "promised", 9), touch(6, "kept"), due(7, "promised", 8)
        assert states(EACH, *story) == ["kept_late", "kept", "overdue"]
        assert [each.occurrence for each in promises(EACH, *story)] == [f"test/promised@{hour}" for hour in (1, 2, 7)]

    def test_an_earlier_keeping_keeps_only_if_it_kept_nothing_and_none_follows(self) -> None:
        early = touch(1, "kept")
        assert states(EACH, early, due(2, "promised", 5)) == ["kept"]
        assert states(EACH, early, due(2, "promised", 5), touch(6, "kept")) == ["kept_late"]
        assert states(EACH, due(0.5, "promised", 5), early, due(2, "promised", 5)) == ["kept", "overdue"]

    def test_a_keeping_keeps_what_it_matches(self) -> None:
        story = due(1, "promised", 5, item="a"), due(1, "promised", 5, item="b", event_id="b"), touch(2, "kept", item="b")
        assert states(MATCHED, *story) == ["kept", "overdue"] or states(MATCHED, *story) == ["overdue", "kept"]
        assert {each.made_by: each.state for each in promises(MATCHED, *story)} == {"promised@1": "overdue", "b": "kept"}

    def test_a_release_or_revision_without_the_value_concerns_all(self) -> None:
        story = due(1, "promised", 5, item="a"), due(1.5, "promised", 5, item="b")
        assert states(MATCHED, *story, touch(2, "cancelled")) == ["released", "released"]
        assert states(MATCHED, *story, touch(2, "cancelled", item="a")) == ["released", "overdue"]
        assert [each.revisions for each in promises(MATCHED, *story, due(2, "moved", 9, item="b"), due(3, "moved", 9))] == [1, 2]

    def test_a_release_before_the_making_does_not_count(self) -> None:
        assert states(EACH, touch(0.5, "cancelled"), due(1, "promised", 5)) == ["overdue"]


class TestRules:
    @pytest.mark.parametrize(
        ("story", "expected"),
        [
            ((), [("late", "open")]),
            ((touch(4, "kept"),), []),
            ((touch(7, "kept"),), [("late", "recovered")]),
            ((touch(4, "cancelled"),), []),
            ((due(4, "moved", 9), touch(8, "kept")), []),
        ],
    )
    def test_a_name_alone_means_missed_at_the_last_due(self, story: tuple[Any, ...], expected: list[tuple[str, str]]) -> None:
        definition = define(ONE + "breakages: {late: {promise: p}}")
        assert broken(verdict(definition, OPENED, due(1, "promised", 5), *story)) == expected

    def test_against_the_first_due(self) -> None:
        definition = define(ONE + "breakages: {late: {promise: {of: p, against: first}}}")
        story = OPENED, due(1, "promised", 5), due(2, "moved", 9)
        waiting = verdict(definition, *story, clock_h=5)
        assert (broken(waiting), hours(waiting.next_deadline)) == ([], 5)
        (breakage,) = verdict(definition, *story, touch(8, "kept"), clock_h=6).breakages
        assert (breakage.state, hours(breakage.due_at), hours(breakage.recovered_at)) == ("recovered", 5, 8)
        assert proofs(breakage) == [("promised@1", "made"), ("moved@2", "revised"), ("kept@8", "kept")]

    def test_a_release_between_the_dues_does_not_release_the_first(self) -> None:
        definition = define(
            ONE + "breakages: {late: {promise: {of: p, against: first}}, gone: {promise: {of: p, when: [released]}}}"
        )
        found = verdict(definition, OPENED, due(1, "promised", 5), due(2, "moved", 9), touch(7, "cancelled"))
        assert broken(found) == [("late", "open"), ("gone", "open")]
        assert [hours(each.broken_at) for each in found.breakages] == [5, 7]

    def test_revised_too_often(self) -> None:
        definition = define(
            ONE + "breakages: {moved: {promise: {of: p, revised: 2}}, both: {promise: {of: p, revised: 1, when: [kept]}}}"
        )
        story = [OPENED, due(1, "promised", 5), due(2, "moved", 9)]
        assert broken(verdict(definition, *story)) == []
        found = verdict(definition, *story, due(3, "moved", 9), touch(4, "kept"))
        assert [(each.rule, each.state, hours(each.broken_at)) for each in found.breakages] == [
            ("moved", "open", 3),
            ("both", "open", 4),
        ]

    def test_each_occurrence_or_the_journey(self) -> None:
        rules = "breakages: {one: {promise: p}, each: {promise: p, per: occurrence}}"
        found = verdict(define(EACH + rules), OPENED, due(1, "promised", 6), due(2, "promised", 5))
        assert [(each.rule, each.occurrence, hours(each.broken_at)) for each in found.breakages] == [
            ("one", "", 5),
            ("each", "test/promised@1", 6),
            ("each", "test/promised@2", 5),
        ]

    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            ("outcome: done", True),
            ("outcome: {is_not: done}", False),
            ("promise.p: kept_late", True),
            ("promise.p: {in: [kept, overdue]}", False),
            ("keeps.n: {at_least: 2}", True),
            ("keeps.n: 1", False),
            ("keeps.none: {exists: true}", False),
            ("outcome: done, keeps.n: 1", False),
        ],
    )
    def test_conditions_look_at_the_whole_journey(self, condition: str, holds: bool) -> None:
        keeps = "keeps: {n: {of: paid, take: count}, none: {of: paid, value: attributes.x, take: first}}\n"
        rules = f"closes: {{done: closed}}\nbreakages: {{late: {{promise: p, if: {{{condition}}}}}}}"
        story = due(1, "promised", 5), touch(6, "kept"), touch(7, "paid"), touch(8, "paid"), touch(9, "closed")
        assert bool(verdict(define(ONE + keeps + rules), OPENED, *story).breakages) is holds

    def test_a_condition_on_a_promise_that_was_not_made_judges_nothing_there(self) -> None:
        quiet = "absence: {after: opened, of: told, within: 1h}"
        definition = define(
            ONE + f"breakages: {{a: {{{quiet}, if: {{promise.p: {{is_not: kept}}}}}}, b: {{{quiet}, if: {{promise.p: open}}}}}}"
        )
        assert broken(verdict(definition, OPENED)) == [("a", "open")]

    def test_a_breakage_carries_what_is_said_about_it(self) -> None:
        said = "severity: critical, owner: care, runbook: 'https://example.org/late'"
        keeps = "keeps: {n: {of: paid, take: count}}\n"
        definition = define(ONE + keeps + f"breakages: {{late: {{promise: p, {said}}}}}")
        opened = touch(0, "opened", region="BR", channel="web", load="2016")
        found = verdict(definition, opened, due(1, "promised", 5))
        (breakage,) = found.breakages
        assert (breakage.severity, breakage.owner, breakage.runbook) == ("critical", "care", "https://example.org/late")
        assert (breakage.region, breakage.channel, breakage.backfilled) == ("BR", "web", True)
        assert found.journey
        assert breakage.facts == found.journey.facts
