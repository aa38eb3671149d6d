"""Touchpoints read back from ClickHouse are those that landed."""

from clickhouse_driver import Client

from sinks.clickhouse.recorded import recorded
from sinks.clickhouse.sink import ClickHouseSink
from streams.core.touchpoint import attributes_of, identifiers_of
from tests.sinks.databases import land
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
        for name in ("received_at", "partition", "offset"):  # how it travelled, which nothing is judged by
            setattr(was, name, 0)
        assert found == was
