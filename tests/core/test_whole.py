"""Judged again from all touchpoints, a world says what its stream said; whatever is changed in what stands is found and named."""

from collections.abc import Collection
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.log import Activation
from streams.core.stitch.judging import Judge
from streams.core.touchpoint import identifiers_of, order_of
from streams.core.verdict import NEVER, Clock
from streams.core.whole.again import judged_again
from streams.core.whole.compare import KEYS, PURE, Difference, differences, plain
from streams.core.whole.people import Owners, People, part_of
from tests.core.test_stitch_world import act
from tests.core.world import BUNDLE, IDENTIFIERS, SECOND_MS, World

STEPS = 120
TABLES = ("journeys", "breakages")
Rows = dict[str, dict[str, list[dict[str, Any]]]]  # table -> person -> rows


def told(seed: int, **limits: int) -> tuple[World, Clock]:
    """A random world that has come to rest, with conflicting and repeated touchpoints, moves and crashes."""
    rng = Random(seed)
    world, now_s = World(rng, **limits), 0
    for number in range(STEPS):
        now_s += rng.randint(0, 2)
        act(world, rng, number, now_s)
    end_ms = (now_s + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    return world, Clock(end_ms, end_ms)


def standing(world: World) -> Rows:
    """As the tables have them, rows that are gone included."""
    found: Rows = {table: {} for table in TABLES}
    for table, rows in zip(TABLES, (world.journeys, world.breakages), strict=True):
        for row in rows.values():
            found[table].setdefault(row["person_id"], []).append(plain(row))
    return found


def computed(world: World, clock: Clock, parts: int = 1, addresses: Collection[str] = (), persons: Collection[str] = ()) -> Rows:
    """Without what is quarantined: ids of addresses, and of persons as a whole."""
    judge = Judge(lambda _: BUNDLE)
    judge.activate([Activation(BUNDLE.content_hash, NEVER)])
    owners = Owners(IDENTIFIERS, ((identifiers_of(each), each.action, order_of(each)) for each in world.delivered))
    found: Rows = {table: {} for table in TABLES}
    for part in range(parts):
        people = People(IDENTIFIERS, owners, part, parts, addresses)
        for touchpoint in world.delivered:
            people.take(touchpoint)
        for person, root, touchpoints in people.in_order():
            assert part_of(person, parts) == part
            rows, _ = judged_again(judge, root, touchpoints, clock, as_whole=person not in persons)
            found["journeys"][person], found["breakages"][person] = rows.journeys, rows.breakages
    return found


def compared(stand: Rows, again: Rows) -> list[Difference]:
    return [
        difference
        for table in TABLES
        for person in sorted({*stand[table], *again[table]})
        for difference in differences(table, stand[table].get(person, ()), again[table].get(person, ()))
    ]


@given(st.integers(0, 1 << 32), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_nothing_differs_from_what_the_stream_said(seed: int, parts: int) -> None:
    """Whatever the order, pace and crashes, and in however many parts people are worked off."""
    world, clock = told(seed)
    assert compared(standing(world), computed(world, clock, parts)) == []


@given(st.integers(0, 1 << 32), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_of_who_is_quarantined_all_else_is_compared(seed: int, parts: int) -> None:
    """Receipts are no rows that differ."""
    world, clock = told(seed, most_touchpoints=8)
    receipts = world.receipts()
    addresses = {row["address_id"] for row in receipts if row["instance"] != row["person_id"]}
    persons = {row["person_id"] for row in receipts if row["instance"] == row["person_id"]}
    assert compared(standing(world), computed(world, clock, parts, addresses, persons)) == []


def test_who_is_quarantined_would_differ_if_compared() -> None:
    world, clock = told(1, most_touchpoints=8)
    assert {each.kind for each in compared(standing(world), computed(world, clock))} >= {"missing"}


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return value[:-1] if value else (("stray", "1"),)
    if isinstance(value, int | float):
        return value + 1
    return "another" if isinstance(value, str) else 1


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_changed_in_one_row_is_found_and_named(data: st.DataObject) -> None:
    """A row that went, one that came, one column that changed: exactly that difference, and no other."""
    world, clock = told(data.draw(st.integers(0, 200)))
    stand, again = standing(world), computed(world, clock)
    rows = [(t, row) for t in TABLES for its in stand[t].values() for row in its if row["state"] not in ("moved", "withdrawn")]
    table, row = data.draw(st.sampled_from(rows))
    its = stand[table][row["person_id"]]
    kind = data.draw(st.sampled_from(["missing", "extra", "different"]))
    columns = {}
    if kind == "missing":
        its.remove(row)
    elif kind == "extra":
        row = {**row, KEYS[table][-1]: "stray", "journey_id": "stray", "cause_key": "stray"}
        its.append(row)
    else:
        name = data.draw(st.sampled_from(PURE[table]))
        columns = {name: (other(row[name]), row[name])}
        its[its.index(row)] = {**row, name: other(row[name])}
    (found,) = compared(stand, again)
    assert found[:5] == (kind, table, row["definition"], row.get("rule", ""), row["person_id"])
    assert found.columns == columns


@given(st.integers(0, 200), st.sampled_from(["version", "redirects", "clock_at", "emitted_at", "replaces"]))
@settings(max_examples=20, deadline=None)
def test_traces_of_how_it_came_about_do_not_differ(seed: int, trace: str) -> None:
    world, clock = told(seed)
    stand = standing(world)
    for table in TABLES:
        stand[table] = {person: [{**row, trace: -1} for row in rows] for person, rows in stand[table].items()}
    assert compared(stand, computed(world, clock)) == []
