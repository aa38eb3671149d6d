"""A sink in memory: the same rows stand in it as in ClickHouse.  For tests, and for trying a definition without a database."""

from collections.abc import Callable
from typing import Any

from sinks.contract import TABLES, Backpressure, Batch
from streams.core.touchpoint import Touchpoint

Key = tuple[Any, ...]
DAY_MS = 86_400_000


def touchpoint_rank(touchpoint: Touchpoint) -> tuple[bool, int, bool, bool]:
    """The highest wins: not too late, then the smallest content hash, then live, then not late."""
    return not touchpoint.too_late, -touchpoint.content_hash, not touchpoint.load, not touchpoint.late_ms


KEYS: dict[str, Callable[[Any], Key]] = {
    "touchpoints": lambda t: (t.occurred_at // DAY_MS, t.source, t.event_id, t.address),
    "journeys": lambda r: (r["definition"], r["instance"], r["person_id"]),
    "breakages": lambda r: (r["definition"], r["rule"], r["instance"], r["occurrence"], r["person_id"]),
    "people": lambda r: (r["own_id"],),
    "pairs": lambda r: (r["weaker_id"], r["stronger_id"]),
    "receipts": lambda r: (r["first_number"], r["left_id"], r["joined_id"]),
    "rejected_touchpoints": lambda r: (r["received_at"] // DAY_MS, r["topic"], r["partition"], r["offset"]),
    "replayed_touchpoints": lambda r: (r["received_at"] // DAY_MS, r["topic"], r["partition"], r["offset"]),
    "received_offsets": lambda r: r[:-1],
    "clocks": lambda c: (c.topic, c.partition, c.source),
}
RANKS: dict[str, Callable[[Any], Any]] = {
    "touchpoints": touchpoint_rank,
    "journeys": lambda r: r["version"],
    "breakages": lambda r: r["version"],
    "people": lambda r: r["version"],
    "pairs": lambda r: r["version"],
    "receipts": lambda r: r["version"],
    "rejected_touchpoints": lambda r: r["rejected_at"],
    "replayed_touchpoints": lambda r: r["replayed_at"],
    "received_offsets": lambda r: r.told_at,
    "clocks": lambda c: c.version,
}


class MemorySink:
    """`rows[table]` maps a key to the row that stands.  While it is not `reachable`, a flush raises Backpressure."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Any]] = {table: {} for table in TABLES}
        self._pending: list[Batch] = []
        self.reachable = True

    def add(self, batch: Batch) -> None:
        self._pending.append(batch)

    def flush(self) -> None:
        if self._pending and not self.reachable:
            raise Backpressure("the sink in memory is not reachable", retry_after_s=0.0)
        for batch in self._pending:
            self._land(batch)
        self._pending.clear()

    def close(self) -> None:
        self._pending.clear()

    def _land(self, batch: Batch) -> None:
        standing, key_of, rank_of = self.rows[batch.table], KEYS[batch.table], RANKS[batch.table]
        for row in batch.rows:
            key = key_of(row)
            before = standing.get(key)
            if before is None or rank_of(row) >= rank_of(before):
                standing[key] = row
