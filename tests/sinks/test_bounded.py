"""Queries bounded in time read little of what lies outside their bounds, whatever they have to look at there."""

import json
import shutil
import time
from pathlib import Path

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.migrate import FOLDER, migrate
from sinks.clickhouse.sink import ClickHouseSink
from streams.core.touchpoint import Scalar, Touchpoint, hash_id
from tests.sinks.databases import land
from tests.sinks.samples import AT, DAY_MS, OTHER, PERSON, batch, consent, journey, person, touchpoint

ROWS = 200_000
MANY = f"""
INSERT INTO touchpoints (occurred_at, source, event_id, address, address_id, action, identifiers, attributes, content_hash)
SELECT toDateTime64('2024-01-01', 3, 'UTC') + toIntervalMinute(number * 2), 'shop', toString(generateUUIDv4(number)),
    concat('order:', toString(intDiv(number, 5))), lower(hex(sipHash128(intDiv(number, 5)))), 'order.placed',
    [('order', toString(intDiv(number, 5)))], '{{"price": 12.5, "items": 2}}', sipHash64(number)
FROM numbers({ROWS})
"""
DAY = "{0} >= '2024-03-01' AND {0} < '2024-03-02'"
CONFLICTS = "SELECT event_id, address_value, copies FROM v_conflicts WHERE occurred_at {} fromUnixTimestamp64Milli({}, 'UTC')"
VALUES = "SELECT name, value FROM v_person_attributes"
CONSENTS = "SELECT purpose, state FROM v_consents"


def bytes_read(client: Client, query: str) -> int:
    client.execute(query)
    return int(client.last_query.progress.bytes)


@pytest.mark.parametrize(
    ("view", "at", "most"),
    [  # bytes a touchpoint: a number of 4, or of 8
        ("v_conflicts", "occurred_at", 10),
        ("v_journey_attributes", "opened_at", 10),
        ("v_breakage_attributes", "broken_at", 10),
        ("v_journey_consents", "opened_at", 10),
    ],
)
def test_a_day_costs_a_few_bytes_of_every_touchpoint(client: Client, view: str, at: str, most: int) -> None:
    """Each has about 200 that such a query might read."""
    client.execute(MANY)
    assert bytes_read(client, f"SELECT count() FROM {view} WHERE {DAY.format(at)}") < most * ROWS


def test_identifiers_that_are_not_asked_for_go_before_copies_are_put_together(client: Client, sink: ClickHouseSink) -> None:
    """By their key, that is.  By anything else they go behind that, or a person of before would win."""
    land(sink, batch("people", person()))
    for asked, condition, before in (("person_id", "own_id != 'x'", True), ("own_id", "person_id != 'x'", False)):
        plan = client.execute(f"EXPLAIN actions = 1 SELECT {asked} FROM people_newest WHERE {condition}")
        assert any("Prewhere" in line for (line,) in plan) == before


def test_a_copy_on_any_other_day_makes_a_conflict_of_the_one_in_bounds(client: Client, sink: ClickHouseSink) -> None:
    copies = [
        touchpoint(),
        touchpoint(occurred_at=AT + 300 * DAY_MS),
        touchpoint(address="order:o2", occurred_at=AT - 300 * DAY_MS),
    ]
    land(sink, batch("touchpoints", touchpoint("e2"), copies[0]))
    assert client.execute(CONFLICTS.format("=", AT)) == []
    for number, copy in enumerate(copies[1:], start=1):
        land(sink, batch("touchpoints", copy, first=10 * number))
        assert client.execute(CONFLICTS.format("=", AT)) == [("e1", "o1", number + 1)]
    assert client.execute(CONFLICTS.format(">", AT)) == [("e1", "o1", 3)]
    assert client.execute(CONFLICTS.format("<", AT)) == [("e1", "o2", 3)]


def test_what_lands_twice_or_otherwise_at_its_place_is_no_conflict(client: Client, sink: ClickHouseSink) -> None:
    others = [touchpoint(), touchpoint(), touchpoint(content_hash=5), touchpoint(content_hash=1 << 50, occurred_at=AT + 1)]
    for number, other in enumerate(others):
        land(sink, batch("touchpoints", other, first=10 * number))
    assert client.execute(CONFLICTS.format(">", 0)) == []
    for number in range(2):
        land(sink, batch("touchpoints", touchpoint(address="order:o2"), first=100 + number))
    assert sorted(client.execute(CONFLICTS.format(">", 0))) == [("e1", "o1", 2), ("e1", "o2", 2)]


def test_a_copy_that_was_deleted_is_none(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("touchpoints", touchpoint(), touchpoint(address="order:o2")))
    assert len(client.execute(CONFLICTS.format(">", 0))) == 2
    client.execute("DELETE FROM touchpoints WHERE address = 'order:o2'", settings={"lightweight_deletes_sync": 2})
    assert client.execute(CONFLICTS.format(">", 0)) == []


