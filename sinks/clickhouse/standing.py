"""What stands in the tables, block by block: touchpoints as intake made them, rows as stitch said them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from clickhouse_driver import Client

from sinks.clickhouse.recorded import COLUMNS, carried_as
from streams.core.log import LINKED, SEEN, UNLINKED
from streams.core.touchpoint import Order, Touchpoint

Row = dict[str, Any]
SETTINGS = {
    "max_block_size": 10_000,
    "max_bytes_before_external_sort": 1 << 30,
    "send_timeout": 3_600,  # judging takes its time while the next block waits
}
IDENTIFIERS = """
SELECT identifiers, action, toUnixTimestamp64Milli(occurred_at), sequence, event_id, source
FROM touchpoints FINAL
WHERE length(identifiers) > 1 AND NOT too_late
"""
TOUCHPOINTS = f"SELECT toUnixTimestamp64Milli(landed_at), {COLUMNS} FROM touchpoints FINAL WHERE NOT too_late"
OF_PART = "CRC32(person_id) %% %(parts)s = %(part)s ORDER BY person_id"
JOURNEYS = f"""
SELECT definition, instance, person_id, address_id, journey_id, definition_version, state, outcome,
    toUnixTimestamp64Milli(opened_at) AS opened_at, toUnixTimestamp64Milli(closed_at) AS closed_at,
    toUnixTimestamp64Milli(first_at) AS first_at, toUnixTimestamp64Milli(last_at) AS last_at, touchpoints, opened_by, region,
    channel, effort, backfilled, stages, promises, facts, toUnixTimestamp64Milli(clock_at) AS clock_at,
    toUnixTimestamp64Milli(landed_at) AS landed_at
FROM journeys FINAL
WHERE {OF_PART}
"""
BREAKAGES = f"""
SELECT definition, rule, instance, occurrence, person_id, address_id, journey_id, cause_key, definition_version, state, severity,
    owner, runbook, toUnixTimestamp64Milli(due_at) AS due_at, toUnixTimestamp64Milli(broken_at) AS broken_at,
    toUnixTimestamp64Milli(recovered_at) AS recovered_at, region, channel, backfilled, evidence, facts,
    toUnixTimestamp64Milli(clock_at) AS clock_at, toUnixTimestamp64Milli(landed_at) AS landed_at
FROM breakages FINAL
WHERE {OF_PART}
"""
# The sequence of the touchpoint is not known any more
PAIRS = """
SELECT concat(w.identifier_type, ':', w.identifier_value), concat(s.identifier_type, ':', s.identifier_value), l.state,
    toUnixTimestamp64Milli(assumeNotNull(l.occurred_at)), 0, l.event_id, l.source
FROM (SELECT * FROM pairs FINAL WHERE toUnixTimestamp64Milli(occurred_at) <= %(until_ms)s) AS l
JOIN people_newest AS w ON w.own_id = l.weaker_id
JOIN people_newest AS s ON s.own_id = l.stronger_id
"""
OWNED = """
SELECT concat(identifier_type, ':', identifier_value), concat(root_type, ':', root_value),
    toUnixTimestamp64Milli(assumeNotNull(linked_at)), 0, linked_by_event, linked_by_source
FROM people_newest
WHERE kind = 'object' AND own_id != person_id AND toUnixTimestamp64Milli(linked_at) <= %(until_ms)s
"""
SAID = {"linked": (SEEN, LINKED), "refused": (SEEN,), "unlinked": (UNLINKED,)}  # a link on purpose is a link at any time
LISTS = ("stages", "promises", "evidence", "facts")


class Stood(NamedTuple):
    """A touchpoint, and when its row was inserted, epoch ms."""

    touchpoint: Touchpoint
    landed_at: int


def carried(client: Client) -> Iterator[tuple[tuple[tuple[str, str], ...], str, Order]]:
    """Identifiers and action of every touchpoint that has several identifiers, with its order; without what came too late."""
    for pairs, action, *order in client.execute_iter(IDENTIFIERS, settings=SETTINGS):
        yield tuple(pairs), action, tuple(order)


def links_until(client: Client, until_ms: int) -> Iterator[tuple[str, str, int, Order]]:
    """What identity found out by touchpoints that happened up to then, and may be gone: (weaker, stronger, what is said, order)."""
    for weaker, stronger, state, *order in client.execute_iter(PAIRS, {"until_ms": until_ms}, settings=SETTINGS):
        for says in SAID[state]:
            yield weaker, stronger, says, tuple(order)
    for weaker, stronger, *order in client.execute_iter(OWNED, {"until_ms": until_ms}, settings=SETTINGS):
        yield weaker, stronger, SEEN, tuple(order)


def touchpoints(client: Client) -> Iterator[Stood]:
    """Every touchpoint that has landed and did not come too late, in no order; without copies for other objects."""
    for landed_at, *values in client.execute_iter(TOUCHPOINTS, settings=SETTINGS):
        yield Stood(carried_as(values), landed_at)


def rows(client: Client, table: str, part: int = 0, parts: int = 1) -> Iterator[Row]:
    """The newest rows of journeys or breakages by person, those that are gone too.  Times are epoch ms, lists tuples of tuples.

    `part` of `parts`: persons by `streams.core.whole.people.part_of`.
    """
    query = {"journeys": JOURNEYS, "breakages": BREAKAGES}[table]
    found = client.execute_iter(query, {"part": part, "parts": parts}, with_column_types=True, settings=SETTINGS)
    names = [name for name, _ in next(found)]
    for values in found:
        row = dict(zip(names, values, strict=True))
        row.update((name, tuple(map(tuple, row[name]))) for name in LISTS if name in row)
        yield row


class Quarantined(NamedTuple):
    """Ids of addresses whose touchpoints are left out, and of persons who are not judged as a whole."""

    addresses: frozenset[str]
    persons: frozenset[str]


def quarantined(client: Client) -> Quarantined:
    """As receipts say that have landed, those of a person that somebody was before too."""
    found = client.execute("SELECT address_id, instance = person_id FROM journeys FINAL WHERE state = 'quarantined'")
    return Quarantined(*(frozenset(address for address, is_person in found if is_person == of) for of in (False, True)))


class Clocks(NamedTuple):
    """Of one topic; `complete`: every partition and source has spoken.  Epoch ms, those of `said_at` wall time."""

    complete: bool
    least_ms: int
    most_ms: int
    least_final_ms: int
    most_final_ms: int
    first_said_at: int  # when the newest clock of the partition that has been silent longest was inserted
    last_said_at: int


CLOCKS = """
SELECT topic, min(complete) AND count() >= max(expected), min(least), max(most), min(least_final), max(most_final),
    toUnixTimestamp64Milli(min(said)), toUnixTimestamp64Milli(max(said))
FROM
(
    SELECT topic, partition, count() >= max(sources) AS complete, max(partitions) AS expected, min(clock_ms) AS least,
        max(clock_ms) AS most, min(final_ms) AS least_final, max(final_ms) AS most_final, max(landed_at) AS said
    FROM clocks FINAL
    GROUP BY topic, partition
)
GROUP BY topic
"""


def clocks(client: Client) -> dict[str, Clocks]:
    """Topic without its namespace -> its clocks."""
    return {topic: Clocks(bool(complete), *rest) for topic, complete, *rest in client.execute(CLOCKS)}


def newest_touchpoint(client: Client) -> int:
    """When the last touchpoint was inserted, epoch ms; 0 where none was."""
    ((landed_at,),) = client.execute("SELECT toUnixTimestamp64Milli(max(landed_at)) FROM touchpoints")
    return int(landed_at)
