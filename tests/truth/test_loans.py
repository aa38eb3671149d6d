"""Applications for a loan, through Kafka, Faust and ClickHouse: the views show what the files say, in any order."""

from datetime import datetime, timedelta

import pytest

from tests.fixtures.pipeline import Pipelines
from tests.truth.real_data import (
    REASONS,
    SHUFFLED,
    Landed,
    assert_all_accounted_for,
    assert_same,
    assert_verified,
    rules_of,
    through,
    truth,
)

RULES = {
    "offer_never_returned": "cases_offer_sent_never_back",
    "offer_never_returned_then_cancelled": "sent_never_back_and_cancelled",
    "offers_sent": "cases_offer_sent",
    "offers_sent_2_up": "cases_2plus_offers_sent",
    "incomplete_file": "cases_incomplete_file_calls",
    "followup_called": "cases_offer_followup_calls",
    "followup_5_up": "cases_5plus_followup_calls",
    "no_human_start": "cases_no_human_start",
}


def _as_of() -> str:
    return (datetime.fromisoformat(truth("loans")["span"][1]) + timedelta(days=1)).isoformat()


@pytest.fixture(scope="module")
def ordered(sets: Pipelines) -> Landed:
    return through(sets, "loans", _as_of())


@pytest.fixture(scope="module")
def shuffled(sets: Pipelines) -> Landed:
    return through(sets, "loans", _as_of(), *SHUFFLED)


@pytest.fixture(params=["ordered", "shuffled"])
def loans(request: pytest.FixtureRequest) -> Landed:
    landed: Landed = request.getfixturevalue(request.param)
    return landed


def test_every_application_is_one_journey_of_nobody_else(loans: Landed) -> None:
    """Nobody is named in this set: an application without an owner is a person of its own."""
    counted = loans.value("SELECT count(), uniqExact(instance), uniqExact(person_id), sum(touchpoints) FROM v_journeys")
    cases, rows = loans.truth["cases"], loans.truth["rows"]
    assert counted == (cases, cases, cases, rows)


def test_applications_end_as_the_files_say(loans: Landed) -> None:
    """Also those that go on after their outcome; one without an outcome stays open when the books are closed."""
    truth = loans.truth
    outcomes = dict(loans.pipeline.query("SELECT outcome, count() FROM v_journeys GROUP BY outcome"))
    decided = {outcome: truth[outcome] for outcome in ("approved", "declined", "cancelled")}
    assert outcomes == {**decided, "": truth["no_final_outcome"]}
    assert loans.value("SELECT count() FROM v_journeys WHERE state = 'open'") == truth["no_final_outcome"]


def test_every_rule_is_compared() -> None:
    assert rules_of("loans") == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_applications_break_as_often_as_the_files_say(loans: Landed, rule: str) -> None:
    assert loans.broken(rule) == loans.truth[RULES[rule]]


def test_offers_never_returned_in_undecided_applications_are_known_once_the_books_are_closed(loans: Landed) -> None:
    undecided = loans.value(
        "SELECT count() FROM v_breakages WHERE rule = 'offer_never_returned' AND journey_id IN "
        "(SELECT journey_id FROM v_journeys WHERE outcome = '')"
    )
    assert undecided > 0


@pytest.mark.parametrize(
    ("fact", "key"), [("followup_calls", "offer_followup_calls"), ("incomplete_file_calls", "incomplete_file_call_starts")]
)
def test_calls_are_as_many_as_the_files_say(loans: Landed, fact: str, key: str) -> None:
    assert loans.value(f"SELECT sum(value_number) FROM v_journey_facts WHERE fact = '{fact}'") == loans.truth[key]


def test_people_begin_as_late_as_the_files_say(loans: Landed) -> None:
    assert loans.stage("first_human_start", 3_600) == loans.truth["first_human_start_hours"]


def test_applications_last_as_long_as_the_files_say(loans: Landed) -> None:
    """From the first to the last touchpoint, which is often behind the outcome."""
    lasted = "SELECT dateDiff('millisecond', first_at, last_at) / 1000 AS duration_s FROM v_journeys"
    assert loans.spread(lasted, 86_400) == loans.truth["case_duration_days"]


def test_every_record_is_accounted_for(loans: Landed) -> None:
    assert_all_accounted_for(loans)


def test_the_tables_say_what_their_touchpoints_say(loans: Landed) -> None:
    assert_verified(loans)


def test_order_copies_and_broken_records_change_nothing(ordered: Landed, shuffled: Landed) -> None:
    assert shuffled.summary["duplicates"] > 0
    assert set(shuffled.summary["broken"]) == set(REASONS)
    assert_same(ordered, shuffled)
