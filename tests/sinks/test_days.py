"""Journeys and breakages are sorted by day, and a row that changes its day stands on the new one alone."""

import json
import random
from typing import Any

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.sink import ClickHouseSink
from tests.sinks.databases import land
from tests.sinks.samples import AT, DAY_MS, batch, breakage, journey, replaced_breakage, replaced_journey

Row = dict[str, Any]
DAYS = range(-2, 3)
INSTANCES = ("o1", "o2", "o3")
ROWS = {"journeys": (journey, replaced_journey, "opened_at"), "breakages": (breakage, replaced_breakage, "broken_at")}
STATES = {"journeys": ("open", "closed"), "breakages": ("open", "recovered", "withdrawn")}
VIEWS = {"journeys": "v_journeys", "breakages": "v_breakage_history"}


def life(table: str, instance: str, chance: random.Random) -> list[Row]:
    """Rows of one journey or breakage as stitch says them, each on a day by chance."""
    make, replaced, time = ROWS[table]
    said: list[Row] = []
    for version in range(1, chance.randint(2, 8)):
        at_ms = AT + chance.choice(DAYS) * DAY_MS + chance.randrange(DAY_MS)
        row = make(instance, version=version, state=chance.choice(STATES[table]), **{time: at_ms})
        said.append({**row, "replaces": replaced(said[-1]) if said else None})
    return said


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("table", ROWS)
def test_a_row_stands_on_its_newest_day_alone(client: Client, sink: ClickHouseSink, table: str, seed: int) -> None:
    """Whatever is inserted together, twice, or late."""
    chance, time = random.Random(seed), ROWS[table][2]
    lives = [life(table, instance, chance) for instance in INSTANCES]
    rows = [row for each in lives for row in each]
    chance.shuffle(rows)
    while rows:
        some, rows = rows[:4], rows[4:]
        land(sink, batch(table, *some))
        rows += [row for row in some if chance.random() < 0.2]
    wanted = sorted((each[-1]["instance"], each[-1]["state"], each[-1][time]) for each in lives)
    asked = f"SELECT instance, state, toUnixTimestamp64Milli({time}) FROM {VIEWS[table]}"
    assert sorted(client.execute(asked)) == wanted
    for day in range(-3, 4):
        since_ms = (AT // DAY_MS + day) * DAY_MS
        found = client.execute(
            f"{asked} WHERE {time} >= fromUnixTimestamp64Milli(%(since)s, 'UTC') "
            f"AND {time} < fromUnixTimestamp64Milli(%(until)s, 'UTC')",
            {"since": since_ms, "until": since_ms + DAY_MS},
        )
        assert sorted(found) == [each for each in wanted if since_ms <= each[2] < since_ms + DAY_MS]


@pytest.mark.parametrize("table", ROWS)
def test_a_query_of_a_day_does_not_read_all_days(client: Client, table: str) -> None:
    time, view = ROWS[table][2], VIEWS[table]
    client.execute(
        f"INSERT INTO {table} (definition, instance, {time}, state, version) "
        "SELECT 'order', toString(sipHash64(number)), toDateTime64('2024-01-01', 3, 'UTC') + toIntervalHour(number % 4800), "
        "'open', 1 FROM numbers(200000)"
    )
    plan = client.execute(
        f"EXPLAIN indexes = 1, json = 1 SELECT count() FROM {view} WHERE {time} >= '2024-03-01' AND {time} < '2024-03-02'"
    )
    read, all_of_them = granules(plan[0][0], table)
    assert all_of_them > 20
    assert read < all_of_them / 5


def granules(plan: str, table: str) -> tuple[int, int]:
    """How many of a table's the primary key selects, and of how many."""
    found: list[dict[str, Any]] = []

    def look(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("Node Type", "").startswith("ReadFromMergeTree") and table in str(node.get("Description", "")):
                found.extend(each for each in node["Indexes"] if each["Type"] == "PrimaryKey")
            for each in node.values():
                look(each)
        elif isinstance(node, list):
            for each in node:
                look(each)

    look(json.loads(plan))
    (key,) = found
    return key["Selected Granules"], key["Initial Granules"]
