"""Views for readers: plain types, each column explained, exact figures."""

import random
import statistics
from typing import Any

import pytest
from clickhouse_driver import Client

from deploy.local.database import Database
from sinks.clickhouse.minutes import ClickHouseMinutes
from sinks.clickhouse.read import VIEWS
from sinks.clickhouse.sink import ClickHouseSink
from streams.core.touchpoint import hash_id
from streams.core.verdict import NEVER
from tests.sinks import samples
from tests.sinks.databases import land
from tests.sinks.samples import (
    AT,
    DAY_MS,
    HOUR_MS,
    OTHER,
    PERSON,
    batch,
    breakage,
    journey,
    person,
    promise,
    proof,
    rejected,
    stage,
    touchpoint,
)

PLAIN = {"String", "Bool", "Float64", "Int64", "UInt32", "UInt64", "DateTime64(3, 'UTC')"}
EVERYTHING: dict[str, list[Any]] = {
    "touchpoints": [
        touchpoint(), samples.consent("granted", AT - 1),
        touchpoint("t", attributes={"person_tier": "gold"}, address="customer:c1", occurred_at=AT - 1),
    ],
    "journeys": [
        journey(clock_at=NEVER, stages=[stage()], promises=[promise()], facts=[{"name": "price", "value": 1.5}]),
        samples.quarantined(),
    ],
    "breakages": [breakage(clock_at=NEVER)],
    "people": [person()],
    "pairs": [samples.pair()],
    "receipts": [samples.receipt()],
    "rejected_touchpoints": [rejected()],
    "replayed_touchpoints": [samples.replayed()],
    "received_offsets": [samples.received()],
    "clocks": [samples.clock()],
}  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_columns_are_plain_and_explained(client: Client, view: str) -> None:
    columns = client.execute(
        "SELECT name, type, comment FROM system.columns WHERE database = currentDatabase() AND table = %(v)s", {"v": view}
    )
    kinds = {
        name: kind.removeprefix("Nullable(").removesuffix(")") if kind.startswith("Nullable") else kind for name, kind, _ in columns
    }
    assert columns
    assert {name: kind for name, kind in kinds.items() if kind not in PLAIN} == {}
    assert [name for name, _, comment in columns if not comment] == []


def test_readers_need_rights_on_views_only(client: Client) -> None:
    """Each view for readers runs with the rights of who migrated; grants are in roles.sql, for these views and no others."""
    for view in VIEWS:
        assert "SQL SECURITY DEFINER" in client.execute(f"SHOW CREATE VIEW {view}")[0][0], view


