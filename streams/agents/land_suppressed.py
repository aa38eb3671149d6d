"""Rows of people who were erased do not land, wherever they come from: a touchpoint on its way, a topic that is read again."""

import time
from dataclasses import replace
from typing import Any

from sinks.contract import Batch, OffsetsRow
from streams.core.identifiers import Identifiers
from streams.core.mentioned import mentioned
from streams.core.runs import runs
from streams.core.suppressed import Suppressed

IDS = {  # table -> columns that name an identifier or a person
    "journeys": ("person_id", "address_id"),
    "breakages": ("person_id", "address_id"),
    "people": ("own_id", "person_id"),
    "pairs": ("weaker_id", "stronger_id"),
    "receipts": ("left_id", "joined_id", "weaker_id", "stronger_id"),
}
OF_INPUT = ("touchpoints", "rejected_touchpoints")


def without_erased(batch: Batch, suppressed: Suppressed, identifiers: Identifiers) -> Batch:
    """The same batch, where nobody in it was erased."""
    kept = [at for at, row in enumerate(batch.rows) if not _is_erased(batch.table, row, suppressed, identifiers)]
    if len(kept) == len(batch.rows):
        return batch
    versions = [batch.versions[at] for at in kept] if batch.versions else []
    return replace(batch, rows=[batch.rows[at] for at in kept], versions=versions)


def _is_erased(table: str, row: Any, suppressed: Suppressed, identifiers: Identifiers) -> bool:
    if table == "touchpoints":
        return suppressed.carried(row)
    if table == "rejected_touchpoints":
        return mentioned(row["key"], row["value"], identifiers, suppressed.has)
    return any(suppressed.has_id(row[name]) for name in IDS.get(table, ()))


def dropped(before: Batch, kept: Batch) -> list[Batch]:
    """Which records of the input topic do not land with what went, so that nobody looks for them."""
    stays = set(map(id, kept.rows))
    places = sorted(_place(before.table, row) for row in before.rows if id(row) not in stays and before.table in OF_INPUT)
    told_at = time.time_ns() // 1_000_000
    rows = [
        OffsetsRow(day, partition, kind, first, last, told_at)
        for partition in sorted({place[0] for place in places})
        for kind, day, first, last in runs("dropped", [(offset, ms) for part, offset, ms in places if part == partition])
    ]
    return [replace(before, table="received_offsets", rows=rows, versions=[])] if rows else []


def _place(table: str, row: Any) -> tuple[int, int, int]:
    """Partition, offset, and when the broker stored it."""
    if table == "touchpoints":
        return row.partition, row.offset, row.received_at
    return row["partition"], row["offset"], row["received_at"]
