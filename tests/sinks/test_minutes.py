"""The figures a minute equal a count over journeys and breakages, whatever was inserted twice, late, or by two at once."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local.database import Database
from sinks.clickhouse.client import connect
from sinks.clickhouse.minutes import COMPUTE, MOST, WANTED, ClickHouseMinutes
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Backpressure, Batch
from streams.agents.touched import touched
from tests.sinks.databases import Connect, alters, land
from tests.sinks.gate import Gate
from tests.sinks.samples import (
    AT,
    OTHER,
    PERSON,
    batch,
    breakage,
    clock,
    journey,
    person,
    replaced_breakage,
    replaced_journey,
)

MINUTE_MS = 60_000
COLUMNS = "minute, definition, region, channel, severity, kind, name, state, n, durations, duration_s"
SHOWN = f"SELECT {COLUMNS} FROM v_journey_minutes ORDER BY ALL"
COUNTED = """
WITH
    at -> toUnixTimestamp64Milli(at) AS ms_of,
    at -> fromUnixTimestamp64Milli(ms_of(at) - positiveModulo(ms_of(at), 60000), 'UTC') AS minute_of
SELECT
    minute_of(at) AS minute, definition, region, channel, severity, kind, name, state, count() AS n, count(ms) AS durations,
    ifNull(sum(ms), 0) / 1000 AS duration_s
FROM
(
    SELECT opened_at AS at, definition, region, channel, '' AS severity, 'opened' AS kind, outcome AS name, state,
        toUnixTimestamp64Milli(closed_at) - toUnixTimestamp64Milli(opened_at) AS ms
    FROM v_journeys
    UNION ALL SELECT assumeNotNull(closed_at), definition, region, channel, '', 'closed', outcome, state,
        toUnixTimestamp64Milli(closed_at) - toUnixTimestamp64Milli(opened_at)
    FROM v_journeys WHERE state = 'closed'
    UNION ALL SELECT broken_at, definition, region, channel, severity, if(state = 'withdrawn', 'withdrawn', 'broken'), rule, state,
        toUnixTimestamp64Milli(recovered_at) - toUnixTimestamp64Milli(broken_at)
    FROM v_breakage_history
)
GROUP BY ALL ORDER BY ALL
"""
# what only one of the two says
DIFFERENT = f"SELECT * FROM (({COUNTED}) EXCEPT ({SHOWN})) UNION ALL SELECT * FROM (({SHOWN}) EXCEPT ({COUNTED}))"
FIGURES = "SELECT kind, name, state, n, durations, duration_s FROM v_journey_minutes ORDER BY minute, kind, name"


class Keeper:
    """What land does, in turns: rows, then the minutes that they touched; versions as the topic's offsets would be."""

    def __init__(self, connect: Connect) -> None:
        self.sink, self.minutes = ClickHouseSink(connect), ClickHouseMinutes(connect)
        self.version = 0
        self.hidden: set[int] = set()

    def land(self, *batches: Batch) -> None:
        land(self.sink, *batches)
        self.compute(touched(batches))

    def compute(self, minutes: set[int]) -> None:
        self.version += 1
        self.hidden = set(self.minutes.recompute(list(minutes | self.hidden), self.version))

    def close(self) -> None:
        self.sink.close()
        self.minutes.close()


@pytest.fixture
def keeper(connected: Connect) -> Iterator[Keeper]:
    made = Keeper(connected)
    yield made
    made.close()


def journey_lives(world: random.Random, instance: str) -> Iterator[dict[str, Any]]:
    """The rows of one journey: its opening moves, it closes, closes otherwise, opens again, goes, comes back; or none of that."""
    before: dict[str, Any] | None = None
    changes: dict[str, Any] = {}
    for version in range(1, world.randint(2, 8)):
        if before is None or world.random() < 0.7:
            state = world.choice(["open", "open", "closed", "closed", "moved"])
            changes = {
                "state": state, "opened_at": AT + world.randrange(-40, 3) * MINUTE_MS // 4,
                "closed_at": AT + world.randrange(-5, 60) * MINUTE_MS // 2 + 123 if state == "closed" else None,
                "outcome": world.choice(["delivered", "cancelled"]) if state == "closed" else "",
                "region": world.choice(["BR", "DE"]),
            }  # fmt: skip
        row = journey(instance, version=version, touchpoints=version, replaces=before and replaced_journey(before), **changes)
        before = row
        yield row


