"""Touchpoints read back from ClickHouse are those that landed."""

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.recorded import ClickHouseRecorded, recorded
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Backpressure, Batch, ClockRow
from streams.core.touchpoint import attributes_of, identifiers_of
from streams.core.verdict import NEVER
from tests.sinks.databases import Connect, land
from tests.sinks.samples import batch, touchpoint

ATTRIBUTES = {"text": 'a "b" \u00e9', "whole": 2, "big": 2**63 - 1, "real": 2.0, "small": 1e-9, "yes": True, "number_as_text": "2"}


def test_what_landed_comes_back_as_it_was(client: Client, sink: ClickHouseSink) -> None:
    rows = [
        touchpoint(
            "e1", attributes=ATTRIBUTES, identifiers=(("order", "o'1"), ("customer", "c1")), sequence=-3, direction="inbound"
        ),
        touchpoint("e2", load="2016", late_ms=7, too_late=True, region="BR", team="t", agent="a", locale="pt"),
    ]
    land(sink, batch("touchpoints", *rows))
    back = sorted(recorded(client), key=lambda each: each.event_id)
    for was, found in zip(rows, back, strict=True):
        assert attributes_of(found) == attributes_of(was)
        assert [type(value) for value in attributes_of(found).values()] == [type(value) for value in attributes_of(was).values()]
        assert identifiers_of(found) == identifiers_of(was)
        assert found == was


def test_those_that_carry_an_identifier_are_found_in_their_time(connected: Connect, sink: ClickHouseSink) -> None:
    """By type and value, in any place; copies with other content too, as long as they stand; those too late do not."""
    at_ms, both = touchpoint("e").occurred_at, (("customer", "7"), ("order", "o'1"))
    land(
        sink,
        batch(
            "touchpoints",
            touchpoint("first", identifiers=both, occurred_at=at_ms),
            touchpoint("last", identifiers=(("order", "o'1"),), occurred_at=at_ms + 9),
            touchpoint("behind", identifiers=both, occurred_at=at_ms + 10),
            touchpoint("late", identifiers=both, occurred_at=at_ms + 1, too_late=True, late_ms=9),
            touchpoint("other", identifiers=(("order", "7"), ("customer", "o'1")), occurred_at=at_ms + 1),
        ),
    )
    found = ClickHouseRecorded(connected)
    assert {each.event_id for each in found.carrying({"order:o'1"}, at_ms, at_ms + 9)} == {"first", "last"}
    assert {each.event_id for each in found.carrying({"customer:7", "order:7"}, at_ms, at_ms + 9)} == {"first", "other"}
    assert found.carrying({"order:none"}, at_ms, at_ms + 9) == []
    found.close()


def test_how_far_touchpoints_have_landed_is_known_when_every_partition_and_source_has_spoken(
    connected: Connect, sink: ClickHouseSink
) -> None:
    found = ClickHouseRecorded(connected)
    assert found.landed_ms() == NEVER
    for partition, ms in ((0, 70), (1, 50)):
        rows = [ClockRow("person.log", partition, source, ms + source, NEVER, 0, 1, partitions=2, sources=2) for source in (0, 1)]
        assert found.landed_ms() == NEVER
        land(sink, Batch("clocks", "topic", partition, 0, 1, list(rows)))
    assert found.landed_ms() == 50
    found.close()
    away = ClickHouseRecorded(lambda: connect("127.0.0.1", 1, "u", "", "d"))
    with pytest.raises(Backpressure):
        away.landed_ms()
