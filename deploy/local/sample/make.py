"""Draws the sample from the whole set, and counts its truth: `python -m deploy.local.sample.make WHOLE.parquet`.

The truth is counted by SQL over the sample alone, and shares nothing with the pipeline that is held against it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

from deploy.local.sample import EVENTS, TRUTH

FROM, UNTIL = "2016-05-01", "2016-05-28"  # opened in between; nothing that happened later is in the sample
LEAST_INCIDENTS = 1_000

# Whole callers, so that a person's incidents stay together, in an order that only their numbers decide.
SAMPLE = f"""
WITH
  opened AS (
    SELECT number, arg_min(caller_id, sys_mod_count) AS caller FROM whole GROUP BY number
    HAVING min(opened_at) >= TIMESTAMP '{FROM}' AND min(opened_at) < TIMESTAMP '{UNTIL}' AND caller <> '?'
  ),
  callers AS (SELECT caller, sum(count(*)) OVER (ORDER BY md5(caller)) - count(*) AS before FROM opened GROUP BY caller),
  drawn AS (SELECT number FROM opened JOIN callers USING (caller) WHERE before < {LEAST_INCIDENTS}),
  numbered AS (SELECT *, row_number() OVER () AS place FROM whole)
SELECT
  number, incident_state, reassignment_count, reopen_count, sys_mod_count, made_sla, caller_id, opened_at, sys_updated_at,
  contact_type, location, category, subcategory, priority, assignment_group, assigned_to,
  if(resolved_at < TIMESTAMP '{UNTIL}', resolved_at, NULL) AS resolved_at,
  if(closed_at < TIMESTAMP '{UNTIL}', closed_at, NULL) AS closed_at,
FROM numbered SEMI JOIN drawn USING (number)
WHERE sys_updated_at < TIMESTAMP '{UNTIL}'
ORDER BY place
"""

INCIDENTS = """
CREATE TEMP TABLE incidents AS
SELECT
  number, min(opened_at) AS opened_at, max(resolved_at) AS resolved_at, max(closed_at) AS closed_at,
  arg_min(contact_type, sys_mod_count) = 'Phone' AS by_phone
FROM events GROUP BY number
"""
STEPS = """
CREATE TEMP TABLE steps AS
WITH entered AS (
  SELECT number, sys_updated_at AS happened_at, incident_state AS state,
    lag(incident_state) OVER (PARTITION BY number ORDER BY sys_mod_count) AS before
  FROM events
)
SELECT number, opened_at AS happened_at, false AS told FROM incidents
UNION ALL SELECT number, happened_at, state IN ('Resolved', 'Awaiting User Info') AND state IS DISTINCT FROM before FROM entered
UNION ALL SELECT number, resolved_at, true FROM incidents WHERE resolved_at IS NOT NULL
UNION ALL SELECT number, closed_at, false FROM incidents WHERE closed_at IS NOT NULL
"""
# Who had the incident in hand, step by step; `step` settles what happens in the same minute.
HANDS = """
CREATE TEMP TABLE hands AS
WITH numbered AS (
  SELECT number, sys_updated_at, nullif(assignment_group, '?') AS team,
    row_number() OVER (PARTITION BY number ORDER BY sys_mod_count) AS step
  FROM events
),
ends AS (
  SELECT number, arg_min(team, step) AS first_team, arg_max(team, step) AS last_team, max(step) AS last
  FROM numbered GROUP BY number
)
SELECT number, sys_updated_at AS happened_at, step, team, true AS by_human FROM numbered
UNION ALL SELECT number, opened_at, 0, first_team, by_phone FROM incidents JOIN ends USING (number)
UNION ALL SELECT number, resolved_at, last + 1, last_team, true FROM incidents JOIN ends USING (number)
UNION ALL SELECT number, closed_at, last + 2, last_team, false FROM incidents JOIN ends USING (number)
"""
COUNTS = """
SELECT
  (SELECT count(*) FROM events) AS rows,
  (SELECT count(*) FROM steps) AS touchpoints,
  count(*) AS incidents,
  (SELECT count(DISTINCT caller_id) FROM events) AS people,
  count(resolved_at) AS resolved,
  count(closed_at) AS closed,
