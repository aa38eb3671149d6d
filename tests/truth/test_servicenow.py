"""The incidents of a service desk, through Kafka, Faust and ClickHouse: the views show what the files say, in any order."""

from datetime import datetime, timedelta
from functools import reduce
from operator import getitem

import pytest

from tests.fixtures.pipeline import Pipelines
from tests.truth.real_data import SHUFFLED, Landed, assert_all_accounted_for, assert_same, assert_verified, rules_of, through, truth

RULES = {
    "sla_missed": ("made_sla_last_event", "false"),
    "reopened_cases": ("incidents_with_reopen_transition",),
    "reopened_steps": ("reopen_transitions_by_state_sequence",),
    "awaiting_user_entries": ("awaiting_user_info_entries",),
    "awaiting_user_cases": ("awaiting_user_info_incidents",),
    "reassigned": ("incidents_reassigned_gt0",),
    "reassigned_5_up": ("reassign_ge5",),
    "repeat_contact": ("repeat_contacts_7d",),
    "callers_with_repeat": ("callers_with_repeat_7d",),
    "same_subcategory_again": ("repeat_same_subcategory_0_7d_after_close",),
}


def _as_of() -> str:
    return (datetime.fromisoformat(truth("servicenow")["closed_max"]) + timedelta(days=1)).isoformat()


@pytest.fixture(scope="module")
def ordered(sets: Pipelines) -> Landed:
    return through(sets, "servicenow", _as_of())


@pytest.fixture(scope="module")
def shuffled(sets: Pipelines) -> Landed:
    return through(sets, "servicenow", _as_of(), *SHUFFLED)


@pytest.fixture(params=["ordered", "shuffled"])
def cases(request: pytest.FixtureRequest) -> Landed:
    landed: Landed = request.getfixturevalue(request.param)
    return landed


def test_every_incident_is_one_closed_case_of_one_of_the_people(cases: Landed) -> None:
    """An incident without a caller is a person of its own; one whose caller changes stays with the first."""
    truth = cases.truth
    nobodies = truth["incidents"] - truth["incidents_with_known_caller"]
    counted = cases.value("SELECT count(), uniqExact(instance), uniqExact(person_id) FROM v_journeys")
    assert counted == (truth["incidents"], truth["incidents"], truth["callers"] + nobodies)
    assert cases.pipeline.query("SELECT outcome, count() FROM v_journeys GROUP BY outcome") == [("closed", truth["incidents"])]


def test_nobody_is_linked_with_anybody(cases: Landed) -> None:
    """Neither unknown callers nor the callers of an incident that changes its caller: callers, and incidents without one."""
    callers, nobodies = cases.truth["callers"], cases.truth["incidents"] - cases.truth["incidents_with_known_caller"]
    counted = "SELECT count(), max(identifiers), countIf(root_type = 'case'), countIf(root_value = '?') FROM v_persons"
    assert cases.value(counted) == (callers + nobodies, 1, nobodies, 0)
    assert cases.value("SELECT count(), uniqExact(person_id) FROM v_identifiers WHERE kind = 'person'") == (callers, callers)
    assert cases.value("SELECT (SELECT count() FROM v_links), (SELECT count() FROM v_merges)") == (0, 0)


def test_every_rule_is_compared() -> None:
    assert rules_of("servicenow") == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_cases_break_as_often_as_the_files_say(cases: Landed, rule: str) -> None:
    assert cases.broken(rule) == reduce(getitem, RULES[rule], cases.truth)


def test_cases_were_resolved_and_waited_for_the_caller_as_often_as_the_files_say(cases: Landed) -> None:
    resolved, waiting = cases.value(
        "SELECT countIf(stage = 'open_to_resolve' AND ended_at IS NOT NULL), countIf(stage = 'awaiting_user') FROM v_stages"
    )
    assert resolved == cases.truth["with_resolved_at"]
    assert waiting == cases.truth["awaiting_user_info_entries"]


@pytest.mark.parametrize("stage", ["open_to_close", "open_to_resolve"])
def test_stages_take_as_long_as_the_files_say(cases: Landed, stage: str) -> None:
    assert cases.stage(stage, 3_600) == cases.truth[f"{stage}_hours"]


def test_facts_are_those_of_the_files(cases: Landed) -> None:
    truth = cases.truth
    missed = cases.value("SELECT count() FROM v_journey_facts WHERE fact = 'made_sla' AND value_string = 'false'")
    reassigned = cases.value(
        "SELECT countIf(value_number > 0), countIf(value_number >= 5) FROM v_journey_facts WHERE fact = 'reassignments'"
    )
    assert missed == truth["made_sla_last_event"]["false"]
    assert reassigned == (truth["incidents_reassigned_gt0"], truth["reassign_ge5"])


def test_every_record_is_accounted_for(cases: Landed) -> None:
    assert_all_accounted_for(cases)


def test_the_tables_say_what_their_touchpoints_say(cases: Landed) -> None:
    assert_verified(cases)


def test_order_copies_and_broken_records_change_nothing(ordered: Landed, shuffled: Landed) -> None:
    assert shuffled.summary["duplicates"] > 0
    assert_same(ordered, shuffled)
