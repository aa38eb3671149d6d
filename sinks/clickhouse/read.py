"""What the command line reads back: counts, a report, how far event time has landed, and how long landing takes."""

from datetime import datetime
from typing import NamedTuple, TypedDict

from clickhouse_driver import Client

__all__ = ["VIEWS", "counts", "freshness", "landed_clocks", "latency", "report"]
VIEWS = (
    "v_touchpoints", "v_touchpoint_identifiers", "v_touchpoint_attributes", "v_conflicts", "v_rejected", "v_dead_letters",
    "v_reconciliation", "v_reconciliation_sources",
    "v_identifiers", "v_persons", "v_links", "v_merges", "v_consents", "v_journey_consents",
    "v_person_attributes", "v_journey_attributes", "v_breakage_attributes",
    "v_journeys", "v_stages", "v_promises", "v_journey_facts", "v_breakages", "v_breakage_history", "v_breakage_evidence",
    "v_journey_minutes", "v_journey_hours", "v_quarantined", "v_clocks", "v_freshness",
)  # fmt: skip


class Report(TypedDict):
    """`journeys`: definition -> outcome, or `open` -> how many.  `breakages`: definition -> rule -> state -> how many."""

    journeys: dict[str, dict[str, int]]
    breakages: dict[str, dict[str, dict[str, int]]]


class Latency(TypedDict):
    """Milliseconds; both None where nothing was measured (`n` is 0)."""

    n: int
    p50_ms: float | None
    p95_ms: float | None


class LandedClock(NamedTuple):
    """`complete`: every partition and source of the topic has spoken; else both times are `streams.core.verdict.NEVER`."""

    complete: bool
    clock_ms: int
    final_ms: int
    redirects: int


class Freshness(NamedTuple):
    """Of one table; None where nothing has come yet."""

    newest_at: datetime | None
    clock_at: datetime | None
    landed_at: datetime | None


def counts(client: Client) -> dict[str, int]:
    """Rows of every view that readers have."""
    return {view: client.execute(f"SELECT count() FROM {view}")[0][0] for view in VIEWS}


def report(client: Client) -> Report:
    """What stands: journeys by outcome, breakages by rule and state, those that were withdrawn too."""
    journeys: dict[str, dict[str, int]] = {}
    query = "SELECT definition, if(state = 'closed', outcome, 'open'), count() FROM v_journeys GROUP BY ALL ORDER BY ALL"
    for definition, outcome, n in client.execute(query):
        journeys.setdefault(definition, {})[outcome] = n
    breakages: dict[str, dict[str, dict[str, int]]] = {}
    query = "SELECT definition, rule, state, count() FROM v_breakage_history GROUP BY ALL ORDER BY ALL"
    for definition, rule, state, n in client.execute(query):
        breakages.setdefault(definition, {}).setdefault(rule, {})[state] = n
    return {"journeys": journeys, "breakages": breakages}


def landed_clocks(client: Client) -> dict[str, LandedClock]:
    """Topic without its namespace -> the least clock of all its partitions and sources."""
    rows = client.execute("SELECT topic, complete, clock_ms, final_ms, redirects FROM v_clocks ORDER BY topic")
    return {topic: LandedClock(bool(complete), *rest) for topic, complete, *rest in rows}


def freshness(client: Client) -> dict[str, Freshness]:
    """Table -> newest event, clock, last insert."""
    rows = client.execute("SELECT table, newest_at, clock_at, landed_at FROM v_freshness ORDER BY table")
    return {table: Freshness(*rest) for table, *rest in rows}


TOUCHPOINT_LATENCY = """
SELECT dateDiff('millisecond', received_at, landed_at) AS ms
FROM touchpoints_newest
WHERE landed_at > now64(3) - toIntervalSecond(%(within_s)s)
"""
JOURNEY_LATENCY = """
WITH newest AS
(
    SELECT address_id, max(received_at) AS received_at, max(occurred_at) AS last_at FROM touchpoints_newest GROUP BY address_id
)
SELECT dateDiff('millisecond', newest.received_at, j.landed_at) AS ms
FROM journeys_newest AS j
INNER JOIN newest ON newest.address_id = j.address_id AND newest.last_at = j.last_at
WHERE j.landed_at > now64(3) - toIntervalSecond(%(within_s)s)
    AND j.state NOT IN ('moved', 'quarantined') AND j.outcome != 'expired' AND NOT has(j.`promises.state`, 'overdue')
"""


def latency(client: Client, within_s: int = 10 * 365 * 86_400) -> dict[str, Latency]:
    """Event to queryable, for rows that were inserted in the last `within_s` seconds: `touchpoints` and `journeys`.

    From the time that the broker stored a touchpoint on the input topic to the time that ClickHouse began to insert the row; the
    row is queryable a few milliseconds after that.  Both clocks are those of the servers: what they differ by is in the figure.
    `journeys` compares a journey as it stands with the last touchpoint at its address.  Journeys that the passing of time changed
    since (an overdue promise, `expired`) tell nothing about this way and are left out.
    """
    found = {}
    for name, query in (("touchpoints", TOUCHPOINT_LATENCY), ("journeys", JOURNEY_LATENCY)):
        summary = f"SELECT count(), quantileExactInclusiveOrNull(0.5)(ms), quantileExactInclusiveOrNull(0.95)(ms) FROM ({query})"
        ((n, p50_ms, p95_ms),) = client.execute(summary, {"within_s": within_s})
        found[name] = Latency(n=n, p50_ms=p50_ms, p95_ms=p95_ms)
    return found
