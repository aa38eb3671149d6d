"""Seen at most once: while persons merge, a journey may be missing for a moment, and is never there twice (design, rule 8)."""

import threading
import time
from itertools import permutations
from typing import Any

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.minutes import ClickHouseMinutes
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Batch
from streams.core.touchpoint import hash_id
from tests.sinks.databases import Connect, alters, land
from tests.sinks.samples import AT, OTHER, PERSON, batch, breakage, clock, journey, person, replaced_breakage, replaced_journey

ALONE = hash_id("order", "o1")  # the order as a person of its own, before its customer is known
WAIT_S = 3
SEEN = {
    "v_journeys": "SELECT person_id FROM v_journeys WHERE instance = 'o1'",
    "v_breakages": "SELECT person_id FROM v_breakages WHERE instance = 'o1'",
}


class Change:
    """The order belonged to `old` since redirect `number - 1` (0: to itself), and redirect `number` gives it to `new`."""

    def __init__(self, old: str, new: str, number: int) -> None:
        self.old, self.new, self.number = old, new, number

    def before(self) -> list[Batch]:
        known = [batch("people", person("o1", self.old, self.number - 1))] if self.number > 1 else []
        rest: dict[str, Any] = {"version": 1, "redirects": self.number - 1}
        return [*known, batch("journeys", journey(person=self.old, **rest)), batch("breakages", breakage(person=self.old, **rest))]

    def steps(self) -> dict[str, list[Batch]]:
        """What travels apart: the redirect, the rows that go, the rows that come."""
        moved: dict[str, Any] = {"version": 2, "state": "moved", "redirects": self.number - 1}
        gone = journey(person=self.old, replaces=replaced_journey(journey()), **moved)
        gone_too = breakage(person=self.old, replaces=replaced_breakage(breakage()), **moved)
        rest: dict[str, Any] = {"version": 1, "redirects": self.number}
        come, come_too = journey(person=self.new, **rest), breakage(person=self.new, **rest)
        return {
            "redirect": [batch("people", person("o1", self.new, self.number), first=1)],
            "go": [batch("journeys", gone, first=1), batch("breakages", gone_too, first=1)],
            "come": [batch("journeys", come, partition=1), batch("breakages", come_too, partition=1)],
        }


CHANGES = {
    "finds its customer": Change(ALONE, PERSON, 1),
    "goes to another customer": Change(PERSON, OTHER, 2),
    "is its own again": Change(PERSON, ALONE, 2),
}