def breakage_lives(world: random.Random, instance: str) -> Iterator[dict[str, Any]]:
    before: dict[str, Any] | None = None
    for version in range(1, world.randint(2, 6)):
        state = world.choice(["open", "recovered", "recovered", "withdrawn", "moved"])
        broken_at = AT + world.randrange(-10, 10) * MINUTE_MS
        row = breakage(
            instance, version=version, state=state, broken_at=broken_at, severity=world.choice(["info", "critical"]),
            recovered_at=broken_at + world.randrange(100_000) if state == "recovered" else None,
            channel=world.choice(["web", "store"]), replaces=before and replaced_breakage(before),
        )  # fmt: skip
        before = row
        yield row


def lives(world: random.Random, count: int) -> list[tuple[str, dict[str, Any]]]:
    rows = [("journeys", row) for n in range(count) for row in journey_lives(world, f"o{n}")]
    return rows + [("breakages", row) for n in range(count) for row in breakage_lives(world, f"o{n}")]


@pytest.mark.parametrize("seed", range(4))
def test_they_equal_a_count_of_what_stands_in_whatever_order_rows_come(client: Client, connected: Connect, seed: int) -> None:
    """60 journeys and their breakages with random lives, in any order, a third of them twice, landed by two, one computes."""
    world = random.Random(seed)
    rows = lives(world, 60)
    rows += world.sample(rows, len(rows) // 3)
    world.shuffle(rows)
    keeper, other = Keeper(connected), ClickHouseSink(connected)
    for start in range(0, len(rows), 50):
        batches = [batch(table, row, first=start + n) for n, (table, row) in enumerate(rows[start : start + 50])]
        land(world.choice([keeper.sink, other]), *batches)
        keeper.compute(touched(batches))
    counted = client.execute(COUNTED)
    assert len(counted) > 60
    assert client.execute(SHOWN) == counted
    assert len(client.execute("SELECT minute FROM journey_minutes FINAL WHERE empty(figures)")) > 0, "no minute lost all it had"
    keeper.close()
    other.close()


@pytest.mark.parametrize("merged", [False, True], ids=["in parts", "merged"])
def test_what_was_computed_from_less_and_comes_late_is_not_heard(client: Client, keeper: Keeper, merged: bool) -> None:
    """Who computed before comes through late, with figures that are gone since: its versions are lower."""
    keeper.version = 10
    keeper.land(batch("journeys", journey("o1", region="DE"), journey("o2", region="DE")))
    here = [journey(n, version=2, replaces=replaced_journey(journey(n, region="DE"))) for n in ("o1", "o2")]
    keeper.land(batch("journeys", *here, first=2))
    stood = client.execute(SHOWN)
    late = "SELECT minute, figures, hidden, version FROM journey_minutes WHERE version = 11"
    client.execute(f"INSERT INTO journey_minutes (minute, figures, hidden, version) {late}")
    if merged:
        client.execute("OPTIMIZE TABLE journey_minutes FINAL")
    assert [row[2] for row in stood] == ["BR"]
    assert client.execute(SHOWN) == stood
    assert keeper.minutes.newest() == 12


def test_a_life_of_one_journey(client: Client, keeper: Keeper) -> None:
    """It opens, closes, is found to have opened earlier, and goes: old minutes are corrected, and in the end empty."""
    opened = journey()
    keeper.land(batch("journeys", opened))
    assert client.execute(FIGURES) == [("opened", "", "open", 1, 0, 0.0)]
    closed = journey(version=2, state="closed", outcome="delivered", closed_at=AT + 90_500, replaces=replaced_journey(opened))
    keeper.land(batch("journeys", closed, first=1))
    assert client.execute(FIGURES) == [(kind, "delivered", "closed", 1, 1, 90.5) for kind in ("opened", "closed")]
    earlier = {**closed, "version": 3, "opened_at": AT - MINUTE_MS, "replaces": replaced_journey(closed)}
    keeper.land(batch("journeys", earlier, first=2))
    assert client.execute(FIGURES) == [(kind, "delivered", "closed", 1, 1, 150.5) for kind in ("opened", "closed")]
    keeper.land(batch("journeys", {**earlier, "version": 4, "state": "moved", "replaces": replaced_journey(earlier)}, first=3))
    assert client.execute(FIGURES) == []


def test_a_row_that_counts_as_the_one_before_touches_nothing() -> None:
    before, broken = journey(), breakage(state="recovered", recovered_at=AT + 5)
    same = journey(version=2, touchpoints=9, last_at=AT + 5, replaces=replaced_journey(before))
    again = breakage(state="recovered", recovered_at=AT + 9, replaces=replaced_breakage(broken))
    assert touched([batch("journeys", same), batch("touchpoints")]) == set()
    assert touched([batch("breakages", again)]) == {AT // MINUTE_MS}, "when it recovered may have changed"
    other = journey(version=2, opened_at=AT - MINUTE_MS, closed_at=AT + MINUTE_MS, replaces=replaced_journey(before))
    assert touched([batch("journeys", other)]) == {AT // MINUTE_MS + n for n in (-1, 0, 1)}


def test_a_minute_with_a_row_that_waits_for_its_redirect_is_computed_again(client: Client, keeper: Keeper) -> None:
    """The row comes before the redirect that it rests on.  The redirect touches nothing; what was hidden is asked for again."""
    keeper.land(batch("journeys", journey(redirects=7)))
    assert client.execute(FIGURES) == []
    assert keeper.hidden == {AT // MINUTE_MS}
    keeper.land(batch("people", person("o9", number=7)))
    assert client.execute(FIGURES) == [("opened", "", "open", 1, 0, 0.0)]
    assert keeper.hidden == set()


def test_an_owner_that_changes_to_and_fro_without_a_row_is_counted_in_the_end(client: Client, keeper: Keeper) -> None:
    """Stitch saw both redirects at once and had nothing to say; here they land apart, and a minute is computed in between."""
    keeper.land(batch("people", person("o1", PERSON, 1)), batch("journeys", journey(redirects=1)))
    land(keeper.sink, batch("people", person("o1", OTHER, 2), first=1))
    keeper.compute({AT // MINUTE_MS})
    assert client.execute(FIGURES) == []
    keeper.land(batch("people", person("o1", PERSON, 3), first=2))
    assert client.execute(FIGURES) == [("opened", "", "open", 1, 0, 0.0)]


@pytest.mark.parametrize("seed", range(3))
def test_while_owners_change_figures_come_right_in_whatever_order(client: Client, connected: Connect, seed: int) -> None:
    """Orders change hands; redirects, rows that go and rows that come land in any order, minutes are computed in between."""
    world, keeper = random.Random(seed), Keeper(connected)
    steps: list[list[Batch]] = []
    for n in range(20):
        order, old, new = f"o{n}", PERSON, OTHER
        at = AT + n % 5 * MINUTE_MS
        first = journey(order, old, redirects=n + 1, opened_at=at)
        gone = {**first, "version": 2, "state": "moved", "replaces": replaced_journey(first)}
        come = journey(order, new, redirects=100 + n, version=3, opened_at=at - world.choice([0, MINUTE_MS]))
        chain = [batch("journeys", first, first=n), batch("journeys", gone, first=200 + n)]
        steps += [chain, [batch("journeys", come, partition=1, first=n)]]
    redirects = [batch("people", person(f"o{n}", PERSON, n + 1), first=n) for n in range(20)]
    steps.append([*redirects, *(batch("people", person(f"o{n}", OTHER, 100 + n), first=100 + n) for n in range(20))])
    while any(steps):
        stream = world.choice([step for step in steps if step])
        taken = [stream.pop(0) for _ in range(min(len(stream), world.randint(1, 4)))]
        keeper.land(*taken)
    keeper.land(*(batch("clocks", clock(topic, redirects=200), topic_id=topic) for topic in ("journeys", "breakages")))
    assert client.execute("SELECT count() FROM v_journeys") == [(20,)]
    assert client.execute(SHOWN) == client.execute(COUNTED)
    assert keeper.hidden == set()
    keeper.close()


def test_only_the_minutes_that_were_touched_are_read(client: Client, keeper: Keeper) -> None:
    """Of 50,000 journeys in as many minutes: to compute two, two blocks of 1,024 entries of each part are read."""
    for start in range(0, 50_000, 25_000):
        rows = [journey(f"o{n}", opened_at=AT + n * MINUTE_MS) for n in range(start, start + 25_000)]
        land(keeper.sink, batch("journeys", *rows, first=start))
    wanted = [AT // MINUTE_MS + 10, AT // MINUTE_MS + 40_000]
    client.execute(COMPUTE.format(wanted=WANTED.format(minutes=",".join(map(str, wanted))), version=1))
    assert client.last_query.progress.rows < 6 * 1_024
    assert client.execute("SELECT count(), sum(n) FROM v_journey_minutes") == [(2, 2)]


def test_very_many_minutes_are_computed_in_several_statements(client: Client, keeper: Keeper) -> None:
    count = MOST + 5
    rows = [journey(f"o{n}", opened_at=n * MINUTE_MS * 10) for n in range(count)]
    keeper.land(batch("journeys", *rows))
    assert client.execute("SELECT count(), sum(n), uniqExact(minute) FROM v_journey_minutes") == [(count, count, count)]


def test_a_minute_before_1970_is_one_like_any_other(client: Client, keeper: Keeper) -> None:
    keeper.land(batch("journeys", journey(opened_at=-90_001)))
    assert client.execute("SELECT toUnixTimestamp64Milli(minute), n FROM v_journey_minutes") == [(-120_000, 1)]


def test_a_bound_on_the_minute_reads_only_what_it_needs(client: Client, keeper: Keeper) -> None:
    keeper.land(batch("journeys", *(journey(f"o{n}", opened_at=AT + n * MINUTE_MS) for n in range(9_000))))
    for view, column in (("v_journey_minutes", "minute"), ("v_journey_hours", "hour")):
        since = f"fromUnixTimestamp64Milli({AT + 8_700 * MINUTE_MS}, 'UTC')"
        rows = client.execute(f"SELECT sum(n) FROM {view} WHERE {column} >= {since}")
        assert 200 < rows[0][0] <= 300
        assert client.last_query.progress.rows <= 2 * 1_024


@alters
def test_an_insert_that_was_cut_off_before_the_entries_is_made_good_by_its_retry(client: Client, keeper: Keeper) -> None:
    """The rows had got in, the entries had not: the same insert again, which the table drops as known, still feeds the entries."""
    client.execute("ALTER TABLE minute_entries ADD CONSTRAINT broken CHECK instance != 'o1'")
    keeper.sink.add(batch("journeys", journey("o1")))
    with pytest.raises(ServerException):
        keeper.sink.flush()
    assert client.execute("SELECT (SELECT count() FROM journeys), (SELECT count() FROM minute_entries)") == [(1, 0)]
    client.execute("ALTER TABLE minute_entries DROP CONSTRAINT broken")
    keeper.sink.flush()
    keeper.compute({AT // MINUTE_MS})
    assert client.execute("SELECT (SELECT count() FROM journeys), (SELECT sum(n) FROM v_journey_minutes)") == [(1, 1)]


def test_while_the_server_is_away_it_says_so_and_goes_on_afterwards(
    client: Client, clickhouse: Database, database: str, keeper: Keeper
) -> None:
    land(keeper.sink, batch("journeys", journey()))
    gate = Gate((clickhouse.host, clickhouse.port))
    minutes = ClickHouseMinutes(lambda: connect("127.0.0.1", gate.port, clickhouse.user, clickhouse.password, database))
    gate.shut()
    with pytest.raises(Backpressure, match="computes no minutes at the moment"):
        minutes.recompute([AT // MINUTE_MS], 1)
    gate.open()
    assert minutes.recompute([AT // MINUTE_MS], 1) == []
    assert client.execute(FIGURES) == [("opened", "", "open", 1, 0, 0.0)]
    minutes.close()
    gate.shut()


@alters
def test_the_same_holds_for_redirects(client: Client, sink: ClickHouseSink) -> None:
    client.execute("ALTER TABLE redirects ADD CONSTRAINT broken CHECK number != 4")
    sink.add(batch("people", person("o1", number=4)))
    with pytest.raises(ServerException):
        sink.flush()
    client.execute("ALTER TABLE redirects DROP CONSTRAINT broken")
    sink.flush()
    assert client.execute("SELECT number FROM redirects_landed") == [(4,)]
