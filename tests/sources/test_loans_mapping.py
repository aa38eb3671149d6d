"""What the mapping `loans` makes of the real applications holds every number of truth.json that touchpoints can show."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from streams.core.identifiers import load_identifiers
from tests.sources.support import DATA, mapped, numbers, truth

CASES = """
CREATE VIEW cases AS SELECT
  identifier_application AS number,
  list(action) AS actions,
  min(occurred_at) AS first_at,
  max(occurred_at) AS last_at,
  min(occurred_at) FILTER (action = 'A_SUBMITTED') AS submitted_at,
  min(occurred_at) FILTER (attribute_lifecycle = 'START') AS started_at,
  count(*) FILTER (action = 'O_SENT') AS offers,
  count(*) FILTER (action = 'W_Nabellen offertes' AND attribute_lifecycle = 'START') AS followups,
FROM touchpoints GROUP BY ALL
"""
NO_OUTCOME = "NOT list_has_any(actions, ['A_APPROVED', 'A_DECLINED', 'A_CANCELLED'])"
NEVER_BACK = "offers > 0 AND NOT list_contains(actions, 'O_SENT_BACK')"
COUNTS = {
    "cases": "true",
    "approved": "list_contains(actions, 'A_APPROVED')",
    "declined": "list_contains(actions, 'A_DECLINED')",
    "cancelled": "list_contains(actions, 'A_CANCELLED')",
    "no_final_outcome": NO_OUTCOME,
    "cases_offer_sent": "offers > 0",
    "cases_2plus_offers_sent": "offers > 1",
    "cases_offer_sent_never_back": NEVER_BACK,
    "sent_never_back_and_cancelled": f"{NEVER_BACK} AND list_contains(actions, 'A_CANCELLED')",
    "cases_incomplete_file_calls": "list_contains(actions, 'W_Nabellen incomplete dossiers')",
    "cases_offer_followup_calls": "followups > 0",
    "cases_5plus_followup_calls": "followups >= 5",
    "cases_no_human_start": "started_at IS NULL",
}
TOUCHPOINTS = {
    "rows": "true",
    "incomplete_file_call_starts": "action = 'W_Nabellen incomplete dossiers' AND attribute_lifecycle = 'START'",
    "offer_followup_calls": "action = 'W_Nabellen offertes' AND attribute_lifecycle = 'START'",
    "resource_112_events(automatic)": "agent = '112'",
    "resource_null": "agent IS NULL",
}
QUANTILES = {
    "first_human_start_hours": "date_diff('millisecond', submitted_at, started_at) / 3600000",
    "case_duration_days": "date_diff('millisecond', first_at, last_at) / 86400000",
}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return truth("loans")


@pytest.fixture(scope="module")
def loans() -> Iterator[duckdb.DuckDBPyConnection]:
    truth("loans")
    with mapped("loans", DATA / "loans") as connection:
        connection.execute(CASES)
        yield connection


@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_applications(loans: duckdb.DuckDBPyConnection, expected: dict[str, Any], name: str) -> None:
    assert numbers(loans, f"SELECT count(*) FROM cases WHERE {COUNTS[name]}") == expected[name]


@pytest.mark.parametrize("name", TOUCHPOINTS)
def test_counts_of_touchpoints(loans: duckdb.DuckDBPyConnection, expected: dict[str, Any], name: str) -> None:
    assert numbers(loans, f"SELECT count(*) FROM touchpoints WHERE {TOUCHPOINTS[name]}") == expected[name]


@pytest.mark.parametrize("name", QUANTILES)
def test_durations_of_applications(loans: duckdb.DuckDBPyConnection, expected: dict[str, Any], name: str) -> None:
    for quantile, value in expected[name].items():
        found = numbers(loans, f"SELECT quantile_cont({QUANTILES[name]}, {int(quantile[1:]) / 100}) FROM cases")
        assert found == pytest.approx(value, abs=0.0006), quantile


def test_activities_and_resources_are_all_there(loans: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    found = numbers(loans, "SELECT count(DISTINCT action), count(DISTINCT agent) FROM touchpoints")
    assert found == (expected["activities"], expected["resources"])
    prefixes = loans.execute("SELECT action[1], count(*) FROM touchpoints GROUP BY 1").fetchall()
    assert dict(prefixes) == expected["prefix_events"]


def test_origin_is_people_for_work_and_the_automaton_for_what_it_did_itself(loans: duckdb.DuckDBPyConnection) -> None:
    """A submission comes from the product; every other step of an application or offer is the automaton's or somebody's."""
    rows = loans.execute(
        "SELECT DISTINCT action = 'A_SUBMITTED', action[1] = 'W', agent IS NOT DISTINCT FROM '112', origin FROM touchpoints"
    ).fetchall()
    assert sorted(rows) == [
        (False, False, False, "human"),
        (False, False, True, "system"),
        (False, True, False, "human"),
        (False, True, True, "human"),
        (True, False, True, "product"),
    ]


def test_an_application_is_an_object_and_nobody_is_named(loans: duckdb.DuckDBPyConnection) -> None:
    columns = [name for (name, *_) in loans.execute("DESCRIBE touchpoints").fetchall()]
    assert [name for name in columns if name.startswith("identifier_")] == ["identifier_application"]
    assert load_identifiers().kinds["application"] == "object"
    assert numbers(loans, "SELECT count(*) FROM touchpoints WHERE identifier_application IS NULL") == 0


def test_event_ids_and_sequences_are_unique(loans: duckdb.DuckDBPyConnection) -> None:
    assert numbers(loans, "SELECT count(*) = count(DISTINCT event_id) FROM touchpoints")
    assert numbers(loans, "SELECT count(*) = count(DISTINCT (identifier_application, sequence)) FROM touchpoints")
