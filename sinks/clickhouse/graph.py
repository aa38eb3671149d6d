"""One person's graph: its identifiers, the pairs between them and what stands, and the receipts of what became of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from clickhouse_driver import Client

MOST_STEPS = 1_000  # receipts that lead from an old person to who it is now


class Known(NamedTuple):
    """An identifier, `type:value`; `by_source`, `by_event`: the touchpoint that decided whose it is, empty for one of its own."""

    identifier: str
    own_id: str
    kind: str
    person_id: str
    linked_at: datetime | None
    by_source: str
    by_event: str


class Between(NamedTuple):
    """A pair of identifiers: `state` is linked, unlinked or refused, and the touchpoint that says so."""

    weaker: str
    stronger: str
    state: str
    guard: str
    occurred_at: datetime | None
    source: str
    event_id: str
    weaker_id: str
    stronger_id: str

    @property
    def holds(self) -> bool:
        return self.state == "linked"


class Became(NamedTuple):
    """A receipt: `left` and `joined` are the identifiers that gave the persons their ids."""

    decided_at: datetime
    kind: str
    left: str
    joined: str
    identifiers: int
    objects: int
    weaker: str
    stronger: str
    why: str
    occurred_at: datetime | None
    source: str
    event_id: str
    left_id: str
    joined_id: str


KNOWN = """
SELECT concat(identifier_type, ':', identifier_value), own_id, kind, person_id, linked_at, linked_by_source, linked_by_event
FROM people_newest
"""
ALONE = "SELECT any(address) FROM touchpoints WHERE address_id = %(own_id)s HAVING count() > 0"


def known(client: Client, own_ids: Sequence[str]) -> list[Known]:
    """Those of these identifiers that were ever seen, in the order in which they are given."""
    rows = client.execute(f"{KNOWN} WHERE own_id IN %(own_ids)s", {"own_ids": list(own_ids)})
    found = {row[1]: Known._make(row) for row in rows}
    for own_id in own_ids:
        if own_id not in found and (alone := client.execute(ALONE, {"own_id": own_id})):
            found[own_id] = Known(alone[0][0], own_id, "", own_id, None, "", "")
    return [found[own_id] for own_id in dict.fromkeys(own_ids) if own_id in found]


def person_of(client: Client, own_id: str) -> str:
    """Who a person is now, by its id of now or of before; an id that nobody knows is taken for a person of its own."""
    ids = {"own_id": own_id}
    if found := client.execute("SELECT person_id FROM people_newest WHERE own_id = %(own_id)s", ids):
        return str(found[0][0])
    left = "SELECT joined_id FROM receipts FINAL WHERE left_id = %(own_id)s AND kind = 'merged' ORDER BY first_number DESC LIMIT 1"
    for _ in range(MOST_STEPS):
        if not (joined := client.execute(left, ids)):
            break
        ids = {"own_id": str(joined[0][0])}
    return ids["own_id"]


def members(client: Client, person_id: str) -> list[Known]:
    """All identifiers of a person in the order of linking, its objects last; those that were never linked have no row."""
    order = "ORDER BY kind = 'object', own_id != person_id, linked_at, number, own_id"
    found = [Known._make(row) for row in client.execute(f"{KNOWN} WHERE person_id = %(id)s {order}", {"id": person_id})]
    return found or known(client, [person_id])


PAIRS = """
SELECT weaker_id, stronger_id, weaker_type, stronger_type, state, guard, occurred_at, source, event_id
FROM pairs FINAL
WHERE weaker_id IN %(ids)s OR stronger_id IN %(ids)s
ORDER BY occurred_at, source, event_id, weaker_id, stronger_id
SETTINGS use_skip_indexes_if_final = 1
"""


def pairs(client: Client, own_ids: Iterable[str]) -> list[Between]:
    """All pairs of these identifiers with whomever, in the order of the touchpoints that say what stands."""
    if not (ids := list(own_ids)):
        return []
    rows = client.execute(PAIRS, {"ids": ids})
    names = _names(client, (own_id for row in rows for own_id in row[:2]))
    return [
        Between._make((names.get(weaker, f"{of}:?"), names.get(stronger, f"{to}:?"), *rest, weaker, stronger))
        for weaker, stronger, of, to, *rest in rows
    ]


def pair_version(client: Client, weaker_id: str, stronger_id: str) -> int:
    """Grows with everything that is said of a pair; 0: nothing was ever."""
    query = "SELECT max(version) FROM pairs WHERE weaker_id = %(weaker)s AND stronger_id = %(stronger)s"
    return int(client.execute(query, {"weaker": weaker_id, "stronger": stronger_id})[0][0])


RECEIPTS = """
SELECT decided_at, kind, left_id, joined_id, identifiers, objects, weaker_id, stronger_id, why, occurred_at, source, event_id
FROM receipts FINAL
"""


def receipts(client: Client, own_ids: Iterable[str]) -> list[Became]:
    """What became of the persons that have their ids from these identifiers, in the order in which it was decided."""
    ids = list(own_ids)
    return _receipts(client, "left_id IN %(ids)s OR joined_id IN %(ids)s", {"ids": ids}) if ids else []


def receipts_by(client: Client, source: str, event_id: str) -> list[Became]:
    """What one touchpoint did."""
    return _receipts(client, "source = %(source)s AND event_id = %(event_id)s", {"source": source, "event_id": event_id})


def _receipts(client: Client, condition: str, given: dict[str, Any]) -> list[Became]:
    rows = client.execute(f"{RECEIPTS} WHERE {condition} ORDER BY first_number, left_id, joined_id", given)
    names = _names(client, (own_id for row in rows for own_id in (*row[2:4], *row[6:8])))
    return [_became(row, names) for row in rows]


def _became(row: Sequence[object], names: dict[str, str]) -> Became:
    decided_at, kind, left, joined, identifiers, objects, weaker, stronger, *rest = row
    named = [names.get(str(own_id), str(own_id)) for own_id in (left, joined, weaker, stronger)]
    return Became._make((decided_at, kind, *named[:2], identifiers, objects, *named[2:], *rest, left, joined))


def _names(client: Client, own_ids: Iterable[str]) -> dict[str, str]:
    """own id -> type:value."""
    if not (ids := list(dict.fromkeys(own_ids))):
        return {}
    named = "SELECT own_id, concat(identifier_type, ':', identifier_value) FROM people_newest WHERE own_id IN %(ids)s"
    return dict(client.execute(named, {"ids": ids}))


CARRIED = """
SELECT identifiers FROM touchpoints_newest
WHERE occurred_at = fromUnixTimestamp64Milli(%(at_ms)s, 'UTC') AND source = %(source)s AND event_id = %(event_id)s
"""


def carried(client: Client, at: datetime, source: str, event_id: str) -> list[tuple[str, str]]:
    """Identifiers of a touchpoint, (type, value)."""
    given = {"at_ms": round(at.timestamp() * 1_000), "source": source, "event_id": event_id}
    return [(kind, value) for ((pairs),) in client.execute(CARRIED, given) for kind, value in pairs]
