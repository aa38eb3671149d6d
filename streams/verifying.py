"""`verify`: compute journeys and breakages again from the touchpoints in ClickHouse, and hold the rows that stand there against it.

Judged as of the least clock that has landed.  Where all partitions have landed up to one clock and nothing came behind it,
everything is compared.  Else the differences of people are set aside about whom something is on its way: a touchpoint or a row has
just landed or lies beyond that clock, or the clocks of the partitions lie on both sides of a deadline of theirs.

Who is quarantined is left out by the receipts that stand: touchpoints of such an address, and what is judged over all of a person.
Whatever else there is of that person is compared.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

from clickhouse_driver import Client

from sinks.clickhouse import standing
from sinks.clickhouse.standing import Clocks, Row
from streams import topology
from streams.core.log import Activation
from streams.core.stitch.judging import Judge, Rows
from streams.core.touchpoint import Touchpoint, id_of
from streams.core.verdict import NEVER, Clock
from streams.core.whole.again import judged_again
from streams.core.whole.compare import Difference, differences, plain, stands
from streams.core.whole.people import Owners, People
from streams.known import database, known_identifiers
from streams.publishing import NotPublished, Shelf
from streams.retention import shortest_ms
from streams.settings import Settings

MARGIN_MS = 60_000  # what landed so shortly before the last clocks may not have had its effect yet
GOING_MS = 3_600_000  # rows go while they are read
TELL_EVERY = 200_000  # touchpoints
TABLES = ("journeys", "breakages")
Tell = Callable[[str], None]
Story = tuple[str, list[Touchpoint]]  # root, touchpoints and copies
Place = tuple[str, str, str, str]  # table, definition, rule, kind of difference


class NotSettled(Exception):
    """There is no clock as of which the tables could be compared; the text says why and what to do."""


class AsOf(NamedTuple):
    """`clock`: the least that has landed; `most_ms`: the highest.  What landed since `since_ms`, wall time, may be on its way."""

    clock: Clock
    most_ms: int
    since_ms: int
    settled: bool


@dataclass
class Verified:
    """`counts`: what is counted by (table, definition, rule, kind); `first`: some of these.  `rows`: how many stand, by table."""

    as_of: AsOf
    definitions: tuple[str, ...]
    touchpoints: int = 0
    people: int = 0
    set_aside: int = 0  # people who differ, and about whom something is on its way
    expired: int = 0  # people who differ, and some of whose touchpoints may be gone by the setting `retention`
    quarantined: int = 0  # addresses and persons that were left out, because they are
    rows: Counter[str] = field(default_factory=Counter)
    counts: Counter[Place] = field(default_factory=Counter)
    first: list[Difference] = field(default_factory=list)

    def add(self, found: Iterable[Difference], most: int) -> None:
        for each in found:
            self.counts[each.table, each.definition, each.rule, each.kind] += 1
            if len(self.first) < most:
                self.first.append(each)


def verify(settings: Settings, *, parts: int = 1, most: int = 20, tell: Tell = lambda _: None) -> Verified:
    """Raises NotSettled, NotPublished, and whatever the clients of Kafka and ClickHouse raise.

    People are worked off in `parts`, each with one pass over the touchpoints; memory holds the touchpoints of one part.
    """
    with ExitStack() as closing:
        clients = [database(settings) for _ in range(2)]
        for client in clients:
            closing.callback(client.disconnect)
        shelf = Shelf(settings)
        closing.callback(shelf.close)
        judge, names = _judge(shelf)
        identifiers = known_identifiers(settings).with_instances(shelf.instance_types())
        before = as_of(standing.clocks(clients[0]), standing.newest_touchpoint(clients[0]))
        tell("reading identifiers")
        ends_ms = _ends_ms(settings)
        known = standing.links_until(clients[1], ends_ms) if ends_ms is not None else ()
        owners = Owners(identifiers, standing.carried(clients[0]), known)
        check = _Check(clients, judge, Verified(before, names), most, tell, ends_ms)
        for part in range(parts):
            check.part(People(identifiers, owners, part, parts, check.left_out.addresses), part, parts)
        after = as_of(standing.clocks(clients[0]), standing.newest_touchpoint(clients[0]))
        return check.verified(still=after == before)


def _ends_ms(settings: Settings) -> int | None:
    """What happened up to then may be gone, because the time of its region is over; None: nothing is."""
    kept_ms = shortest_ms(settings.retention)
    return None if kept_ms is None else round(time.time() * 1_000) - kept_ms + GOING_MS


def as_of(found: dict[str, Clocks], newest_touchpoint: int) -> AsOf:
    """Raises NotSettled.  `newest_touchpoint`: when the last one landed, epoch ms."""
    for topic in (topology.LOG, topology.PEOPLE, topology.JOURNEYS, topology.BREAKAGES):
        if topic not in found or not found[topic].complete or found[topic].least_ms <= NEVER:
            raise NotSettled(
                f"no clock of every partition of {topic} has landed yet: is a worker running? say `settle` if the clock is held"
            )
    said = [found[topology.JOURNEYS], found[topology.BREAKAGES]]
    final_ms = min(each.least_final_ms for each in said)
    if final_ms != max(each.most_final_ms for each in said):
        raise NotSettled(
            "the books are closed in some partitions and not yet in others: try again when `settle --final` has returned"
        )
    least_ms, most_ms = min(each.least_ms for each in said), max(each.most_ms for each in said)
    came = (found[topology.LOG], found[topology.PEOPLE])  # behind their newest clocks may lie what was not judged yet
    one_clock = {least_ms} == {ms for each in (*came, *said) for ms in (each.least_ms, each.most_ms)}
    settled = one_clock and newest_touchpoint <= found[topology.LOG].last_said_at
    return AsOf(Clock(least_ms, final_ms), most_ms, min(each.first_said_at for each in said) - MARGIN_MS, settled)


def _judge(shelf: Shelf) -> tuple[Judge, tuple[str, ...]]:
    """Of all activations, and the names of all their definitions."""
    shelf.read()
    if shelf.active is None:
        raise NotPublished("no definitions were ever applied: run `throughline journeys apply`")
    activations = shelf.activations or [Activation(shelf.active, NEVER)]
    judge = Judge(shelf.find)
    judge.activate(activations)
    return judge, tuple(sorted({each.name for activation in activations for each in shelf.find(activation.bundle).definitions}))


def _by_person(client: Client, table: str, part: int, parts: int) -> Iterator[tuple[str, str, Row]]:
    return ((row["person_id"], table, row) for row in standing.rows(client, table, part, parts))


def _times(row: Row) -> Iterator[int]:
    """When that happened which a journey or a breakage rests on, as far as it says so."""
    if "first_at" in row:
        yield row["first_at"]
        return
    yield row["broken_at"]
    yield from (at_ms for _, _, at_ms, *_ in row["evidence"])


class _Check:
    def __init__(
        self, clients: list[Client], judge: Judge, result: Verified, most: int, tell: Tell, ends_ms: int | None
    ) -> None:  # fmt: skip
        self._clients, self._judge, self._result, self._most, self._tell = clients, judge, result, most, tell
        self._ends_ms = ends_ms
        self._lately: set[str] = set()  # roots that a touchpoint has just come to
        self._moving: list[list[Difference]] = []
        self.left_out = standing.quarantined(clients[0])
        result.quarantined = len(self.left_out.addresses) + len(self.left_out.persons)

    def part(self, people: People, part: int, parts: int) -> None:
        where = f" of part {part + 1} of {parts}" if parts > 1 else ""
        self._gather(people, where)
        self._tell(f"comparing {len(people):,} people{where}")
        stories = ((person, "", (root, touchpoints)) for person, root, touchpoints in people.in_order())
        stand = [_by_person(client, table, part, parts) for client, table in zip(self._clients, TABLES, strict=True)]
        by_person: Iterator[tuple[str, str, Any]] = merge(stories, *stand, key=itemgetter(0))
        for _, its in groupby(by_person, key=itemgetter(0)):
            self._compare({table: [each for *_, each in some] for table, some in groupby(its, key=itemgetter(1))})
        self._result.touchpoints += people.touchpoints
        self._result.people += len(people)

    def _gather(self, people: People, where: str) -> None:
        as_of = self._result.as_of
        self._lately = set()
        for number, (touchpoint, landed_at) in enumerate(standing.touchpoints(self._clients[0])):
            roots = people.take(touchpoint)
            if landed_at >= as_of.since_ms or touchpoint.occurred_at > as_of.clock.ms:
                self._lately.update(roots)
            if number and number % TELL_EVERY == 0:
                self._tell(f"{number:,} touchpoints read{where}")

    def _compare(self, its: dict[str, list[Any]]) -> None:
        """One person: its story under the empty name, its rows by table."""
        root, rows, deadline = "", Rows(), None
        if "" in its:
            ((root, touchpoints),) = its[""]
            as_whole = id_of(root) not in self.left_out.persons
            rows, deadline = judged_again(self._judge, root, touchpoints, self._result.as_of.clock, as_whole=as_whole)
        computed = {"journeys": rows.journeys, "breakages": rows.breakages}
        found: list[Difference] = []
        for table in TABLES:
            found += differences(table, its.get(table, ()), computed[table])
            self._result.rows[table] += sum(map(stands, its.get(table, ())))
        stand = list(chain.from_iterable(its.get(table, ()) for table in TABLES))
        if found and self._may_have_ended(its.get("", ()), [*stand, *map(plain, chain(*computed.values()))]):
            self._result.expired += 1
        elif found and self._is_moving(root, deadline, stand):
            self._moving.append(found)
        elif found:
            self._result.add(found, self._most)

    def _may_have_ended(self, stories: Iterable[Story], rows: Iterable[Row]) -> bool:
        """Whether anything about a person reaches back to where touchpoints go, so that a part of its history may be gone."""
        ends_ms = self._ends_ms
        if ends_ms is None:
            return False
        lived = (each.occurred_at for _, touchpoints in stories for each in touchpoints)
        return any(at_ms <= ends_ms for at_ms in chain(lived, chain.from_iterable(map(_times, rows))))

    def _is_moving(self, root: str, deadline: int | None, rows: list[Row]) -> bool:
        """Whether what is on its way may explain a difference."""
        as_of = self._result.as_of
        judged_ms = max((as_of.most_ms, *(row["clock_at"] for row in rows)))
        return (
            root in self._lately
            or any(row["landed_at"] >= as_of.since_ms for row in rows)
            or (deadline is not None and deadline < judged_ms)
        )

    def verified(self, *, still: bool) -> Verified:
        """`still`: nothing moved meanwhile.  Then, if all was settled, nothing was on its way."""
        result = self._result
        result.as_of = result.as_of._replace(settled=result.as_of.settled and still)
        if result.as_of.settled:
            for found in self._moving:
                result.add(found, self._most)
        else:
            result.set_aside = len(self._moving)
        return result
