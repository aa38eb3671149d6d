"""Attributes of persons follow event time and identity: what was said when a journey opened or broke, whoever says it now."""

import json
import random
import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from msgspec import structs

from sinks.clickhouse.attributes import attributes
from sinks.clickhouse.migrate import FOLDER, migrate
from sinks.clickhouse.sink import ClickHouseSink
from streams.core.touchpoint import Scalar, Touchpoint, hash_id
from tests.sinks.databases import land
from tests.sinks.samples import AT, OTHER, PERSON, batch, breakage, journey, person, touchpoint

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
HISTORY = (
    "SELECT value, toUnixTimestamp64Milli(since), toUnixTimestamp64Milli(until) FROM v_person_attributes WHERE {} ORDER BY since"
)
OPENED = "SELECT instance, name, value, toUnixTimestamp64Milli(said_at) FROM v_journey_attributes ORDER BY ALL"
BROKEN = "SELECT instance, name, value, toUnixTimestamp64Milli(said_at) FROM v_breakage_attributes ORDER BY ALL"
SPANS = "SELECT person_id, name, value, toUnixTimestamp64Milli(since) AS s, toUnixTimestamp64Milli(until) FROM v_person_attributes"
PREFIX = "person_"


def say(at: int, whom: str = "customer:c1", event_id: str = "", **said: Scalar) -> Touchpoint:
    """A touchpoint of `whom` at `at` whose attributes are those of its person, by their names."""
    kind, _, value = whom.partition(":")
    about: dict[str, Any] = {
        "identifiers": ((kind, value),),
        "address": whom,
        "attributes": {PREFIX + n: v for n, v in said.items()},
    }
    return touchpoint(event_id or f"{whom} {at} {said}", occurred_at=at, **about)


def email(value: str = "e1", belongs_to: str = PERSON, number: int = 1) -> dict[str, Any]:
    about = {"identifier_type": "email", "identifier_value": value, "own_id": hash_id("email", value), "kind": "person"}
    return person(value, belongs_to, number, **about)


def history(client: Client, name: str = "tier", whom: str = PERSON) -> list[tuple[Any, ...]]:
    return list(client.execute(HISTORY.format("name = %(name)s AND person_id = %(whom)s"), {"name": name, "whom": whom}))


def test_a_journey_and_a_breakage_have_what_held_when_they_opened_and_broke(client: Client, sink: ClickHouseSink) -> None:
    said = [say(AT - 5, tier="silver"), say(AT + 1, tier="gold", value=12.5), say(AT + 9, tier="none")]
    rows = [breakage(broken_at=AT + 5), breakage("o2", broken_at=AT + 5, state="withdrawn"), breakage("o3", OTHER)]
    land(sink, batch("touchpoints", *said), batch("journeys", journey()), batch("breakages", *rows))
    assert client.execute(OPENED) == [("o1", "tier", "silver", AT - 5)]
    assert client.execute(BROKEN) == [("o1", "tier", "gold", AT + 1), ("o1", "value", "12.5", AT + 1)]
    assert history(client) == [("silver", AT - 5, AT + 1), ("gold", AT + 1, AT + 9), ("none", AT + 9, None)]


def test_what_arrives_late_counts_from_when_it_was_said(client: Client, sink: ClickHouseSink) -> None:
    """Also beyond the late horizon, where it changes no journey any more: what is known of the person is better known."""
    land(sink, batch("touchpoints", say(AT - 9, tier="silver")), batch("journeys", journey()))
    assert client.execute(OPENED) == [("o1", "tier", "silver", AT - 9)]
    late = say(AT, tier="gold")
    late.late_ms, late.too_late = 40 * 86_400_000, True
    land(sink, batch("touchpoints", late, first=5))
    assert client.execute(OPENED) == [("o1", "tier", "gold", AT)]


def test_an_empty_value_ends_an_attribute_and_it_may_begin_again(client: Client, sink: ClickHouseSink) -> None:
    said = [say(AT - 5, tier="gold"), say(AT - 2, tier=""), say(AT + 3, tier=""), say(AT + 4, tier="gold")]
    land(sink, batch("touchpoints", *said), batch("journeys", journey()), batch("breakages", breakage(broken_at=AT + 4)))
    assert history(client) == [("gold", AT - 5, AT - 2), ("gold", AT + 4, None)]
    assert client.execute(OPENED) == []
    assert client.execute(BROKEN) == [("o1", "tier", "gold", AT + 4)]


def test_what_is_said_again_does_not_begin_again(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("touchpoints", *(say(AT + at, tier=tier) for at, tier in enumerate(["gold", "gold", "silver", "silver"]))))
    assert history(client) == [("gold", AT, AT + 2), ("silver", AT + 2, None)]
    assert [(each.value, each.since.timestamp() * 1_000) for each in attributes(client, PERSON)] == [("silver", AT + 2)]


