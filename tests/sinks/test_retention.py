"""Rows of a region go when its time is over, by the tables' own TTL."""

from time import time
from typing import Any

from clickhouse_driver import Client

from sinks.clickhouse.retention import BY_REGION, keep
from sinks.clickhouse.sink import ClickHouseSink
from tests.sinks.databases import alters, land
from tests.sinks.samples import batch, breakage, journey, rejected, touchpoint

DAY_MS = 86_400_000
NOW_MS = int(time() * 1_000)
BY_YEARS = {"default": 1095, "eu": 365}
OLD = {  # region, days ago -> whether it is there with BY_YEARS
    ("eu", 366): False, ("eu", 364): True, ("us", 366): True, ("us", 1096): False, ("", 1094): True,
}  # fmt: skip


def merged(client: Client, table: str, column: str) -> list[Any]:
    client.execute(f"OPTIMIZE TABLE {table} FINAL")
    return [value for (value,) in client.execute(f"SELECT {column} FROM {table} FINAL ORDER BY {column}")]


def landed(sink: ClickHouseSink) -> None:
    ago = {f"{region}{days}": (region, NOW_MS - days * DAY_MS) for region, days in OLD}
    land(
        sink,
        batch("touchpoints", *(
            touchpoint(name, occurred_at=at, region=region, attributes={"person_tier": "gold"})
            for name, (region, at) in ago.items()
        )),
        batch("journeys", *(
            journey(name, opened_at=at - 2 * DAY_MS, first_at=at - 2 * DAY_MS, last_at=at, region=region)
            for name, (region, at) in ago.items()
        )),
        batch("breakages", *(breakage(name, broken_at=at, region=region) for name, (region, at) in ago.items())),
        batch("rejected_touchpoints", *(rejected(number, received_at=at) for number, (_, at) in enumerate(ago.values()))),
    )  # fmt: skip


STAYS = sorted(f"{region}{days}" for (region, days), stays in OLD.items() if stays)


@alters
def test_rows_go_when_the_time_of_their_region_is_over_and_others_stay(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    keep(client, BY_YEARS)
    assert merged(client, "touchpoints", "event_id") == STAYS
    assert merged(client, "said", "event_id") == STAYS
    assert merged(client, "journeys", "instance") == STAYS
    assert merged(client, "breakages", "instance") == STAYS
    assert len(merged(client, "rejected_touchpoints", "offset")) == 1  # no region: the shortest time
    assert set(merged(client, "minute_entries", "instance")) == set(STAYS)


@alters
def test_regions_without_a_default_alone_come_to_an_end(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    assert "touchpoints" in keep(client, {"eu": 365})
    assert keep(client, {"eu": 365}) == []
    assert merged(client, "touchpoints", "event_id") == sorted({f"{region}{days}" for region, days in OLD} - {"eu366"})


@alters
def test_a_time_that_is_changed_or_left_out_is_so_in_the_tables_and_the_same_changes_nothing(client: Client) -> None:
    everywhere = {*BY_REGION, "rejected_touchpoints"}
    assert keep(client, {}) == []
    assert set(keep(client, BY_YEARS)) == everywhere
    assert keep(client, BY_YEARS) == []
    assert set(keep(client, {**BY_YEARS, "us": 400})) == set(BY_REGION)
    assert set(keep(client, {"default": 90})) == everywhere
    assert keep(client, {"default": 90}) == []
    assert set(keep(client, {})) == everywhere
    assert keep(client, {}) == []


@alters
def test_what_happened_before_1970_is_over(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("touchpoints", touchpoint("old", occurred_at=-DAY_MS * 5_000), touchpoint("new", occurred_at=NOW_MS)))
    keep(client, {"default": 18_250})
    assert merged(client, "touchpoints", "event_id") == ["new"]
