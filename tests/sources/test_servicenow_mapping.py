"""What the mapping `servicenow` makes of the real incidents holds every number of truth.json that touchpoints can show."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.sources.support import DATA, mapped, numbers, truth

CASES = """
CREATE VIEW cases AS SELECT
  identifier_case AS number,
  arg_min(identifier_customer, sequence) FILTER (action = 'case.opened') AS caller,
  max(CASE action WHEN 'case.opened' THEN occurred_at END) AS opened_at,
  max(CASE action WHEN 'case.resolved' THEN occurred_at END) AS resolved_at,
  max(CASE action WHEN 'case.closed' THEN occurred_at END) AS closed_at,
  max(CASE action WHEN 'case.opened' THEN origin END) AS origin,
  arg_max(attribute_made_sla, sequence) FILTER (action = 'case.updated') AS made_sla,
  max(attribute_reassignment_count) AS reassignments,
FROM touchpoints GROUP BY ALL
"""
STEPS = """
CREATE VIEW steps AS SELECT
  identifier_case AS number,
  attribute_state AS state,
  lag(attribute_state) OVER (PARTITION BY identifier_case ORDER BY occurred_at, sequence, event_id) AS before,
FROM touchpoints WHERE action = 'case.updated'
"""
REOPENED = "before IN ('Resolved', 'Closed') AND state NOT IN ('Resolved', 'Closed')"
AWAITING = "state = 'Awaiting User Info' AND before IS DISTINCT FROM state"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return truth("servicenow")


@pytest.fixture(scope="module")
def cases() -> Iterator[duckdb.DuckDBPyConnection]:
    truth("servicenow")
    with mapped("servicenow", DATA / "servicenow") as connection:
        connection.execute(CASES)
        connection.execute(STEPS)
        yield connection


def test_one_touchpoint_a_row_and_one_a_milestone(cases: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    found = dict(cases.execute("SELECT action, count(*) FROM touchpoints GROUP BY 1").fetchall())
    assert found == {
        "case.opened": expected["incidents"],
        "case.updated": expected["rows"],
        "case.resolved": expected["with_resolved_at"],
        "case.closed": expected["with_closed_at"],
    }


def test_callers(cases: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    """A `?` is nobody: it never links two incidents.  Resolved and closed name the incident only."""
    assert numbers(cases, "SELECT count(caller), count(*) FROM cases") == (
        expected["incidents_with_known_caller"],
        expected["incidents"],
    )
    assert numbers(cases, "SELECT count(DISTINCT identifier_customer) FROM touchpoints") == expected["callers"]
    silent = "SELECT count(identifier_customer) FROM touchpoints WHERE action IN ('case.resolved', 'case.closed')"
    assert numbers(cases, silent) == 0


def test_origin_follows_the_way_in(cases: duckdb.DuckDBPyConnection) -> None:
    """The first row says how an incident came in; four of them say something else later."""
    first = "SELECT arg_min(contact_type, sys_mod_count) AS way FROM incident_events GROUP BY number"
    ways = dict(cases.execute(f"SELECT way, count(*) FROM ({first}) GROUP BY 1").fetchall())
    assert dict(cases.execute("SELECT origin, count(*) FROM cases GROUP BY 1").fetchall()) == {
        "human": ways["Phone"],
        "product": ways["Self service"] + ways["Direct opening"],
        "system": ways["Email"] + ways["IVR"],
    }


def test_states_in_the_order_of_touchpoints(cases: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    """(occurred_at, sequence) is the desk's own order: ties reversed would show thousands of false reopenings."""
    assert numbers(cases, f"SELECT count(*), count(DISTINCT number) FROM steps WHERE {REOPENED}") == (
        expected["reopen_transitions_by_state_sequence"],
        expected["incidents_with_reopen_transition"],
    )
    assert numbers(cases, f"SELECT count(*), count(DISTINCT number) FROM steps WHERE {AWAITING}") == (
        expected["awaiting_user_info_entries"],
        expected["awaiting_user_info_incidents"],
    )


def test_last_word_on_the_service_level(cases: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    assert dict(cases.execute("SELECT made_sla, count(*) FROM cases GROUP BY 1").fetchall()) == expected["made_sla_last_event"]


def test_reassignments(cases: duckdb.DuckDBPyConnection, expected: dict[str, Any]) -> None:
    found = numbers(cases, "SELECT count(*) FILTER (reassignments > 0), count(*) FILTER (reassignments >= 5) FROM cases")
    assert found == (expected["incidents_reassigned_gt0"], expected["reassign_ge5"])


@pytest.mark.parametrize("step", ["close", "resolve"])
def test_durations(cases: duckdb.DuckDBPyConnection, expected: dict[str, Any], step: str) -> None:
    hours = f"date_diff('second', opened_at, {'closed_at' if step == 'close' else 'resolved_at'}) / 3600"
    for quantile, value in expected[f"open_to_{step}_hours"].items():
        found = numbers(cases, f"SELECT quantile_cont({hours}, {int(quantile[1:]) / 100}) FROM cases")
        assert found == pytest.approx(value, abs=0.0006), quantile


def test_event_ids_and_sequences_are_unique(cases: duckdb.DuckDBPyConnection) -> None:
    assert numbers(cases, "SELECT count(*) = count(DISTINCT event_id) FROM touchpoints")
    assert numbers(cases, "SELECT count(*) = count(DISTINCT (identifier_case, sequence)) FROM touchpoints")
