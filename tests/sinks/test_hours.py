"""The figures an hour equal a count over journeys and breakages, whatever was inserted twice, late or after a crash."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from sinks.clickhouse.sink import ClickHouseSink
from tests.sinks.databases import alters
from tests.sinks.samples import AT, DAY_MS, HOUR_MS, batch, breakage, journey, person, replaced_breakage, replaced_journey

COUNTED = """
WITH toUnixTimestamp64Milli(at) AS at_ms
SELECT definition, region, channel, kind, name, at_ms - positiveModulo(at_ms, 3600000) AS hour, count() AS n
FROM
(
    SELECT definition, region, channel, 'opened' AS kind, '' AS name, opened_at AS at FROM v_journeys
    UNION ALL SELECT definition, region, channel, 'closed', outcome, assumeNotNull(closed_at) FROM v_journeys WHERE state = 'closed'
    UNION ALL SELECT definition, region, channel, 'broken', rule, broken_at FROM v_breakages
)
GROUP BY ALL ORDER BY ALL
"""
SHOWN = """
SELECT definition, region, channel, kind, name, toUnixTimestamp64Milli(hour) AS hour, n FROM v_journey_hours ORDER BY ALL
"""


def journey_lives(world: random.Random, instance: str) -> Iterator[dict[str, Any]]:
    """The rows of one journey: its opening moves, it closes, closes otherwise, opens again, goes, comes back."""
    before: dict[str, Any] | None = None
    for version in range(1, world.randint(2, 7)):
        state = world.choice(["open", "open", "closed", "closed", "moved"])
        closed_at = AT + world.randrange(-5, 60) * DAY_MS if state == "closed" else None
        outcome = world.choice(["delivered", "cancelled"]) if state == "closed" else ""
        row = journey(
            instance, version=version, state=state, outcome=outcome, closed_at=closed_at, region=world.choice(["BR", "DE"]),
            opened_at=AT + world.randrange(-400, 3) * DAY_MS // 7, replaces=before and replaced_journey(before),
        )  # fmt: skip
        before = row
        yield row


def breakage_lives(world: random.Random, instance: str) -> Iterator[dict[str, Any]]:
    before: dict[str, Any] | None = None
    for version in range(1, world.randint(2, 6)):
        row = breakage(
            instance, version=version, state=world.choice(["open", "recovered", "withdrawn", "moved"]),
            broken_at=AT + world.randrange(-100, 100) * HOUR_MS, rule=world.choice(["late_delivery"]),
            channel=world.choice(["web", "store"]), replaces=before and replaced_breakage(before),
        )  # fmt: skip
        before = row
        yield row


@pytest.mark.parametrize("seed", range(3))
def test_the_figures_equal_a_count_of_what_stands_in_whatever_order_rows_come(
    client: Client, sink: ClickHouseSink, seed: int
) -> None:
    """60 journeys and their breakages with random lives, shuffled, a third of them twice, in many batches."""
    world = random.Random(seed)
    rows = [("journeys", row) for n in range(60) for row in journey_lives(world, f"o{n}")]
    rows += [("breakages", row) for n in range(60) for row in breakage_lives(world, f"o{n}")]
    rows += world.sample(rows, len(rows) // 3)
    world.shuffle(rows)
    for start in range(0, len(rows), 50):
        for number, (table, row) in enumerate(rows[start : start + 50]):
            sink.add(batch(table, row, first=start + number))
        sink.flush()
    counted = client.execute(COUNTED)
    assert len(counted) > 50
    assert client.execute(SHOWN) == counted


@alters
def test_an_insert_that_was_cut_off_before_the_figures_is_made_good_by_its_retry(client: Client, sink: ClickHouseSink) -> None:
    """The rows had got in, the entries had not: the same insert again, which the table drops as known, still feeds the entries."""
    client.execute("ALTER TABLE hour_entries ADD CONSTRAINT broken CHECK instance != 'o1'")
    sink.add(batch("journeys", journey("o1")))
    with pytest.raises(ServerException):
        sink.flush()
    assert client.execute("SELECT (SELECT count() FROM journeys), (SELECT count() FROM hour_entries)") == [(1, 0)]
    client.execute("ALTER TABLE hour_entries DROP CONSTRAINT broken")
    sink.flush()
    assert client.execute("SELECT (SELECT count() FROM journeys), (SELECT sum(n) FROM v_journey_hours)") == [(1, 1)]


@alters
def test_the_same_holds_for_redirects(client: Client, sink: ClickHouseSink) -> None:
    client.execute("ALTER TABLE redirects ADD CONSTRAINT broken CHECK number != 4")
    sink.add(batch("people", person("o1", number=4)))
    with pytest.raises(ServerException):
        sink.flush()
    client.execute("ALTER TABLE redirects DROP CONSTRAINT broken")
    sink.flush()
    assert client.execute("SELECT number FROM redirects_landed") == [(4,)]


def test_a_bound_on_the_hour_reads_only_its_months(client: Client, sink: ClickHouseSink) -> None:
    """24 months of journeys, one month asked for: one part of 24 is read."""
    months = [journey(f"o{n}", opened_at=AT - n * 31 * DAY_MS) for n in range(24)]
    sink.add(batch("journeys", *months))
    sink.flush()
    since = "toDateTime64('2025-10-01 00:00:00', 3, 'UTC')"
    plan = client.execute(f"EXPLAIN indexes = 1 SELECT definition, sum(n) FROM v_journey_hours WHERE hour >= {since} GROUP BY 1")
    assert parts_read(plan, "hour_entries") == (1, 24)
    assert client.execute(f"SELECT sum(n) FROM v_journey_hours WHERE hour >= {since}") == [(1,)]


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
