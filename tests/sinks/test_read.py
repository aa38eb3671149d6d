"""What the command line reads back."""

from typing import Any

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.read import VIEWS, counts, freshness, landed_clocks, latency, report
from sinks.clickhouse.sink import ClickHouseSink
from sinks.clickhouse.timeline import person_timeline
from streams.core.touchpoint import hash_id
from streams.core.verdict import NEVER
from tests.sinks.databases import land
from tests.sinks.samples import (
    AT,
    DAY_MS,
    HOUR_MS,
    OTHER,
    PERSON,
    batch,
    breakage,
    clock,
    journey,
    person,
    promise,
    proof,
    touchpoint,
)


def test_every_view_of_readers_is_counted(client: Client) -> None:
    views = client.execute("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'v\\_%' ORDER BY name")
    assert sorted(VIEWS) == [name for (name,) in views]
    assert counts(client) == {view: 5 if view == "v_freshness" else 0 for view in VIEWS}


def test_the_report_counts_journeys_by_outcome_and_breakages_by_state(client: Client, sink: ClickHouseSink) -> None:
    closed: dict[str, Any] = {"state": "closed", "closed_at": AT + DAY_MS}
    journeys = [journey("o1"), journey("o2", outcome="delivered", **closed), journey("o3", outcome="delivered", **closed)]
    states = ["open", "recovered", "withdrawn", "moved", "open"]
    breakages = [breakage(f"o{n}", state=state) for n, state in enumerate(states)]
    land(sink, batch("journeys", *journeys, journey("o4", state="moved")), batch("breakages", *breakages))
    assert report(client) == {
        "journeys": {"order": {"open": 1, "delivered": 2}},
        "breakages": {"order": {"late_delivery": {"open": 2, "recovered": 1, "withdrawn": 1}}},
    }


def test_a_landed_clock_is_the_least_of_all_partitions_and_sources(client: Client, sink: ClickHouseSink) -> None:
    spoken = {"partitions": 2, "sources": 2}
    words = [(0, 0, 50), (0, 1, 70), (1, 0, 60)]
    land(sink, batch("clocks", *(clock("person.log", p, source=s, clock_ms=AT + ms, **spoken) for p, s, ms in words)))
    assert landed_clocks(client)["person.log"] == (False, NEVER, NEVER, 0)
    last = clock("person.log", 1, source=1, clock_ms=AT + 90, final_ms=AT, redirects=3, **spoken)
    land(sink, batch("clocks", last, first=9))
    assert landed_clocks(client)["person.log"] == (True, AT + 50, NEVER, 0)


def test_freshness_tells_newest_event_clock_and_insert_of_each_table(client: Client, sink: ClickHouseSink) -> None:
    clocks = [clock("person.log", clock_ms=AT + 7), clock("journeys", partitions=2)]
    land(sink, batch("touchpoints", touchpoint()), batch("journeys", journey(last_at=AT + 5)), batch("clocks", *clocks))
    found = freshness(client)
    assert [epoch_ms(at) for at in found["touchpoints"][:2]] == [AT, AT + 7]
    assert [epoch_ms(at) for at in found["journeys"][:2]] == [AT + 5, None]
    assert found["people"] == (None, None, None)
    assert found["touchpoints"].landed_at is not None


def epoch_ms(at: Any) -> int | None:
    return None if at is None else round(at.timestamp() * 1_000)


def test_latency_is_from_the_broker_to_the_insert(client: Client, sink: ClickHouseSink) -> None:
    """The database's own time serves as the broker's: three touchpoints that came 1, 2 and 3 s before they land."""
    now_ms = client.execute("SELECT toUnixTimestamp64Milli(now64(3))")[0][0]
    at = {"address": "order:o1", "occurred_at": AT}
    rows = [touchpoint(f"e{s}", received_at=now_ms - 1_000 * s, **at) for s in (1, 2, 3)]
    land(sink, batch("touchpoints", *rows), batch("journeys", journey("o1", last_at=AT)))
    found = latency(client, within_s=60)
    assert found["touchpoints"]["n"] == 3
    assert found["touchpoints"]["p50_ms"] == pytest.approx(2_000, abs=900)
    assert found["touchpoints"]["p95_ms"] == pytest.approx(2_900, abs=900)
    assert found["journeys"]["n"] == 1
    assert found["journeys"]["p50_ms"] == pytest.approx(1_000, abs=900)


def test_latency_leaves_out_what_the_passing_of_time_changed(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("touchpoints", touchpoint()), batch("journeys", journey("o1", promises=[promise(state="overdue")])))
    nothing = {"n": 0, "p50_ms": None, "p95_ms": None}
    assert latency(client)["journeys"] == nothing
    assert latency(client, within_s=0) == {"touchpoints": nothing, "journeys": nothing}


def test_a_timeline_tells_a_persons_story_in_order(client: Client, sink: ClickHouseSink) -> None:
    """Found by the customer and by the order alike; somebody else's order does not appear."""
    late = promise(state="kept_late", due_at=AT + HOUR_MS, settled_at=AT + 3 * HOUR_MS, margin_s=7200.0, settled_by="e2")
    closed: dict[str, Any] = {
        "state": "closed",
        "outcome": "delivered",
        "closed_at": AT + 3 * HOUR_MS,
        "promises": [late],
        "redirects": 1,
    }
    evidence = [proof("e1", "made"), proof("e2", "kept", occurred_at=AT + 3 * HOUR_MS, action="order.delivered")]
    broken = breakage(state="recovered", broken_at=AT + HOUR_MS, recovered_at=AT + 3 * HOUR_MS, evidence=evidence, redirects=1)
    placed, delivered = touchpoint("e1"), touchpoint("e2", occurred_at=AT + 3 * HOUR_MS, action="order.delivered")
    called = touchpoint("e3", address="customer:c1", occurred_at=AT + 2 * HOUR_MS, action="call.made")
    strangers = touchpoint("e4", address="order:o2"), person("o2", OTHER, 2)
    land(
        sink, batch("touchpoints", delivered, placed, called, strangers[0]), batch("people", person("o1", PERSON, 1), strangers[1]),
        batch("journeys", journey(**closed), journey("o2", OTHER, redirects=2)), batch("breakages", broken),
    )  # fmt: skip
    story = person_timeline(client, "customer", "c1")
    assert [(moment.kind, moment.name) for moment in story] == [
        ("touchpoint", "order.placed"),
        ("journey opened", ""),
        ("promise made", "delivery"),
        ("broken", "late_delivery"),
        ("touchpoint", "call.made"),
        ("touchpoint", "order.delivered"),
        ("promise kept late", "delivery"),
        ("recovered", "late_delivery"),
        ("journey closed", "delivered"),
    ]
    assert [(p.event_id, p.role) for p in story[3].evidence] == [("e1", "made"), ("e2", "kept")]
    assert person_timeline(client, "order", "o1") == story
    assert person_timeline(client, "customer", "nobody") == []


def test_an_order_that_nobody_owns_yet_has_a_timeline_of_its_own(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("touchpoints", touchpoint()), batch("journeys", journey(person=hash_id("order", "o1"))))
    assert [moment.kind for moment in person_timeline(client, "order", "o1")] == ["touchpoint", "journey opened"]
