"""Batches cut into inserts of at most 100,000 rows of one table.

Batches of a table share inserts, whatever partition they come from: fewer parts for the server to merge.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sinks.contract import MAX_ROWS, TABLES, Batch


@dataclass(slots=True)
class Insert:
    """`partitions` and `versions` hold, for touchpoints only, the place of each row on person.log."""

    table: str
    rows: list[Any] = field(default_factory=list)
    partitions: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)

    def extend(self, piece: "Insert") -> None:
        self.rows += piece.rows
        self.partitions += piece.partitions
        self.versions += piece.versions


def cut(batches: Iterable[Batch], max_rows: int = MAX_ROWS) -> Iterator[Insert]:
    """-> inserts in the order of `TABLES`: clocks last, because a clock says that the rows in front of it have landed."""
    for table in TABLES:
        insert = Insert(table)
        for piece in (piece for batch in batches if batch.table == table for piece in _pieces(batch, max_rows)):
            if insert.rows and len(insert.rows) + len(piece.rows) > max_rows:
                yield insert
                insert = Insert(table)
            insert.extend(piece)
        if insert.rows:
            yield insert


def _pieces(batch: Batch, max_rows: int) -> Iterator[Insert]:
    """A batch too large for one insert comes in several."""
    for start in range(0, len(batch.rows), max_rows):
        end = min(start + max_rows, len(batch.rows))
        partitions = [batch.partition] * (end - start) if batch.versions else []
        yield Insert(batch.table, batch.rows[start:end], partitions, batch.versions[start:end])