def test_persons_who_turn_out_to_be_one_have_one_history_and_apart_two(client: Client, sink: ClickHouseSink) -> None:
    alone = hash_id("email", "e1")
    said = [say(AT - 9, tier="silver"), say(AT - 5, "email:e1", tier="gold"), say(AT - 3, region="BR")]
    land(sink, batch("touchpoints", *said), batch("journeys", journey(), journey("o2", alone)))
    apart = [("o1", "region", "BR", AT - 3), ("o1", "tier", "silver", AT - 9), ("o2", "tier", "gold", AT - 5)]
    assert client.execute(OPENED) == apart
    moved = journey("o2", alone, state="moved", version=2), journey("o2", PERSON, redirects=1)
    land(sink, batch("people", email()), batch("journeys", *moved, first=5))
    assert history(client) == [("silver", AT - 9, AT - 5), ("gold", AT - 5, None)]
    one = [("region", "BR", AT - 3), ("tier", "gold", AT - 5)]
    assert client.execute(OPENED) == [("o1", *one[0]), ("o1", *one[1]), ("o2", *one[0]), ("o2", *one[1])]
    back = journey("o2", PERSON, state="moved", version=3), journey("o2", alone, version=3, redirects=2)
    land(sink, batch("people", email(belongs_to=alone, number=2), first=9), batch("journeys", *back, first=9))
    assert client.execute(OPENED) == apart
    assert history(client, whom=alone) == [("gold", AT - 5, None)]


def test_ties_are_settled_by_sequence_then_event_id_then_source(client: Client, sink: ClickHouseSink) -> None:
    """As in a journey; of copies with different content the one counts that stitch judges by."""
    said = []
    for name, winner, other in (
        ("a", {"sequence": 2, "event_id": "1"}, {"sequence": 1, "event_id": "2"}),
        ("b", {"event_id": "2", "source": "a"}, {"event_id": "1", "source": "b"}),
        ("c", {"event_id": "1", "source": "b"}, {"event_id": "1", "source": "a"}),
        ("d", {"event_id": "d", "content_hash": 1 << 20}, {"event_id": "d", "content_hash": 1 << 50}),
    ):
        for value, place in (("wins", winner), ("loses", other)):
            said.append(structs.replace(say(AT, **{name: value}), **place))
    copy = say(AT, "email:e1", "d", d="other address")
    copy.content_hash = 1 << 30
    land(sink, batch("touchpoints", *said, copy), batch("people", email()))
    found = client.execute("SELECT name, value FROM v_person_attributes ORDER BY name")
    assert found == [(name, "wins") for name in "abcd"]


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        ("12.50", "12.50", 12.5), (12.5, "12.5", 12.5), (7, "7", 7.0), (True, "true", None), ('a "b" é\n', 'a "b" é\n', None),
        ("nan", "nan", None), ("inf", "inf", None), (0, "0", 0.0), (False, "false", None), ("{}", "{}", None),
    ],
)  # fmt: skip
def test_a_value_is_a_text_and_a_number_where_it_is_one(
    client: Client, sink: ClickHouseSink, value: Scalar, text: str, number: float | None
) -> None:
    land(sink, batch("touchpoints", say(AT - 1, v=value)), batch("journeys", journey()), batch("breakages", breakage()))
    for view in ("v_person_attributes", "v_journey_attributes", "v_breakage_attributes"):
        assert client.execute(f"SELECT name, value, value_number FROM {view}") == [("v", text, number)]


def test_only_attributes_that_say_so_are_the_persons(client: Client, sink: ClickHouseSink) -> None:
    others = {"tier": "gold", "person_": "x", "note": '"person_tier": "gold"', "a person_tier": "gold"}
    land(sink, batch("touchpoints", touchpoint(attributes=others, address="customer:c1")))
    assert client.execute("SELECT * FROM v_person_attributes") == []


def test_for_an_excluded_purpose_nothing_is_said(client: Client, sink: ClickHouseSink) -> None:
    """A description is stamped as part of no journey too, and counts."""
    excluded, described = say(AT - 2, tier="gold"), say(AT - 3, tier="silver")
    excluded.late_ms, excluded.too_late = 0, True
    described.late_ms, described.too_late = -1, True
    land(sink, batch("touchpoints", excluded, described), batch("journeys", journey()))
    assert client.execute(OPENED) == [("o1", "tier", "silver", AT - 3)]
    assert [each.value for each in attributes(client, PERSON)] == ["silver"]
    told = client.execute("SELECT unused_because, late_s FROM v_touchpoints ORDER BY occurred_at")
    assert told == [("description", 0.0), ("purpose", 0.0)]