def figures(client: Client, connected: Connect, step: int) -> dict[str, int]:
    """Of the minute in which everything happened, computed now."""
    minutes = ClickHouseMinutes(connected)
    minutes.recompute([AT // 60_000], step)
    minutes.close()
    return dict(client.execute("SELECT kind, n FROM v_journey_minutes"))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("order", list(permutations(["redirect", "go", "come"])), ids="-".join)
def test_whatever_lands_first_a_journey_is_never_there_twice(
    client: Client, connected: Connect, sink: ClickHouseSink, change: str, order: tuple[str, ...]
) -> None:
    """Journeys, breakages and the figures a minute, after each of the three steps in every order."""
    land(sink, *CHANGES[change].before())
    for number, step in enumerate(order):
        land(sink, *CHANGES[change].steps()[step])
        for view, query in SEEN.items():
            assert len(client.execute(query)) <= 1, (view, step)
        assert all(n <= 1 for n in figures(client, connected, number).values()), step
    assert {view: client.execute(query) for view, query in SEEN.items()} == {view: [(CHANGES[change].new,)] for view in SEEN}
    assert figures(client, connected, len(order)) == {"opened": 1, "broken": 1}


def test_a_row_waits_for_the_redirects_that_it_rests_on(client: Client, sink: ClickHouseSink) -> None:
    sink.add(batch("journeys", journey(redirects=7)))
    sink.flush()
    assert client.execute(SEEN["v_journeys"]) == []
    sink.add(batch("people", person("o9", number=6)))
    sink.flush()
    assert client.execute(SEEN["v_journeys"]) == []
    sink.add(batch("people", person("o8", number=7), first=1))
    sink.flush()
    assert client.execute(SEEN["v_journeys"]) == [(PERSON,)]


def test_a_person_that_became_part_of_another_is_hidden_with_all_that_is_addressed_to_it(
    client: Client, sink: ClickHouseSink
) -> None:
    """Customer c1 turns out to be c2: rows of c1 are hidden at once, and seen again when that is taken back."""
    customer: dict[str, Any] = {"identifier_type": "customer", "identifier_value": "c1", "own_id": PERSON, "kind": "person"}
    land(sink, batch("journeys", journey(person=PERSON, redirects=1)), batch("people", person("o1", PERSON, 1)))
    assert client.execute(SEEN["v_journeys"]) == [(PERSON,)]
    land(sink, batch("people", person("o1", OTHER, 2, **customer), first=1))
    assert client.execute(SEEN["v_journeys"]) == []
    land(sink, batch("people", person("o1", PERSON, 3, **customer), first=2))
    assert client.execute(SEEN["v_journeys"]) == [(PERSON,)]


def looked_at(client: Client) -> int:
    """How many redirects a query of journeys has to look at."""
    settled = client.execute("SELECT number FROM redirects_settled")[0][0]
    return int(client.execute("SELECT count() FROM redirects_newest WHERE number > %(n)s", {"n": settled})[0][0])


def test_clocks_of_all_partitions_spare_looking_at_old_redirects(client: Client, sink: ClickHouseSink) -> None:
    """Without clocks all are looked at; then those above the least number of any partition of journeys and breakages."""
    sink.add(batch("people", *(person(f"o{n}", number=n) for n in range(1, 11))))
    sink.flush()
    assert looked_at(client) == 10
    told = [("journeys", 0, 9), ("journeys", 1, 6), ("breakages", 0, 8), ("breakages", 1, 7)]
    for number, (topic, partition, redirects) in enumerate(told):
        assert looked_at(client) == 10, "a partition has not spoken yet"
        sink.add(batch("clocks", clock(topic, partition, redirects=redirects, partitions=2), first=number))
        sink.flush()
    assert looked_at(client) == 4
    sink.add(batch("clocks", clock("journeys", 1, redirects=10, partitions=2, version=2), first=9))
    sink.flush()
    assert looked_at(client) == 3


def test_a_newer_clock_never_takes_its_word_back(client: Client, sink: ClickHouseSink) -> None:
    """Sources of one partition speak apart; the newest word of any of them counts."""
    sink.add(batch("people", person("o1", number=5)))
    for topic in ("journeys", "breakages"):
        for source, redirects in ((0, 5), (1, 3)):
            sink.add(batch("clocks", clock(topic, 0, source=source, redirects=redirects, sources=2), first=source, topic_id=topic))
    sink.flush()
    assert looked_at(client) == 0


@alters
@pytest.mark.parametrize("view", SEEN)
def test_rows_are_read_after_the_redirects_that_have_landed_and_settled(
    client: Client, connected: Connect, sink: ClickHouseSink, view: str
) -> None:
    """The new row and its redirect are there.  While a query waits in its first number, made slow here, the old row goes as moved
    and the clocks behind it land.  Were the rows older than the settled number, the old one would still be there, not hidden.
    """
    change = CHANGES["goes to another customer"]
    steps = change.steps()
    land(sink, *change.before(), *steps["come"], *steps["redirect"])
    make_slow(client, "redirects_landed")
    seen: list[tuple[str]] = []
    reader = threading.Thread(target=lambda: seen.extend(connected().execute(SEEN[view])))
    reader.start()
    time.sleep(WAIT_S / 2)
    clocks = [clock(topic, redirects=change.number) for topic in ("journeys", "breakages")]
    land(sink, *steps["go"], batch("clocks", *clocks))
    assert reader.is_alive(), "the query should wait until everything has landed"
    reader.join()
    assert seen == [(change.new,)]


def make_slow(client: Client, view: str) -> None:
    made: str = client.execute(f"SHOW CREATE VIEW {view}")[0][0]
    slow = made.replace("CREATE VIEW", "CREATE OR REPLACE VIEW").replace(
        "SELECT max(number)", f"SELECT sleep({WAIT_S}) + max(number)"
    )
    assert slow.count("sleep") == 1
    client.execute(slow)


def test_many_readers_never_see_a_journey_twice_while_orders_find_their_customers(
    client: Client, connected: Connect, sink: ClickHouseSink
) -> None:
    """60 orders get an owner, landed in small steps with clocks behind them, while a reader asks all the time."""
    orders = [f"o{n}" for n in range(60)]
    olds = {order: journey(order, hash_id("order", order), version=1) for order in orders}
    sink.add(batch("journeys", *olds.values()))
    sink.flush()
    twice: list[int] = []
    missing: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        mine = connected()
        while not stop.is_set():
            found = mine.execute("SELECT count(), uniqExact(instance) FROM v_journeys")[0]
            twice.append(found[0] - found[1])
            missing.append(len(orders) - found[1])
        mine.disconnect()

    reader = threading.Thread(target=watch)
    reader.start()
    for number, order in enumerate(orders, start=1):
        gone = journey(order, hash_id("order", order), version=2, state="moved", replaces=replaced_journey(olds[order]))
        new = journey(order, OTHER, version=1, redirects=number)
        landing = [
            batch("journeys", new, partition=1, first=number),
            batch("people", person(order, belongs_to=OTHER, number=number), first=number),
            batch("journeys", gone, partition=0, first=number),
            *(
                batch("clocks", clock(t, redirects=number, version=number), first=number, topic_id=t)
                for t in ("journeys", "breakages")
            ),
        ]
        for each in landing[number % 2 :] + landing[: number % 2]:
            sink.add(each)
            if number % 3:
                sink.flush()
    sink.flush()
    stop.set()
    reader.join()
    assert len(twice) > 10
    assert set(twice) == {0}
    assert client.execute("SELECT count(), uniqExact(instance) FROM v_journeys") == [(60, 60)]
