"""What a load would send and what would be refused, without a broker: intake's own checks judge."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from streams.core.identifiers import Identifiers
from streams.core.intake import YEAR_MS, Limits, Rejected, clamp, touchpoint_of
from streams.core.touchpoint import Touchpoint
from streams.known import known_identifiers
from streams.settings import Settings
from streams.sources import wire
from streams.sources.columns import NUMBER, REFUSED
from streams.sources.rows import LOADED_AT, Rows, Source

_BATCH_ROWS = 2_000


@dataclass(frozen=True)
class Tried:
    """One row as the contract has it, and the touchpoint that intake would make of it, or why it is refused."""

    row: int
    record: dict[str, Any]
    reason: str = ""
    detail: str = ""
    touchpoint: Touchpoint | None = None


def dry_run(source: Source, settings: Settings, identifiers: Identifiers | None = None) -> Iterator[Tried]:
    """Every row, tried.  `identifiers`: None for those of the settings.  Raises ConfigurationError."""
    identifiers = identifiers or known_identifiers(settings)
    now_ms = time.time_ns() // 1_000_000
    limits = Limits(round(settings.oldest_years * YEAR_MS), round(settings.future_s * 1_000))
    loaded_at = source.variables.get(LOADED_AT) or datetime.fromtimestamp(now_ms / 1_000, UTC).isoformat(timespec="seconds")
    rows = Rows(source, identifiers, loaded_at)
    for batch in rows.batches(_BATCH_ROWS):
        for row in batch:
            record = wire.record(rows.columns.content, row)
            if row[REFUSED] is not None:
                yield Tried(row[NUMBER], record, "mapping", row[REFUSED])
                continue
            try:
                if settings.future_stamps == "clamped":
                    clamp(record, limits, now_ms)
                yield Tried(row[NUMBER], record, touchpoint=touchpoint_of(record, identifiers, limits, now_ms))
            except Rejected as rejected:
                yield Tried(row[NUMBER], record, rejected.reason, rejected.detail)
