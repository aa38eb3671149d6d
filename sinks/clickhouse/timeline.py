"""One person's story: every touchpoint, journey, promise and breakage in order, with its evidence."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from clickhouse_driver import Client

from streams.core.touchpoint import hash_id

SETTLED = {"kept": "promise kept", "kept_late": "promise kept late", "released": "promise released"}
ORDER = (
    "touchpoint", "journey opened", "promise made", "promise kept", "promise kept late", "promise released", "promise overdue",
    "broken", "withdrawn", "recovered", "journey closed",
)  # fmt: skip


class Proof(NamedTuple):
    source: str
    event_id: str
    occurred_at: datetime
    action: str
    role: str


class Moment(NamedTuple):
    """`name` is an action, an outcome, a promise or a rule; `definition` and `instance` are empty for touchpoints."""

    at: datetime
    kind: str  # one of ORDER
    name: str
    definition: str
    instance: str
    detail: dict[str, Any]
    evidence: tuple[Proof, ...] = ()


def person_id(client: Client, identifier_type: str, value: str) -> str:
    """The person that an identifier belongs to; an identifier that nobody has linked is a person of its own."""
    own_id = hash_id(identifier_type, value)
    found = client.execute("SELECT person_id FROM people_newest WHERE own_id = %(own_id)s", {"own_id": own_id})
    return str(found[0][0]) if found else own_id


def person_timeline(client: Client, identifier_type: str, value: str) -> list[Moment]:
    """Everything about the person that an identifier belongs to, in the order of event time; empty for a stranger."""
    return timeline(client, person_id(client, identifier_type, value))


def timeline(client: Client, id_of_person: str) -> list[Moment]:
    """Everything about a person, in the order of event time; empty for a stranger."""
    person = {"person": id_of_person}
    moments = [*_touchpoints(client, person), *_journeys(client, person), *_promises(client, person), *_breakages(client, person)]
    return sorted(moments, key=lambda moment: (moment.at, ORDER.index(moment.kind)))


def _rows(client: Client, query: str, person: dict[str, str]) -> Iterator[dict[str, Any]]:
    rows, columns = client.execute(query, person, with_column_types=True)
    names = [name for name, _ in columns]
    return (dict(zip(names, row, strict=True)) for row in rows)


TOUCHPOINTS = """
SELECT occurred_at, source, event_id, origin, channel, action, direction, region, agent, team, address, attributes, late_ms,
       too_late
FROM touchpoints_newest
WHERE address_id = %(person)s OR address_id IN (SELECT own_id FROM people_newest WHERE person_id = %(person)s)
ORDER BY occurred_at, sequence, event_id, source
"""


def _touchpoints(client: Client, person: dict[str, str]) -> Iterator[Moment]:
    for row in _rows(client, TOUCHPOINTS, person):
        yield Moment(row.pop("occurred_at"), "touchpoint", row.pop("action"), "", "", row)


def _journeys(client: Client, person: dict[str, str]) -> Iterator[Moment]:
    for row in _rows(client, "SELECT * FROM v_journeys WHERE person_id = %(person)s", person):
        place = row["definition"], row["instance"]
        opening = {name: row[name] for name in ("opened_by", "region", "channel")}
        yield Moment(row["opened_at"], "journey opened", "", *place, opening)
        if row["closed_at"] is not None:
            yield Moment(row["closed_at"], "journey closed", row["outcome"], *place, {"duration_s": row["duration_s"]})


def _promises(client: Client, person: dict[str, str]) -> Iterator[Moment]:
    for row in _rows(client, "SELECT * FROM v_promises WHERE person_id = %(person)s", person):
        about = row["promise"], row["definition"], row["instance"]
        making = {name: row[name] for name in ("occurrence", "due_at", "first_due_at", "revisions", "made_by")}
        yield Moment(row["made_at"], "promise made", *about, making)
        if row["state"] == "overdue":
            yield Moment(row["due_at"], "promise overdue", *about, {"occurrence": row["occurrence"]})
        elif row["state"] in SETTLED:
            settling = {name: row[name] for name in ("occurrence", "margin_s", "settled_by")}
            yield Moment(row["settled_at"], SETTLED[row["state"]], *about, settling)


EVIDENCE = """
SELECT definition, rule, instance, occurrence, source, event_id, occurred_at, action, role
FROM v_breakage_evidence WHERE person_id = %(person)s ORDER BY occurred_at
"""


def _breakages(client: Client, person: dict[str, str]) -> Iterator[Moment]:
    proofs: dict[tuple[str, ...], list[Proof]] = {}
    for *cause, source, event_id, occurred_at, action, role in client.execute(EVIDENCE, person):
        proofs.setdefault(tuple(cause), []).append(Proof(source, event_id, occurred_at, action, role))
    for row in _rows(client, "SELECT * FROM v_breakage_history WHERE person_id = %(person)s", person):
        about = row["rule"], row["definition"], row["instance"]
        evidence = tuple(proofs.get((row["definition"], row["rule"], row["instance"], row["occurrence"]), ()))
        detail = {name: row[name] for name in ("occurrence", "state", "severity", "owner", "runbook", "due_at", "detected_at")}
        yield Moment(row["broken_at"], "withdrawn" if row["state"] == "withdrawn" else "broken", *about, detail, evidence)
        if row["recovered_at"] is not None:
            yield Moment(row["recovered_at"], "recovered", *about, {"occurrence": row["occurrence"]}, evidence)