def test_a_bi_tool_reads_every_view_over_http(clickhouse: Database, client: Client, sink: ClickHouseSink) -> None:
    """With the client that BI tools use; each view shows something."""
    import clickhouse_connect

    land(sink, *(batch(table, *rows) for table, rows in EVERYTHING.items()))
    land(sink, batch("touchpoints", touchpoint(address="order:o2"), first=9))  # a conflict
    ClickHouseMinutes(lambda: client).recompute([AT // 60_000], 1)
    database = client.execute("SELECT currentDatabase()")[0][0]
    with clickhouse_connect.get_client(
        host=clickhouse.host, port=clickhouse.http_port, username=clickhouse.user, password=clickhouse.password, database=database
    ) as reader:
        rows = {view: reader.query(f"SELECT * FROM {view}").result_rows for view in VIEWS}
    assert {view for view, found in rows.items() if not found} == set()


def test_quantiles_of_durations_are_exact(client: Client, sink: ClickHouseSink) -> None:
    """The linear quantile of all durations, as everybody computes it; open stages do not count."""
    world = random.Random(2)
    hours = [world.uniform(0, 100) for _ in range(500)]
    rows = [journey(f"o{n}", stages=[stage(duration_s=h * 3600), stage("other", duration_s=1.0)]) for n, h in enumerate(hours)]
    land(sink, batch("journeys", *rows, journey("open", stages=[stage(duration_s=None, ended_at=None)])))
    query = "SELECT arrayJoin(quantilesExactInclusive(0.5, 0.9)(duration_s)) / 3600 FROM v_stages WHERE stage = 'approval'"
    cuts = statistics.quantiles(hours, n=10, method="inclusive")
    assert [q for (q,) in client.execute(query)] == pytest.approx([cuts[4], cuts[8]], rel=1e-12)


def test_stages_and_promises_come_one_row_each_with_their_journey(client: Client, sink: ClickHouseSink) -> None:
    kept = promise("answer", state="kept", settled_at=AT + HOUR_MS, margin_s=-60.0, settled_by="e2")
    land(sink, batch("journeys", journey(outcome="delivered", stages=[stage(), stage(entry=2)], promises=[promise(), kept])))
    stages = client.execute("SELECT stage, entry, duration_s, working_s, outcome, instance FROM v_stages ORDER BY entry")
    assert stages == [("approval", 1, 3600.0, None, "delivered", "o1"), ("approval", 2, 3600.0, None, "delivered", "o1")]
    promises = client.execute("SELECT promise, state, margin_s, settled_at IS NULL, person_id FROM v_promises ORDER BY promise")
    assert promises == [("answer", "kept", -60.0, 0, PERSON), ("delivery", "open", None, 1, PERSON)]


@pytest.mark.parametrize(
    ("value", "columns"),
    [
        ('a "quoted" text', ('a "quoted" text', None, None, None)),
        ("12.5", ("12.5", None, None, None)),
        (12.5, (None, 12.5, None, None)),
        (3.0, (None, 3.0, None, None)),
        ((1 << 53) + 1, (None, float(1 << 53), (1 << 53) + 1, None)),
        (-7, (None, -7.0, -7, None)),
        (True, (None, None, None, True)),
        (False, (None, None, None, False)),
        ("", ("", None, None, None)),
    ],
)
def test_a_fact_and_an_attribute_keep_their_type(
    client: Client, sink: ClickHouseSink, value: Any, columns: tuple[Any, ...]
) -> None:
    fact = [{"name": "named", "value": value}]
    land(sink, batch("journeys", journey(facts=fact)), batch("touchpoints", touchpoint(attributes={"named": value})))
    names = "value_string, value_number, value_integer, value_boolean"
    assert client.execute(f"SELECT fact, {names} FROM v_journey_facts") == [("named", *columns)]
    assert client.execute(f"SELECT name, {names} FROM v_touchpoint_attributes") == [("named", *columns)]


def test_a_consent_stands_as_it_was_said_last_and_stood_when_a_journey_opened(client: Client, sink: ClickHouseSink) -> None:
    """In event order, whatever came first; over all identifiers of a person; another purpose or channel changes nothing."""
    said = [
        samples.consent("withdrawn", AT + 5), samples.consent("granted", AT - 9), samples.consent("granted", AT - 3),
        samples.consent("withdrawn", AT + 9, address="email:e1"), samples.consent("granted", AT + 2, purpose="surveys"),
        samples.consent("withdrawn", AT - 1, channel="sms"),
    ]  # fmt: skip
    people = [person(), person(own_id=hash_id("email", "e1"), identifier_type="email", identifier_value="e1")]
    land(sink, batch("touchpoints", *said), batch("people", *people), batch("journeys", journey()))
    stands = "SELECT person_id, purpose, channel, state, toUnixTimestamp64Milli(since) FROM v_consents ORDER BY purpose, channel"
    assert client.execute(stands) == [
        (PERSON, "marketing", "", "withdrawn", AT + 5),
        (PERSON, "marketing", "sms", "withdrawn", AT - 1),
        (PERSON, "surveys", "", "granted", AT + 2),
    ]
    found = client.execute(
        "SELECT definition, instance, purpose, channel, state, toUnixTimestamp64Milli(said_at) FROM v_journey_consents ORDER BY ALL"
    )
    assert found == [
        ("order", "o1", "marketing", "", "granted", AT - 3),
        ("order", "o1", "marketing", "sms", "withdrawn", AT - 1),
        ("order", "o1", "surveys", "", "unknown", None),
    ]


def test_attributes_can_be_asked_for_by_name(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("touchpoints", touchpoint(attributes={"payment": "card", "price": 2.5, "items": 2})))
    query = "SELECT JSONExtractString(attributes, 'payment'), JSONExtractFloat(attributes, 'price') FROM v_touchpoints"
    assert client.execute(query) == [("card", 2.5)]


def test_a_touchpoint_is_shown_with_its_person(client: Client, sink: ClickHouseSink) -> None:
    """Its address belongs to somebody, has no owner known, or is a person itself; what people says last counts."""
    rows = [touchpoint("e1"), touchpoint("e2", address="order:o2"), touchpoint("e3", address="customer:c1")]
    land(sink, batch("touchpoints", *rows), batch("people", person("o1", OTHER, 1), person("o1", PERSON, 2)))
    shown = client.execute("SELECT event_id, person_id, address_type, address_value FROM v_touchpoints ORDER BY event_id")
    assert shown == [
        ("e1", PERSON, "order", "o1"),
        ("e2", hash_id("order", "o2"), "order", "o2"),
        ("e3", PERSON, "customer", "c1"),
    ]


def test_breakages_are_shown_without_the_withdrawn_and_their_history_with_them(client: Client, sink: ClickHouseSink) -> None:
    states = ["open", "recovered", "withdrawn", "moved"]
    evidence = [proof("e1"), proof("e2", "kept", action="order.delivered")]
    land(sink, batch("breakages", *(breakage(f"o{n}", state=state, evidence=evidence) for n, state in enumerate(states))))
    assert client.execute("SELECT state FROM v_breakages ORDER BY state") == [("open",), ("recovered",)]
    assert client.execute("SELECT state FROM v_breakage_history ORDER BY state") == [("open",), ("recovered",), ("withdrawn",)]
    proofs = client.execute("SELECT instance, event_id, role, action FROM v_breakage_evidence ORDER BY ALL")
    assert proofs == [
        (o, *rest) for o in ("o0", "o1") for rest in (("e1", "made", "order.placed"), ("e2", "kept", "order.delivered"))
    ]


def test_receipts_of_quarantine_are_shown_apart(client: Client, sink: ClickHouseSink) -> None:
    """For the owner of what is too large, and neither as journeys nor in figures."""
    whole = {"address_id": PERSON, "instance": PERSON, "journey_id": hash_id("journey", "", PERSON), "version": 2}
    of_old = samples.quarantined("o8", person=hash_id("order", "o8"))
    gone = {**samples.quarantined("o7"), "state": "moved"}
    rows = [journey(), samples.quarantined(redirects=1), {**samples.quarantined(), **whole}, of_old, gone]
    land(sink, batch("journeys", *rows), batch("people", person("o9", PERSON, 1), person("o8", PERSON, 2)))
    columns = "scope, person_id, address_id, address_type, touchpoints, most_touchpoints"
    assert client.execute(f"SELECT {columns} FROM v_quarantined ORDER BY scope") == [
        ("address", PERSON, hash_id("order", "o9"), "order", 1_001, 1_000),
        ("person", PERSON, PERSON, "", 1_001, 1_000),
    ]
    times = "toUnixTimestamp64Milli(first_at), toUnixTimestamp64Milli(last_at), toUnixTimestamp64Milli(quarantined_at)"
    assert client.execute(f"SELECT DISTINCT {times} FROM v_quarantined") == [(AT, AT + HOUR_MS, AT + DAY_MS)]
    assert client.execute("SELECT instance FROM v_journeys") == [("o1",)]
    ClickHouseMinutes(lambda: client).recompute([AT // 60_000], 1)
    assert client.execute("SELECT definition, sum(n) FROM v_journey_minutes GROUP BY 1") == [("order", 1)]


def test_copies_of_an_event_with_another_address_or_day_are_listed(client: Client, sink: ClickHouseSink) -> None:
    one, elsewhere, tomorrow = touchpoint(), touchpoint(address="order:o2", content_hash=255), touchpoint(occurred_at=AT + DAY_MS)
    land(sink, batch("touchpoints", one, elsewhere, tomorrow, touchpoint("e2"), touchpoint(source="crm")))
    listed = client.execute("SELECT source, event_id, address_value, content_hash, copies FROM v_conflicts ORDER BY occurred_at, 3")
    usual = f"{1 << 40:016x}"
    assert listed == [("shop", "e1", "o1", usual, 3), ("shop", "e1", "o2", f"{255:016x}", 3), ("shop", "e1", "o1", usual, 3)]


def test_a_rejected_record_is_shown_as_text_where_it_is_readable(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("rejected_touchpoints", rejected(1), rejected(2, value="é{".encode()), rejected(3, value=None)))
    shown = client.execute("SELECT value_text, value_base64 FROM v_rejected ORDER BY offset")
    assert shown == [(None, "/wD+"), ("é{", "w6l7"), (None, None)]


def parts_read(plan: list[tuple[str]], table: str) -> tuple[int, int]:
    """(parts read, all parts) of a table: the first index of a plan starts from all, the last says what is left."""
    lines = [line for (line,) in plan]
    start = next(number for number, line in enumerate(lines) if "ReadFromMergeTree" in line and f".{table})" in line)
    found = []
    for line in lines[start + 1 :]:
        if "ReadFrom" in line:
            break
        if "Parts: " in line and "/" in line:
            found.append(tuple(int(part) for part in line.split("Parts: ")[1].split("/")))
    return found[-1][0], found[0][1]


def test_a_bound_on_time_reads_only_its_months_of_touchpoints(client: Client, sink: ClickHouseSink) -> None:
    """Also beside a condition on the source, which comes next in the key."""
    land(sink, batch("touchpoints", *(touchpoint(f"e{n}", occurred_at=AT - n * 31 * DAY_MS) for n in range(24))))
    bound = "occurred_at >= toDateTime64('2025-10-01 00:00:00', 3, 'UTC')"
    for condition, found in ((bound, 1), (f"{bound} AND source = 'shop'", 1), (f"{bound} AND source = 'crm'", 0)):
        plan = client.execute(f"EXPLAIN indexes = 1 SELECT action, count() FROM v_touchpoints WHERE {condition} GROUP BY action")
        assert parts_read(plan, "touchpoints")[0] <= 1
        assert client.execute(f"SELECT count() FROM v_touchpoints WHERE {condition}") == [(found,)]


def test_a_query_of_durations_reads_no_other_field_of_the_stages(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("journeys", journey(stages=[stage()])))
    plan = [line for (line,) in client.execute("EXPLAIN SELECT quantileExact(duration_s) FROM v_stages WHERE stage = 'approval'")]
    start = next(number for number, line in enumerate(plan) if "ReadFromMergeTree" in line and ".journeys)" in line)
    read = next(line for line in plan[start:] if "Output:" in line)
    fields = ("name", "entry", "started_at", "ended_at", "duration_s", "working_s", "started_by", "ended_by")
    assert [field for field in fields if f"stages.{field}" in read] == ["name", "duration_s"]
