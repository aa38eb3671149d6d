"""The demo's sample: its truth is counted from it alone, and mapping and core together find exactly that."""

import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from deploy.local.sample import EVENTS, TRUTH, make
from streams.core.definition import compile_definition, load
from streams.core.identifiers import load_identifiers
from streams.core.intake import Limits, touchpoint_of
from streams.core.journey import instances_of, judge
from streams.core.touchpoint import Touchpoint, order_of
from streams.core.verdict import NEVER, Clock, Verdict
from streams.sources import wire
from streams.sources.rows import Rows, Source
from tests.sources.support import DATA, mapped, numbers, truth

CASE = Path(__file__).parents[2] / "streams" / "definitions" / "case.yaml"
ENDS_AT = "2026-03-01T12:34:56+00:00"
EXPECTED: dict[str, Any] = json.loads(TRUTH.read_text(encoding="utf-8"))


def touchpoints() -> list[Touchpoint]:
    identifiers = load_identifiers()
    rows = Rows(Source("servicenow", [EVENTS], {"ends_at": ENDS_AT}), identifiers, "")
    everything = (wire.record(rows.columns.content, row) for batch in rows.batches(5_000) for row in batch)
    limits = Limits(oldest_ms=1 << 60, future_ms=1 << 60)
    return [touchpoint_of(record, identifiers, limits, 0) for record in everything]


@cache
def verdicts() -> list[Verdict]:
    """Every journey of the shipped definition, judged in the sample's last minute."""
    definition = compile_definition(load(CASE.read_text(encoding="utf-8"), CASE.name))
    cases: dict[str, list[Touchpoint]] = defaultdict(list)
    for touchpoint in touchpoints():
        for instance in instances_of(definition.instances.kind, touchpoint):
            cases[instance].append(touchpoint)
    clock = Clock(max(each.occurred_at for several in cases.values() for each in several), NEVER)
    return [judge(definition, instance, sorted(several, key=order_of), clock) for instance, several in cases.items()]


def test_the_truth_is_what_the_file_says() -> None:
    assert make.truth() == EXPECTED


def test_the_sample_is_drawn_the_same_again() -> None:
    """From the whole set, by callers' numbers alone."""
    truth("servicenow")
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW whole AS SELECT * FROM '{DATA}/servicenow/incident_events.parquet'")
    drawn = connection.execute(make.SAMPLE).fetchall()
    assert drawn == connection.execute(f"SELECT * FROM '{EVENTS}'").fetchall()


def test_the_mapping_finds_every_incident_and_person() -> None:
    with mapped("servicenow", EVENTS) as connection:
        sql = "SELECT count(*), count(DISTINCT identifier_case), count(DISTINCT identifier_customer) FROM touchpoints"
        assert numbers(connection, sql) == (EXPECTED["touchpoints"], EXPECTED["incidents"], EXPECTED["people"])


def test_the_sample_can_end_at_any_time() -> None:
    """Moved as a whole: its last touchpoint happens in the minute given, every distance stays."""
    with mapped("servicenow", EVENTS, ends_at=ENDS_AT) as moved, mapped("servicenow", EVENTS) as plain:
        sql = "SELECT strftime(max(occurred_at), '%Y-%m-%dT%H:%M:%SZ'), max(occurred_at) - min(occurred_at) FROM touchpoints"
        (moved_end, moved_span), (plain_end, plain_span) = numbers(moved, sql), numbers(plain, sql)
    assert (moved_end, plain_end) == ("2026-03-01T12:34:00Z", EXPECTED["as_of"])
    assert moved_span == plain_span


def test_ends_at_may_be_the_time_of_loading() -> None:
    with mapped("servicenow", EVENTS, ends_at="loaded_at", loaded_at=ENDS_AT) as connection:
        assert numbers(connection, "SELECT strftime(max(occurred_at), '%H:%M') FROM touchpoints") == "12:34"


def test_journeys_of_the_sample() -> None:
    found = Counter((verdict.journey.state, verdict.journey.outcome) for verdict in verdicts() if verdict.journey)
    assert found == {("closed", "solved"): EXPECTED["closed"], ("open", ""): EXPECTED["incidents"] - EXPECTED["closed"]}


@pytest.mark.parametrize("rule", EXPECTED["service_case"])
def test_breakages_of_the_sample(rule: str) -> None:
    states = Counter(breakage.state for verdict in verdicts() for breakage in verdict.breakages if breakage.rule == rule)
    for state, number in EXPECTED["service_case"][rule].items():
        assert sum(states[name] for name in state.split(" or ")) == number, state


def test_no_other_rule_is_broken() -> None:
    found = {breakage.rule for verdict in verdicts() for breakage in verdict.breakages}
    assert found == set(EXPECTED["service_case"])
