"""What every sink promises, held against each of them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest
from clickhouse_driver import Client
from msgspec import structs

from deploy.local.database import Database
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import MAX_ROWS, TABLES, Backpressure, Batch, Sink
from sinks.memory import MemorySink
from tests.sinks.databases import Connect, admin, connected, database, migrated
from tests.sinks.gate import Gate
from tests.sinks.samples import (
    AT,
    DAY_MS,
    OTHER,
    batch,
    breakage,
    clock,
    journey,
    pair,
    person,
    receipt,
    received,
    rejected,
    replayed,
    touchpoint,
)

__all__ = ["admin", "connected", "database", "migrated"]
NAMES = {
    "touchpoints": ("source", "event_id", "address", "content_hash", "late_ms", "too_late", "load", "action"),
    "journeys": ("definition", "instance", "person_id", "version", "state"),
    "breakages": ("definition", "rule", "instance", "occurrence", "person_id", "version", "state"),
    "people": ("own_id", "person_id", "number", "version"),
    "pairs": ("weaker_id", "stronger_id", "state", "guard", "version"),
    "receipts": ("first_number", "left_id", "joined_id", "kind", "version"),
    "rejected_touchpoints": ("topic", "partition", "offset", "reason"),
    "replayed_touchpoints": ("topic", "partition", "offset", "replayed_offset"),
    "received_offsets": ("partition", "kind", "first_offset", "last_offset"),
    "clocks": ("topic", "partition", "source", "clock_ms", "redirects", "version"),
}
ROWS: dict[str, tuple[Any, ...]] = {
    "touchpoints": (touchpoint("e1"), touchpoint("e2", occurred_at=AT + DAY_MS)),
    "journeys": (journey("o1"), journey("o2")),
    "breakages": (breakage("o1"), breakage("o1", occurrence="shop/e1"), breakage("o1", rule="never_delivered")),
    "people": (person("o1"), person("o2", number=2)),
    "pairs": (pair("w1"), pair("w2", version=2)),
    "receipts": (receipt(1), receipt(2, version=2)),
    "rejected_touchpoints": (rejected(5), rejected(6)),
    "replayed_touchpoints": (replayed(5), replayed(6)),
    "received_offsets": (received(0, 5), received(6, 9)),
    "clocks": (clock(), clock(partition=1), clock("breakages")),
}


@dataclass
class Subject:
    """A sink under test: how to see what stands in it, and how to make it unreachable."""

    sink: Sink
    standing: Callable[[str], list[tuple[Any, ...]]]
    away: Callable[[], None]
    back: Callable[[], None]

    def land(self, *batches: Batch) -> None:
        for each in batches:
            self.sink.add(each)
        self.sink.flush()


def value(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


def shown(table: str, rows: Any) -> list[tuple[Any, ...]]:
    return sorted(tuple(value(row, name) for name in NAMES[table]) for row in rows)


@pytest.fixture
def in_memory() -> Subject:
    sink = MemorySink()

    def reach(reachable: bool) -> None:
        sink.reachable = reachable

    return Subject(sink, lambda table: shown(table, sink.rows[table].values()), lambda: reach(False), lambda: reach(True))


@pytest.fixture
def in_clickhouse(clickhouse: Database, connected: Connect, database: str) -> Iterator[Subject]:
    gate = Gate((clickhouse.host, clickhouse.port))
    sink = ClickHouseSink(lambda: connect("127.0.0.1", gate.port, clickhouse.user, clickhouse.password, database))
    reader: Client = connected()

    def standing(table: str) -> list[tuple[Any, ...]]:
        return sorted(reader.execute(f"SELECT {', '.join(NAMES[table])} FROM {table} FINAL"))

    yield Subject(sink, standing, gate.shut, gate.open)
    sink.close()
    gate.shut()
    reader.disconnect()


@pytest.fixture(params=["in_memory", "in_clickhouse"])
def subject(request: pytest.FixtureRequest) -> Subject:
    made: Subject = request.getfixturevalue(request.param)
    return made


def test_a_flush_of_nothing_does_nothing(subject: Subject) -> None:
    subject.sink.flush()
    subject.land(*(batch(table) for table in TABLES))
    assert all(subject.standing(table) == [] for table in TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_after_a_flush_everything_added_is_visible(subject: Subject, table: str) -> None:
    subject.land(batch(table, *ROWS[table]))
    assert subject.standing(table) == shown(table, ROWS[table])


@pytest.mark.parametrize("table", TABLES)
def test_a_batch_that_comes_again_changes_nothing(subject: Subject, table: str) -> None:
    subject.land(batch(table, *ROWS[table]))
    subject.land(batch(table, *ROWS[table]))
    subject.land(batch(table, *ROWS[table], topic_id="T2"), batch(table, *ROWS[table], first=7))
    assert subject.standing(table) == shown(table, ROWS[table])


def test_batches_that_overlap_leave_each_row_once(subject: Subject) -> None:
    rows = [journey(f"o{n}", version=n + 1) for n in range(10)]
    subject.land(batch("journeys", *rows[:6], first=0))
    subject.land(batch("journeys", *rows[3:9], first=3), batch("journeys", *rows[8:], first=8))
    assert subject.standing("journeys") == shown("journeys", rows)


def test_the_newest_version_stands_whatever_the_order(subject: Subject) -> None:
    """Journeys, breakages, people, clocks: versions 1 to 6 of one key, in a random order over several flushes."""
    makers: dict[str, Callable[[int], Any]] = {
        "journeys": lambda v: journey(version=v, touchpoints=v),
        "breakages": lambda v: breakage(version=v),
        "people": lambda v: person(number=v, belongs_to=OTHER),
        "clocks": lambda v: clock(version=v, clock_ms=AT + v),
        "rejected_touchpoints": lambda v: rejected(rejected_at=AT + v, reason="too_old" if v == 6 else "undecodable"),
        "replayed_touchpoints": lambda v: replayed(replayed_at=AT + v, replayed_offset=v),
    }
    order = random.Random(3)
    for table, make in makers.items():
        versions = order.sample(range(1, 7), 6)
        for number, version in enumerate(versions):
            subject.land(batch(table, make(version), first=number))
        assert subject.standing(table) == shown(table, [make(6)]), versions


def test_of_copies_of_a_touchpoint_the_smallest_content_stands_and_not_late_wins(subject: Subject) -> None:
    """Not too late first, then the smallest content hash; among equal content live, then not late."""
    ranked = [
        touchpoint(content_hash=8, action="a"),
        touchpoint(content_hash=8, action="b", load="history"),
        touchpoint(content_hash=8, action="c", late_ms=5),
        touchpoint(content_hash=8, action="d", late_ms=9, too_late=True),
        touchpoint(content_hash=1 << 63, action="e"),
        touchpoint(content_hash=0, action="f", late_ms=9, too_late=True),
    ]
    orders = {f"order:{number}": order for number, order in enumerate(permutations(ranked))}
    for turn in range(len(ranked)):
        copies = [structs.replace(order[turn], address=address) for address, order in orders.items()]
        subject.land(batch("touchpoints", *copies, first=turn * len(orders)))
    standing = subject.standing("touchpoints")
    assert len(standing) == len(orders)
    assert {row[-1] for row in standing} == {"a"}


def test_among_late_copies_the_least_late_stands(subject: Subject) -> None:
    late, too_late = touchpoint(action="c", late_ms=5), touchpoint(action="d", late_ms=9, too_late=True)
    loaded, live = touchpoint(action="b", load="history"), touchpoint(action="a")
    for number, each in enumerate([late, too_late]):
        subject.land(batch("touchpoints", each, first=number))
    assert [row[-1] for row in subject.standing("touchpoints")] == ["c"]
    for number, each in enumerate([live, loaded]):
        subject.land(batch("touchpoints", each, first=2 + number))
    assert [row[-1] for row in subject.standing("touchpoints")] == ["a"]


def test_of_what_came_late_and_was_loaded_besides_the_live_copy_stands(subject: Subject) -> None:
    """As in stitch: a journey that it opens was not opened by a load."""
    for number, each in enumerate([touchpoint(action="a", late_ms=5), touchpoint(action="b", load="history")]):
        subject.land(batch("touchpoints", each, first=number))
    assert [row[-1] for row in subject.standing("touchpoints")] == ["a"]


def test_copies_at_another_address_or_on_another_day_stay(subject: Subject) -> None:
    copies = [touchpoint(), touchpoint(address="order:o2"), touchpoint(occurred_at=AT + DAY_MS)]
    subject.land(batch("touchpoints", *copies))
    assert subject.standing("touchpoints") == shown("touchpoints", copies)


def test_backpressure_keeps_what_was_added(subject: Subject) -> None:
    """Unreachable: flush says so with a time to wait, again and again; once it is back, everything lands."""
    subject.land(batch("journeys", journey("o0")))
    subject.away()
    subject.sink.add(batch("journeys", journey("o1"), first=1))
    subject.sink.add(batch("people", person(), first=0))
    for _ in range(2):
        with pytest.raises(Backpressure) as pressure:
            subject.sink.flush()
        assert 0 <= pressure.value.retry_after_s <= 10
    subject.sink.add(batch("journeys", journey("o2"), first=2))
    subject.back()
    subject.sink.flush()
    assert subject.standing("journeys") == shown("journeys", [journey("o0"), journey("o1"), journey("o2")])
    assert subject.standing("people") == shown("people", [person()])


def test_more_rows_than_an_insert_may_have_all_land(subject: Subject) -> None:
    rows = [clock(partition=n) for n in range(MAX_ROWS + 1)]
    subject.land(batch("clocks", *rows))
    assert len(subject.standing("clocks")) == MAX_ROWS + 1


def test_a_closed_sink_has_forgotten_what_was_not_flushed(subject: Subject) -> None:
    subject.sink.add(batch("journeys", journey()))
    subject.sink.close()
    subject.sink.flush()
    assert subject.standing("journeys") == []


def test_a_batch_that_cannot_be_is_refused_by_its_place() -> None:
    with pytest.raises(ValueError, match="nonsense:T1:0:0-0: no table of this name"):
        batch("nonsense", {})
    with pytest.raises(ValueError, match="touchpoints:T1:3:5-6: 1 touchpoints need as many versions"):
        Batch("touchpoints", "T1", 3, 5, 6, [touchpoint()])
    with pytest.raises(ValueError, match="people:T1:0:5-4: ends before it begins"):
        Batch("people", "T1", 0, 5, 4, [])