FROM incidents
"""
QUANTILES = "SELECT quantile_cont(date_diff('minute', opened_at, {0}) / 60, [0.5, 0.9]) FROM incidents"
# How many incidents break the rules of the shipped journey `service_case`.
RULES = {
    "not_resolved": """
        SELECT
          count(*) FILTER (resolved_at > opened_at + INTERVAL 5 DAY) AS recovered,
          count(*) FILTER (resolved_at IS NULL AND opened_at + INTERVAL 5 DAY < getvariable('as_of')) AS open
        FROM incidents""",
    "never_resolved": """
        SELECT count(*) AS open FROM incidents WHERE resolved_at IS NULL AND closed_at < getvariable('as_of')""",
    "no_first_answer": """
        WITH asked AS (
          SELECT
            number, opened_at + INTERVAL 8 HOUR AS due_at, closed_at,
            (SELECT min(happened_at) FROM steps s WHERE s.number = i.number AND told AND happened_at >= opened_at) AS answered_at
          FROM incidents i WHERE by_phone
        )
        SELECT
          count(*) FILTER (answered_at <= due_at + INTERVAL 7 DAY) AS recovered,
          count(*) FILTER (answered_at IS NULL OR answered_at > due_at + INTERVAL 7 DAY) AS open
        FROM asked
        WHERE due_at < getvariable('as_of') AND coalesce(answered_at > due_at, true) AND coalesce(closed_at > due_at, true)""",
    "stalled": """
        WITH gaps AS (
          SELECT
            number, least(resolved_at, closed_at) AS over_at, happened_at,
            lead(happened_at) OVER (PARTITION BY number ORDER BY happened_at) AS next_at
          FROM steps JOIN incidents USING (number)
        )
        SELECT count(DISTINCT number) AS "open or recovered" FROM gaps
        WHERE coalesce(next_at, getvariable('as_of')) > happened_at + INTERVAL 3 DAY AND coalesce(happened_at < over_at, true)""",
    "reopened": """
        WITH entered AS (
          SELECT incident_state AS state, lag(incident_state) OVER desk AS before
          FROM events WINDOW desk AS (PARTITION BY number ORDER BY sys_updated_at, sys_mod_count)
        )
        SELECT count(*) AS open FROM entered WHERE before IN ('Resolved', 'Closed') AND state NOT IN ('Resolved', 'Closed')""",
    "passed_round": """
        WITH teams AS (
          SELECT number, count(DISTINCT team) AS teams FROM hands JOIN incidents USING (number)
          WHERE by_human AND happened_at IS NOT NULL GROUP BY number, coalesce(happened_at > resolved_at, false)
        )
        SELECT count(DISTINCT number) AS open FROM teams WHERE teams >= 3""",
    "passed_back": """
        WITH passed AS (
          SELECT number, team, lag(team) OVER (PARTITION BY number ORDER BY happened_at, step) AS before
          FROM hands WHERE team IS NOT NULL AND happened_at IS NOT NULL
        ),
        came AS (
          SELECT number, count(*) FILTER (team IS DISTINCT FROM before) AS times, count(DISTINCT team) AS teams
          FROM passed GROUP BY number
        )
        SELECT count(*) AS open FROM came WHERE times > teams""",
}


def main(whole: Path) -> None:
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW whole AS SELECT * FROM '{whole}'")
    connection.execute(f"COPY ({SAMPLE}) TO '{EVENTS}' (FORMAT parquet, COMPRESSION zstd)")
    TRUTH.write_text(json.dumps(truth(), indent=1) + "\n", encoding="utf-8")


def truth() -> dict[str, Any]:
    """Counted from the sample's file; `as_of` is its last minute, in which all that waits is judged."""
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW events AS SELECT * FROM '{EVENTS}'")
    connection.execute(INCIDENTS)
    connection.execute(STEPS)
    connection.execute(HANDS)
    as_of = _row(connection, "SELECT max(happened_at) AS as_of FROM steps")["as_of"]
    connection.execute("SET VARIABLE as_of = ?", [as_of])
    return {
        "as_of": f"{as_of.isoformat()}Z",
        **_row(connection, COUNTS),
        **{f"open_to_{step}_hours": _quantiles(connection, f"{step}d_at") for step in ("close", "resolve")},
        "service_case": {rule: _row(connection, sql) for rule, sql in RULES.items()},
    }


def _quantiles(connection: duckdb.DuckDBPyConnection, column: str) -> dict[str, float]:
    (found,) = _row(connection, QUANTILES.format(column)).values()
    return {name: round(hours, 3) for name, hours in zip(("p50", "p90"), found, strict=True)}


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    result = connection.execute(sql)
    (values,) = result.fetchall()
    return dict(zip((column[0] for column in result.description), values, strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
