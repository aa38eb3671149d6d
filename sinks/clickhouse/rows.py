"""Rows as the columns of their table, by name.

Times stay epoch milliseconds: the driver passes integers through.  Lists and maps go as JSON, which the tables take apart: one call
here in place of a list for each field of each element, which would cost more than everything else together.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from sinks.clickhouse.inserts import Insert
from sinks.contract import ClockRow, OffsetsRow
from streams.core.touchpoint import Touchpoint, attributes_of, id_of, identifiers_of

Columns = dict[str, Sequence[Any]]
Record = dict[str, Any]
DAY_MS = 86_400_000
_json = msgspec.json.Encoder().encode


def touchpoints(insert: Insert) -> Columns:
    """One comprehension a column: measured as the fastest way out of a struct, and this is the hottest place of landing."""
    rows: list[Touchpoint] = insert.rows
    return {
        "occurred_at": [t.occurred_at for t in rows],
        "source": [t.source for t in rows],
        "event_id": [t.event_id for t in rows],
        "address": [t.address for t in rows],
        "address_id": [id_of(t.address) for t in rows],
        "sequence": [t.sequence for t in rows],
        "origin": [t.origin for t in rows],
        "channel": [t.channel for t in rows],
        "action": [t.action for t in rows],
        "direction": [t.direction for t in rows],
        "identifiers_json": [_json(identifiers_of(t)) for t in rows],
        "attributes": [_json(attributes_of(t)) for t in rows],
        "region": [t.region for t in rows],
        "locale": [t.locale for t in rows],
        "agent": [t.agent for t in rows],
        "team": [t.team for t in rows],
        "content_hash": [t.content_hash for t in rows],
        "late_ms": [t.late_ms for t in rows],
        "too_late": [t.too_late for t in rows],
        "load": [t.load for t in rows],
        "received_at": [t.received_at for t in rows],
        "source_partition": [t.partition for t in rows],
        "source_offset": [t.offset for t in rows],
        "log_partition": insert.partitions,
        "log_version": insert.versions,
    }


JOURNEY = (
    "definition", "instance", "person_id", "address_id", "journey_id", "definition_version", "state", "outcome", "opened_at",
    "closed_at", "first_at", "last_at", "touchpoints", "opened_by", "region", "channel", "effort", "backfilled", "redirects",
    "clock_at", "emitted_at", "version",
)  # fmt: skip
NO_JOURNEY: Record = {
    "version": 0, "state": "", "outcome": "", "opened_at": None, "closed_at": None, "region": "", "channel": "",
}  # fmt: skip


def journeys(insert: Insert) -> Columns:
    rows = by_day(insert.rows, "opened_at")
    return {**picked(rows, JOURNEY), **as_json(rows, "stages", "promises"), **facts(rows), **replaced(rows, NO_JOURNEY)}


BREAKAGE = (
    "definition", "rule", "instance", "occurrence", "person_id", "address_id", "journey_id", "cause_key", "definition_version",
    "state", "severity", "owner", "runbook", "due_at", "broken_at", "detected_at", "recovered_at", "region", "channel",
    "backfilled", "redirects", "clock_at", "emitted_at", "version",
)  # fmt: skip
NO_BREAKAGE: Record = {"version": 0, "state": "", "broken_at": None, "severity": "", "region": "", "channel": ""}


def breakages(insert: Insert) -> Columns:
    rows = by_day(insert.rows, "broken_at")
    return {**picked(rows, BREAKAGE), **as_json(rows, "evidence"), **facts(rows), **replaced(rows, NO_BREAKAGE)}


PERSON = (
    "own_id", "identifier_type", "identifier_value", "kind", "person_id", "root_type", "root_value", "number", "linked_at",
    "linked_by_source", "linked_by_event", "version",
)  # fmt: skip


def people(insert: Insert) -> Columns:
    return picked(insert.rows, PERSON)


PAIR = (
    "weaker_id", "stronger_id", "weaker_type", "stronger_type", "state", "guard", "occurred_at", "source", "event_id", "version",
)  # fmt: skip


def pairs(insert: Insert) -> Columns:
    return picked(insert.rows, PAIR)


RECEIPT = (
    "first_number", "last_number", "kind", "left_id", "joined_id", "identifiers", "objects", "left_size", "joined_size",
    "weaker_id", "stronger_id", "why", "occurred_at", "source", "event_id", "decided_at", "version",
)  # fmt: skip


def receipts(insert: Insert) -> Columns:
    return picked(insert.rows, RECEIPT)


REJECTED = ("received_at", "topic", "partition", "offset", "reason", "detail", "rejected_at", "key", "value", "load")


def rejected_touchpoints(insert: Insert) -> Columns:
    headers = [row["headers"] for row in insert.rows]
    names = [[header["name"] for header in each] for each in headers]
    values = [[header["value"] for header in each] for each in headers]
    return {**picked(insert.rows, REJECTED), "headers.name": names, "headers.value": values}


REPLAYED = ("received_at", "topic", "partition", "offset", "replayed_at", "replayed_partition", "replayed_offset")


def replayed_touchpoints(insert: Insert) -> Columns:
    return picked(insert.rows, REPLAYED)


def received_offsets(insert: Insert) -> Columns:
    return dict(zip(OffsetsRow._fields, zip(*insert.rows, strict=True), strict=True))


def clocks(insert: Insert) -> Columns:
    return dict(zip(ClockRow._fields, zip(*insert.rows, strict=True), strict=True))


COLUMNS: dict[str, Callable[[Insert], Columns]] = {
    "touchpoints": touchpoints,
    "journeys": journeys,
    "breakages": breakages,
    "people": people,
    "pairs": pairs,
    "receipts": receipts,
    "rejected_touchpoints": rejected_touchpoints,
    "replayed_touchpoints": replayed_touchpoints,
    "received_offsets": received_offsets,
    "clocks": clocks,
}


def by_day(rows: list[Record], time: str) -> list[Record]:
    """The day is part of a row's key: one that counts on another day than the row that it replaces comes with one that hides that
    row.  Both are in one insert, so nobody sees neither or both."""
    hiding = [
        {**row, "state": "moved", time: was[time], "replaces": None}
        for row in rows
        if (was := row["replaces"]) is not None and was[time] // DAY_MS != row[time] // DAY_MS
    ]
    return hiding + rows if hiding else rows


def picked(rows: list[Record], names: Sequence[str]) -> Columns:
    return {name: list(map(itemgetter(name), rows)) for name in names}


def as_json(rows: list[Record], *names: str) -> Columns:
    return {f"{name}_json": [_json(row[name]) for row in rows] for name in names}


def facts(rows: list[Record]) -> Columns:
    """Values as texts of JSON: taken out of JSON by the server, 3.0 would come as 3."""
    return {"facts_json": [_json([(fact["name"], _json(fact["value"]).decode()) for fact in row["facts"]]) for row in rows]}


def replaced(rows: list[Record], nothing: Record) -> Columns:
    """What the row that each replaces said; `nothing` where it replaces none."""
    before = [row["replaces"] or nothing for row in rows]
    return {f"replaced_{name}": list(map(itemgetter(name), before)) for name in nothing}