class Lives:
    """Persons of several identifiers, of which anything is said at any time, ties included; and the plainest computation of it."""

    def __init__(self, seed: int) -> None:
        world = random.Random(seed)
        self.owner = {f"email:e{n}": hash_id("customer", f"c{world.randrange(3)}") for n in range(6)}
        self.owner |= {f"customer:c{n}": hash_id("customer", f"c{n}") for n in range(3)}
        self.said = [
            (AT + world.randrange(30), world.randrange(2), f"e{n}", world.choice(sorted(self.owner)), world.choice("tv"), value)
            for n in range(120)
            for value in [world.choice(["", "x", "y"])]
        ]
        self.asked = [(f"o{n}", hash_id("customer", f"c{world.randrange(3)}"), AT - 2 + world.randrange(34)) for n in range(30)]

    def rows(self) -> Iterator[Touchpoint]:
        for at, sequence, event_id, whom, name, value in self.said:
            row = say(at, whom, event_id, **{name: value})
            row.sequence = sequence
            yield row

    def people(self) -> Iterable[dict[str, Any]]:
        return (email(each.partition(":")[2], to) for each, to in self.owner.items() if each.startswith("email"))

    def held(self, whom: str, name: str, at: int) -> str:
        known = [each for each in sorted(self.said) if self.owner[each[3]] == whom and each[4] == name and each[0] <= at]
        return known[-1][5] if known else ""

    def history(self) -> list[tuple[Any, ...]]:
        """A row for each time in which the same value held."""
        found: list[list[Any]] = []
        for whom, name in product({*self.owner.values()}, "tv"):
            before = ""
            for at in range(AT, AT + 30):
                value = self.held(whom, name, at)
                if value != before and before:
                    found[-1][4] = at
                if value != before and value:
                    found.append([whom, name, value, at, None])
                before = value
        return sorted(map(tuple, found), key=lambda row: row[:4])

    def as_of(self) -> list[tuple[str, str, str]]:
        found = ((each, name, self.held(whom, name, at)) for each, whom, at in self.asked for name in "tv")
        return sorted(row for row in found if row[2])


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_said_of_whom_in_any_order_each_journey_has_what_held_then(
    client: Client, sink: ClickHouseSink, seed: int
) -> None:
    lives = Lives(seed)
    rows = list(lives.rows())
    random.Random(-seed).shuffle(rows)
    at = len(rows) // 2
    land(sink, batch("touchpoints", *rows[:at]), batch("journeys", *(journey(o, p, opened_at=at) for o, p, at in lives.asked)))
    land(sink, batch("people", *lives.people()), batch("touchpoints", *rows[at:], *rows[:9], first=at))
    land(sink, batch("breakages", *(breakage(o, p, broken_at=at) for o, p, at in lives.asked)))
    for view in ("v_journey_attributes", "v_breakage_attributes"):
        assert client.execute(f"SELECT instance, name, value FROM {view} ORDER BY ALL") == lives.as_of()
    assert client.execute(f"{SPANS} ORDER BY person_id, name, value, s") == lives.history()
    for whom in {hash_id("customer", f"c{n}") for n in range(3)}:
        now = client.execute(
            "SELECT name, value, since FROM v_person_attributes WHERE until IS NULL AND person_id = %(w)s", {"w": whom}
        )
        assert [tuple(each) for each in attributes(client, whom)] == sorted(now)


def test_what_landed_before_the_migration_counts(admin: Client, unborn: str, tmp_path: Path) -> None:
    before = shutil.copytree(FOLDER, tmp_path / "before", ignore=lambda _, names: [each for each in names if each >= "0023"])
    migrate(admin, unborn, Path(before))
    said = json.dumps({"person_tier": "gold", "price": 1})
    admin.execute(
        "INSERT INTO touchpoints (occurred_at, source, event_id, address, address_id, attributes) VALUES",
        [(AT, "shop", "e1", "customer:c1", PERSON, said), (AT, "shop", "e2", "customer:c1", PERSON, "{}")],
    )
    assert migrate(admin, unborn)[0].startswith("0023")
    assert admin.execute("SELECT name, value FROM v_person_attributes") == [("tier", "gold")]


def test_the_documented_query_groups_breakages_by_tier(client: Client, sink: ClickHouseSink) -> None:
    """All breakages, also of persons of whom nothing is known."""
    section = OPERATIONS.read_text(encoding="utf-8").partition("## Attributes of persons")[2].partition("\n## ")[0]
    (query,) = re.findall(r"^    (SELECT .*?)\n\n", section, re.DOTALL | re.MULTILINE)
    land(
        sink, batch("touchpoints", say(AT - 1, tier="gold"), say(AT - 1, region="BR")),
        batch("breakages", *(breakage(o, p, cause_key=hash_id(o)) for o, p in (("o1", PERSON), ("o2", PERSON), ("o3", OTHER)))),
    )  # fmt: skip
    assert client.execute(query) == [("order", "late_delivery", "gold", 2), ("order", "late_delivery", "unknown", 1)]
