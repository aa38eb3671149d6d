"""A record of `touchpoints.rejected`: everything that is needed to try again."""

from typing import Any

from aiokafka import ConsumerRecord

from streams.agents.producing import MAX_REQUEST_BYTES
from streams.core.intake import Rejected
from streams.settings import Settings

AROUND_BYTES = 128 << 10  # what a record has besides what came
CUT_BYTES = 64 << 10


def kept_bytes(settings: Settings) -> int:
    """Of a record that is larger only the beginning is kept: one that came compressed may not fit where that does not help."""
    return min(settings.largest_bytes, MAX_REQUEST_BYTES) - AROUND_BYTES


def rejected_row(record: ConsumerRecord, rejected: Rejected, load: str, now_ms: int, most_bytes: int) -> dict[str, Any]:
    key, value, headers, detail = record.key, record.value, record.headers, rejected.detail
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(its or b"") for name, its in headers)
    if size > most_bytes:
        detail = f"{detail}; of {len(value or b''):,} bytes the first {CUT_BYTES:,} are kept"
        key, value, headers, load = (key or b"")[:CUT_BYTES], (value or b"")[:CUT_BYTES], (), load[:100]
    return {
        "reason": rejected.reason, "detail": detail, "topic": record.topic, "partition": record.partition, "offset": record.offset,
        "received_at": record.timestamp, "rejected_at": now_ms, "key": key, "value": value,
        "headers": [{"name": name, "value": its} for name, its in headers], "load": load,
    }  # fmt: skip
