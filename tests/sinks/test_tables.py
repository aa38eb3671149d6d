"""The tables: every column commented, keys that never change, and what lands is what was sent."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import decoder, encoder
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import TABLES
from streams.core.verdict import NEVER
from tests.sinks.samples import AT, DAY_MS, batch, breakage, clock, journey, person, promise, proof, rejected, stage, touchpoint

YEAR_1900_MS, YEAR_2200_MS = -2_208_988_800_000, 7_258_118_400_000
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
TIMES = st.integers(YEAR_1900_MS, YEAR_2200_MS)
SECONDS = st.none() | st.floats(-1e9, 1e9)
SCALARS = (
    TEXTS | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.just(3.0) | st.booleans()
)
COUNTS = st.integers(0, (1 << 31) - 1)
STAGES = st.builds(
    stage, TEXTS, entry=COUNTS, started_at=TIMES, ended_at=st.none() | TIMES, duration_s=SECONDS, working_s=SECONDS,
    started_by=TEXTS, ended_by=TEXTS,
)  # fmt: skip
PROMISES = st.builds(
    promise, TEXTS, occurrence=TEXTS, state=st.sampled_from(["open", "kept_late"]), made_at=TIMES, first_due_at=TIMES, due_at=TIMES,
    settled_at=st.none() | TIMES, margin_s=SECONDS, revisions=COUNTS, made_by=TEXTS, settled_by=TEXTS,
)  # fmt: skip
PROOFS = st.builds(proof, TEXTS, TEXTS, source=TEXTS, occurred_at=TIMES, action=TEXTS)
FACTS = st.builds(lambda name, value: {"name": name, "value": value}, TEXTS, SCALARS)
ROUND_TRIP = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MS = "toUnixTimestamp64Milli"


def test_every_table_and_column_has_a_comment(client: Client) -> None:
    columns = client.execute(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = '' AND table IN"
        " (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT LIKE '%View')"
    )
    tables = client.execute("SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = ''")
    assert (columns, tables) == ([], [])


def test_the_database_is_atomic_and_each_table_replaces_by_version(client: Client) -> None:
    assert client.execute("SELECT engine FROM system.databases WHERE name = currentDatabase()") == [("Atomic",)]
    engines = dict(client.execute("SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"))
    assert all(engines[table].startswith("ReplacingMergeTree(version)") for table in TABLES)


def test_times_are_stored_to_the_millisecond_in_utc(client: Client, sink: ClickHouseSink) -> None:
    sink.add(batch("touchpoints", touchpoint(occurred_at=AT + 123)))
    sink.flush()
    at = datetime(2025, 10, 9, 8, 53, 20, 123_000, tzinfo=UTC)
    assert client.execute("SELECT occurred_at, landed_at > received_at FROM touchpoints") == [(at, 1)]


def test_a_history_over_many_months_lands_in_one_insert(client: Client, sink: ClickHouseSink) -> None:
    """140 months: more than a server lets one insert touch by default."""
    sink.add(batch("touchpoints", *(touchpoint(f"e{n}", occurred_at=AT - n * 31 * DAY_MS) for n in range(140))))
    sink.flush()
    assert client.execute("SELECT count() FROM touchpoints") == [(140,)]


@ROUND_TRIP
@given(
    identifiers=st.lists(st.tuples(TEXTS, TEXTS), max_size=3), attributes=st.dictionaries(TEXTS, SCALARS, max_size=4), text=TEXTS
)
def test_a_touchpoint_lands_as_it_was(
    client: Client, sink: ClickHouseSink, identifiers: list[tuple[str, str]], attributes: dict[str, Any], text: str
) -> None:
    client.execute("TRUNCATE TABLE touchpoints")
    sent = touchpoint(
        text, identifiers=tuple(identifiers), attributes=attributes, team=text, agent=text, content_hash=(1 << 64) - 1,
        partition=7, offset=1 << 40, late_ms=5, too_late=True, load=text, sequence=-3,
    )  # fmt: skip
    sink.add(batch("touchpoints", sent, partition=3, first=9))
    sink.flush()
    (row,) = client.execute(
        "SELECT event_id, team, agent, load, identifiers, attributes, content_hash, source_partition, source_offset, late_ms,"
        " too_late, sequence, log_partition, log_version FROM touchpoints"
    )
    assert row[:4] == (text, text, text, text)
    assert row[4] == identifiers
    assert json.loads(row[5]) == attributes
    assert row[6:] == ((1 << 64) - 1, 7, 1 << 40, 5, True, -3, 3, 9)


@ROUND_TRIP
@given(
    stages=st.lists(STAGES, max_size=3), promises=st.lists(PROMISES, max_size=3), facts=st.lists(FACTS, max_size=3), at=TIMES,
    closed_at=st.none() | TIMES, text=TEXTS,
)  # fmt: skip
def test_a_journey_lands_as_it_was(
    client: Client, sink: ClickHouseSink, stages: list[Any], promises: list[Any], facts: list[Any], at: int, closed_at: int | None,
    text: str,
) -> None:  # fmt: skip
    client.execute("TRUNCATE TABLE journeys")
    sent = journey(text, stages=stages, promises=promises, facts=facts, opened_at=at, closed_at=closed_at, outcome=text)
    sent = decoder("journey")(encoder("journey")(sent))
    sink.add(batch("journeys", sent))
    sink.flush()
    query = f"SELECT stages, promises, facts.name, facts.value, {MS}(opened_at), {MS}(closed_at), instance, outcome FROM journeys"
    (row,) = client.execute(query)
    assert row[0] == [tuple(each.values()) for each in sent["stages"]]
    assert row[1] == [tuple(each.values()) for each in sent["promises"]]
    assert row[2] == [each["name"] for each in sent["facts"]]
    values = [json.loads(value) for value in row[3]]
    assert [(type(value), value) for value in values] == [(type(each["value"]), each["value"]) for each in sent["facts"]]
    assert row[4:] == (at, closed_at, text, text)


@ROUND_TRIP
@given(evidence=st.lists(PROOFS, max_size=4), facts=st.lists(FACTS, max_size=2), due_at=st.none() | TIMES)
def test_a_breakage_lands_as_it_was(
    client: Client, sink: ClickHouseSink, evidence: list[Any], facts: list[Any], due_at: int | None
) -> None:
    client.execute("TRUNCATE TABLE breakages")
    sent = decoder("breakage")(encoder("breakage")(breakage(evidence=evidence, facts=facts, due_at=due_at)))
    sink.add(batch("breakages", sent))
    sink.flush()
    (row,) = client.execute(f"SELECT evidence, facts.value, {MS}(due_at) FROM breakages")
    assert row[0] == [tuple(each.values()) for each in sent["evidence"]]
    assert [json.loads(value) for value in row[1]] == [each["value"] for each in sent["facts"]]
    assert row[2] == due_at


@ROUND_TRIP
@given(key=st.none() | st.binary(max_size=9), value=st.none() | st.binary(max_size=99), header=st.none() | st.binary(max_size=9))
def test_a_rejected_record_keeps_its_bytes(
    client: Client, sink: ClickHouseSink, key: bytes | None, value: bytes | None, header: bytes | None
) -> None:
    client.execute("TRUNCATE TABLE rejected_touchpoints")
    sink.add(batch("rejected_touchpoints", rejected(key=key, value=value, headers=[{"name": "h", "value": header}])))
    sink.flush()
    query = "SELECT hex(key), hex(value), headers.name, arrayMap(v -> hex(v), headers.value) FROM rejected_touchpoints"
    expected = tuple(None if each is None else each.hex().upper() for each in (key, value, header))
    assert client.execute(query) == [(expected[0], expected[1], ["h"], [expected[2]])]


def test_a_person_and_a_clock_that_has_never_spoken_land_as_they_were(client: Client, sink: ClickHouseSink) -> None:
    sent = person(linked_at=None, kind="object")
    sink.add(batch("people", sent))
    sink.add(batch("clocks", clock(clock_ms=NEVER)))
    sink.add(batch("journeys", journey(clock_at=NEVER)))
    sink.flush()
    assert client.execute(f"SELECT {', '.join(sent)} FROM people") == [tuple(sent.values())]
    assert client.execute("SELECT clock_ms, final_ms FROM clocks") == [(NEVER, NEVER)]
    assert client.execute("SELECT clock_at FROM v_journeys") == [(None,)]


@pytest.mark.parametrize("table", ["journeys", "breakages", "people"])
def test_what_can_change_is_in_no_key_but_the_day(client: Client, table: str) -> None:
    """A changed value in a sorting or partition key would leave the old row standing beside the new one; for days see test_days."""
    keys = client.execute(
        "SELECT concat(sorting_key, ' ', partition_key) FROM system.tables WHERE database = currentDatabase() AND name = %(t)s",
        {"t": table},
    )[0][0]
    fixed = {
        "journeys": {"toDate32", "opened_at", "definition", "instance", "person_id"},
        "breakages": {"toDate32", "broken_at", "definition", "rule", "instance", "occurrence", "person_id"},
        "people": {"own_id"},
    }
    assert set(re.findall(r"\w+", keys)) == fixed[table]