@pytest.mark.parametrize("first", ["said", "silent"])
@pytest.mark.parametrize("silent_wins", [True, False])
def test_what_loses_to_a_copy_that_says_nothing_is_not_said(
    client: Client, sink: ClickHouseSink, first: str, *, silent_wins: bool
) -> None:
    """Whichever lands first, and whether or not the database has taken the loser away."""
    said = touchpoint(attributes={"person_tier": "gold"}, address="customer:c1", content_hash=1 << 40)
    granted = consent("granted", AT)
    granted.event_id, granted.content_hash = "e2", 1 << 40
    silent = [
        touchpoint(name, address="customer:c1", content_hash=1 << (39 if silent_wins else 41), attributes={})
        for name in ("e1", "e2")
    ]
    order: list[list[Touchpoint]] = [[said, granted], silent]
    for number, rows in enumerate(order if first == "said" else order[::-1]):
        land(sink, batch("touchpoints", *rows, first=10 * number))
    wanted: tuple[list[tuple[str, str]], ...] = ([], []) if silent_wins else ([("tier", "gold")], [("marketing", "granted")])
    assert (client.execute(VALUES), client.execute(CONSENTS)) == wanted
    client.execute("OPTIMIZE TABLE touchpoints FINAL")
    assert (client.execute(VALUES), client.execute(CONSENTS)) == wanted


def test_what_landed_before_the_migration_counts_and_is_written(admin: Client, unborn: str, tmp_path: Path) -> None:
    before = shutil.copytree(FOLDER, tmp_path / "before", ignore=lambda _, names: [each for each in names if each >= "0030"])
    migrate(admin, unborn, Path(before))
    columns = "occurred_at, source, event_id, address, address_id, action, attributes"
    rows = [
        (AT, "shop", "e1", "customer:c1", PERSON, "person.described", json.dumps({"person_tier": "gold"})),
        (AT, "shop", "e2", "customer:c1", PERSON, "consent.granted", json.dumps({"purpose": "marketing"})),
        (AT + DAY_MS, "shop", "e2", "customer:c1", PERSON, "order.placed", "{}"),
    ]
    admin.execute(f"INSERT INTO touchpoints ({columns}) VALUES", rows)
    assert migrate(admin, unborn)[0].startswith("0030")
    assert admin.execute(VALUES) == [("tier", "gold")]
    assert admin.execute(CONSENTS) == [("marketing", "granted")]
    assert {copies for *_, copies in admin.execute(CONFLICTS.format(">", 0))} == {2}
    written = "SELECT DISTINCT column FROM system.parts_columns WHERE active AND database = %(d)s AND table = 'touchpoints'"
    until_s = time.monotonic() + 30
    while not {"event_key", "place_key", "event_short"} <= {column for (column,) in admin.execute(written, {"d": unborn})}:
        assert time.monotonic() < until_s
        time.sleep(0.1)


def test_a_journey_shows_a_consent_that_was_not_known_yet_as_unknown(client: Client, sink: ClickHouseSink) -> None:
    """Bounded by the opening, which says what stood then."""
    rows = [journey("o1", opened_at=AT - DAY_MS), journey("o2", opened_at=AT + DAY_MS)]
    land(sink, batch("touchpoints", consent("granted", AT)), batch("journeys", *rows))
    shown = "SELECT state, said_at IS NULL FROM v_journey_consents WHERE opened_at {} fromUnixTimestamp64Milli({}, 'UTC')"
    assert client.execute(shown.format("<", AT)) == [("unknown", 1)]
    assert client.execute(shown.format(">", AT)) == [("granted", 0)]


def test_an_identifier_is_told_its_newest_owner_whatever_lands_first(client: Client, sink: ClickHouseSink) -> None:
    """Also before the database has put its rows together."""
    land(sink, batch("touchpoints", touchpoint()))
    shown = "SELECT person_id FROM v_touchpoints"
    assert client.execute(shown) == [(hash_id("order", "o1"),)]
    for number, (number_of_redirect, seen) in enumerate(((2, OTHER), (1, OTHER), (3, PERSON)), start=1):
        to = {1: PERSON, 2: OTHER, 3: PERSON}[number_of_redirect]
        land(sink, batch("people", person("o1", to, number_of_redirect), first=number))
        assert client.execute(shown) == [(seen,)]


VALUES_OF_ATTRIBUTES: list[Scalar] = [
    "3", "", 'a "b" \\ é\n', "true", "null", "[1]", True, False, 0, -1, 3.0, -0.5, 0.1 + 0.2, 1e300, 5e-324, 2**53 + 1, -(2**63),
]  # fmt: skip


def test_attributes_have_the_type_that_they_came_with(client: Client, sink: ClickHouseSink) -> None:
    """Integers exactly, and a number with a fraction of 0 is none."""
    attributes = {f"a{number}": value for number, value in enumerate(VALUES_OF_ATTRIBUTES)}
    land(sink, batch("touchpoints", touchpoint(attributes=attributes)))
    found = client.execute(
        "SELECT name, value_string, value_number, value_integer, value_boolean FROM v_touchpoint_attributes"
        " ORDER BY toUInt8(substring(name, 2))"
    )
    assert found == [
        (
            name,
            value if isinstance(value, str) else None,
            float(value) if type(value) in (int, float) else None,
            value if type(value) is int else None,
            value if isinstance(value, bool) else None,
        )
        for name, value in attributes.items()
    ]
