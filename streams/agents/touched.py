"""Which minutes rows touch, and what lies in `minutes.touched`.

A row touches the minutes in which it counts and those in which the row that it replaces did; none, where it counts as that one did.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any

import msgspec

from sinks.contract import Batch

MINUTE_MS = 60_000
MOST = 20_000  # minutes in one record
Row = dict[str, Any]


class Touched(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """Minutes since 1970 that are to be computed.  `again`: how often that was done and something in them was still hidden."""

    minutes: list[int]
    again: int = 0


class TakenUp(msgspec.Struct, array_like=True, tag=2, frozen=True):
    """From here on `by` computes, and whoever did before is not to go on."""

    by: str


pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(Touched | TakenUp).decode

JOURNEY_COUNTS = itemgetter("state", "outcome", "opened_at", "closed_at", "region", "channel")
BREAKAGE_COUNTS = itemgetter("state", "severity", "broken_at", "region", "channel")


def touched(several: Iterable[Batch]) -> set[int]:
    found: set[int] = set()
    for batch in several:
        if batch.table == "journeys":
            found.update(_minutes(batch.rows, JOURNEY_COUNTS, ("opened_at", "closed_at"), ()))
        elif batch.table == "breakages":  # what is replaced does not say when it recovered, so that may have changed
            found.update(_minutes(batch.rows, BREAKAGE_COUNTS, ("broken_at",), ("recovered",)))
    return found


def _minutes(
    rows: Iterable[Row], counts: Callable[[Row], object], times: tuple[str, ...], always: tuple[str, ...]
) -> Iterator[int]:
    for row in rows:
        before = row["replaces"]
        if before is not None and counts(row) == counts(before) and row["state"] not in always:
            continue
        for each in (row, before) if before is not None else (row,):
            for time in times:
                if each[time] is not None:
                    yield each[time] // MINUTE_MS


def records(minutes: Collection[int], again: int = 0) -> list[bytes]:
    """Packed, none of them too large."""
    ordered = iter(sorted(minutes))
    pieces = iter(lambda: list(islice(ordered, MOST)), [])
    return [pack(Touched(piece, again)) for piece in pieces]
