"""What was landed comes back as it was: touchpoints with the types of their attributes, rows with their lists, by person."""

from clickhouse_driver import Client

from sinks.clickhouse.sink import ClickHouseSink
from sinks.clickhouse.standing import carried, clocks, newest_touchpoint, rows, touchpoints
from streams.core.touchpoint import hash_id, hash_of, order_of, strip
from streams.core.verdict import Fact
from streams.core.whole.compare import plain
from streams.core.whole.people import part_of
from tests.sinks.databases import land
from tests.sinks.samples import AT, batch, breakage, clock, journey, promise, stage, touchpoint

ODD = {"text": "3.0", "whole": 3, "real": 3.0, "large": 2**63 - 1, "small": 5e-324, "yes": True, "": 'ü"\\\n', "\0": "\x01"}


def test_touchpoints_come_back_with_the_types_of_their_attributes(client: Client, sink: ClickHouseSink) -> None:
    pairs = (("order", 'o"1'), ("customer", "ü"), ("customer", ""))
    sent = [
        touchpoint("odd", attributes=ODD, identifiers=pairs, late_ms=5, load="x", content_hash=2**64 - 1, sequence=-3),
        touchpoint("far", occurred_at=-2_000_000_000_000, identifiers=(("order", "o1"),)),
        touchpoint("too late", too_late=True, late_ms=9),
    ]
    land(sink, batch("touchpoints", *sent))
    found = {each.touchpoint.event_id: each for each in touchpoints(client)}
    assert found.keys() == {"odd", "far"}
    for name, (back, landed_at) in found.items():
        (was,) = (each for each in sent if each.event_id == name)
        assert back == was
        strip(back)
        back.attributes, was.content_hash = dict(back.attributes), 0
        assert hash_of(back) == hash_of(was)  # who keeps what came back computes it again
        assert {key: type(value) for key, value in back.attributes.items()} == {k: type(v) for k, v in was.attributes.items()}
        assert landed_at <= newest_touchpoint(client)
    assert list(carried(client)) == [(pairs, sent[0].action, order_of(sent[0]))]


def test_rows_come_by_person_and_part_with_what_is_gone(client: Client, sink: ClickHouseSink) -> None:
    people = sorted(hash_id("customer", str(number)) for number in range(30))
    facts = [{"name": "real", "value": 3.0}, {"name": "text", "value": "3"}]
    journeys = [journey(f"o{n}", person, stages=[stage()], promises=[promise()], facts=facts) for n, person in enumerate(people)]
    broken = [breakage(f"o{n}", person, state="withdrawn" if n % 2 else "open") for n, person in enumerate(people)]
    land(sink, batch("journeys", *journeys), batch("breakages", *broken))
    assert [row["person_id"] for row in rows(client, "journeys")] == people
    assert [row["state"] for row in rows(client, "breakages")] == [row["state"] for row in _by_person(broken)]
    row, *_ = rows(client, "journeys")
    assert row["stages"] == (tuple(stage().values()),)
    assert row["promises"] == (tuple(promise().values()),)
    assert row["facts"] == (("real", "3.0"), ("text", '"3"'))
    assert (row["opened_at"], row["closed_at"], row["backfilled"]) == (AT, None, False)
    for part in range(3):
        found = [row["person_id"] for row in rows(client, "journeys", part, 3)]
        assert found == [person for person in people if part_of(person, 3) == part]


def test_clocks_are_the_least_and_the_most_of_a_topic(client: Client, sink: ClickHouseSink) -> None:
    said = [clock("journeys", partition=p, partitions=3, clock_ms=10 + p, final_ms=p) for p in range(2)]
    land(sink, batch("clocks", *said))
    assert clocks(client)["journeys"][:5] == (False, 10, 11, 0, 1)
    land(sink, batch("clocks", clock("journeys", partition=2, partitions=3, clock_ms=9, final_ms=7), first=9))
    assert clocks(client)["journeys"][:5] == (True, 9, 11, 0, 7)


def _by_person(found: list[dict]) -> list[dict]:
    return sorted(found, key=lambda row: row["person_id"])


def test_a_fact_reads_the_same_as_the_verdict_has_it() -> None:
    assert plain({"facts": [Fact("real", 3.0), Fact("text", "3"), Fact("yes", True)]})["facts"] == (
        ("real", "3.0"), ("text", '"3"'), ("yes", "true"),
    )  # fmt: skip
