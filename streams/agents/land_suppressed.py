"""Rows of people who were erased do not land, wherever they come from: a touchpoint on its way, a topic that is read again."""

from dataclasses import replace
from typing import Any

from sinks.contract import Batch
from streams.core.identifiers import Identifiers
from streams.core.mentioned import mentioned
from streams.core.suppressed import Suppressed

IDS = {  # table -> columns that name an identifier or a person
    "journeys": ("person_id", "address_id"),
    "breakages": ("person_id", "address_id"),
    "people": ("own_id", "person_id"),
    "pairs": ("weaker_id", "stronger_id"),
    "receipts": ("left_id", "joined_id", "weaker_id", "stronger_id"),
}


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
