"""Rows as the columns of their table.

Every table has a `Layout`: the names of its columns and a function from rows to one list a column, in the same order.  Times stay
epoch milliseconds: the driver passes integers through.  Columns are fresh lists, because the driver writes into them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import msgspec

from sinks.contract import ClockRow
from streams.core.touchpoint import Touchpoint, hash_id

Columns = list[list[Any]]
Record = dict[str, Any]
_json = msgspec.json.Encoder().encode


class Layout(NamedTuple):
    names: tuple[str, ...]
    columns: Callable[[Sequence[Any]], Columns]


TOUCHPOINT_FIELDS = (
    "occurred_at", "source", "event_id", "address", "sequence", "origin", "channel", "action", "direction", "region", "locale",
    "agent", "team", "content_hash", "late_ms", "too_late", "load", "received_at", "partition", "offset",
)  # fmt: skip
TOUCHPOINT_NAMES = (
    *TOUCHPOINT_FIELDS[:-2], "source_partition", "source_offset",
    "address_id", "identifiers.type", "identifiers.value", "attributes", "log_partition", "log_version",
)  # fmt: skip


@lru_cache(maxsize=100_000)
def address_id(address: str) -> str:
    """The id of the person that an address is on its own."""
    return hash_id(*address.split(":", 1))


class LoggedTouchpoint(NamedTuple):
    """A touchpoint and its place on person.log."""

    touchpoint: Touchpoint
    partition: int
    version: int


def touchpoint_columns(rows: Sequence[LoggedTouchpoint]) -> Columns:
    touchpoints = [row.touchpoint for row in rows]
    columns: Columns = [list(map(attrgetter(name), touchpoints)) for name in TOUCHPOINT_FIELDS]
    identifiers = [tuple(zip(*t.identifiers, strict=True)) or ((), ()) for t in touchpoints]
    columns.append(list(map(address_id, columns[3])))
    columns.append([types for types, _ in identifiers])
    columns.append([values for _, values in identifiers])
    columns.append([_json(t.attributes) for t in touchpoints])
    columns.append([row.partition for row in rows])
    columns.append([row.version for row in rows])
    return columns


def picked(rows: Sequence[Record], names: Sequence[str]) -> Columns:
    return [list(map(itemgetter(name), rows)) for name in names]


def nested(rows: Sequence[Record], name: str, inner: Sequence[str]) -> Columns:
    """A list of records in each row -> one column of lists for each field of theirs."""
    lists = [row[name] for row in rows]
    return [[list(map(itemgetter(field), records)) for records in lists] for field in inner]


def facts(rows: Sequence[Record]) -> Columns:
    """Values become JSON scalars: one column holds every type and keeps it."""
    lists = [row["facts"] for row in rows]
    return [[[fact["name"] for fact in kept] for kept in lists], [[_json(fact["value"]) for fact in kept] for kept in lists]]


def replaced(rows: Sequence[Record], nothing: Record) -> Columns:
    before = [row["replaces"] or nothing for row in rows]
    return picked(before, tuple(nothing))


def named(prefix: str, names: Sequence[str], separator: str = ".") -> tuple[str, ...]:
    return tuple(f"{prefix}{separator}{name}" for name in names)


JOURNEY = (
    "definition", "instance", "person_id", "journey_id", "definition_version", "state", "outcome", "opened_at", "closed_at",
    "first_at", "last_at", "touchpoints", "opened_by", "region", "channel", "effort", "backfilled", "redirects", "clock_at",
    "emitted_at", "version",
)  # fmt: skip
STAGE = ("name", "entry", "started_at", "ended_at", "duration_s", "working_s", "started_by", "ended_by")
PROMISE = (
    "name", "occurrence", "state", "made_at", "first_due_at", "due_at", "settled_at", "margin_s", "revisions", "made_by",
    "settled_by",
)  # fmt: skip
FACT = ("name", "value")
NO_JOURNEY: Record = {
    "version": 0, "state": "", "outcome": "", "opened_at": None, "closed_at": None, "region": "", "channel": "",
}  # fmt: skip


def journey_columns(rows: Sequence[Record]) -> Columns:
    parts = picked(rows, JOURNEY), nested(rows, "stages", STAGE), nested(rows, "promises", PROMISE), facts(rows)
    return [*chain(*parts), *replaced(rows, NO_JOURNEY)]


BREAKAGE = (
    "definition", "rule", "instance", "occurrence", "person_id", "journey_id", "cause_key", "definition_version", "state",
    "severity", "owner", "runbook", "due_at", "broken_at", "detected_at", "recovered_at", "region", "channel", "backfilled",
    "redirects", "clock_at", "emitted_at", "version",
)  # fmt: skip
PROOF = ("source", "event_id", "occurred_at", "action", "role")
NO_BREAKAGE: Record = {"version": 0, "state": "", "broken_at": None, "severity": "", "region": "", "channel": ""}


def breakage_columns(rows: Sequence[Record]) -> Columns:
    return [*picked(rows, BREAKAGE), *nested(rows, "evidence", PROOF), *facts(rows), *replaced(rows, NO_BREAKAGE)]


PERSON = (
    "own_id", "identifier_type", "identifier_value", "kind", "person_id", "root_type", "root_value", "number", "linked_at",
    "linked_by_source", "linked_by_event", "version",
)  # fmt: skip
REJECTED = ("received_at", "topic", "partition", "offset", "reason", "detail", "rejected_at", "key", "value", "load")
HEADER = ("name", "value")

LAYOUTS = {
    "touchpoints": Layout(TOUCHPOINT_NAMES, touchpoint_columns),
    "journeys": Layout(
        (*JOURNEY, *named("stages", STAGE), *named("promises", PROMISE), *named("facts", FACT),
         *named("replaced", tuple(NO_JOURNEY), "_")),
        journey_columns,
    ),
    "breakages": Layout(
        (*BREAKAGE, *named("evidence", PROOF), *named("facts", FACT), *named("replaced", tuple(NO_BREAKAGE), "_")),
        breakage_columns,
    ),
    "people": Layout(PERSON, lambda rows: picked(rows, PERSON)),
    "rejected_touchpoints": Layout(
        (*REJECTED, *named("headers", HEADER)), lambda rows: [*picked(rows, REJECTED), *nested(rows, "headers", HEADER)]
    ),
    "clocks": Layout(ClockRow._fields, lambda rows: [list(column) for column in zip(*rows, strict=True)]),
}  # fmt: skip
