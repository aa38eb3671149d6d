"""What travels in headers: clocks on topics of Avro records; "as of" records, the names of history loads and where a record that is
tried again lay before on the input topic; and word of the latter, for the tables.

Clocks and words are records without a value, so that readers of the rows pass over them.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

CLOCK_KEY = b"\0clock"
CLOCK_HEADER = "throughline-clock"
AS_OF_HEADER = "throughline-as-of"  # epoch ms as decimal digits
FINAL_HEADER = "throughline-final"  # present: the books are closed at that time
LOAD_HEADER = "throughline-load"  # name of the history load that brought a touchpoint
REPLAY_HEADER = "throughline-replay"  # of which rejected record this is another try
REPLAYED_KEY = b"\0replayed"
REPLAYED_HEADER = "throughline-replayed"
RECEIVED_KEY = b"\0received"
RECEIVED_HEADER = "throughline-received"

Headers = Iterable[tuple[str, bytes]]
Partition = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
Offset = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
Millis = Annotated[int, msgspec.Meta(ge=0, lt=1 << 43)]  # until the year 2248: whoever writes to the input topic may write headers


class ClockMark(msgspec.Struct, array_like=True, frozen=True):
    """`source` says who speaks: `stitch`, `identity`, or an input partition's number.  Redirects up to `number` lie before it."""

    source: str
    ms: int
    final_ms: int
    number: int


_decode = msgspec.json.Decoder(ClockMark).decode


def clock_mark(source: str, ms: int, final_ms: int, number: int = 0) -> tuple[tuple[str, bytes], ...]:
    return ((CLOCK_HEADER, msgspec.json.encode(ClockMark(source, ms, final_ms, number))),)


def read_clock_mark(headers: Headers) -> ClockMark | None:
    found = header(headers, CLOCK_HEADER)
    return None if found is None else _decode(found)


def header(headers: Headers, name: str) -> bytes | None:
    return next((value for key, value in headers if key == name), None)


class Origin(msgspec.Struct, array_like=True, frozen=True):
    """Where a rejected record lay.  A topic that was made anew counts from 0 again: the time tells them apart."""

    topic: Annotated[str, msgspec.Meta(max_length=300)]
    partition: Partition
    offset: Offset
    received_at: Millis


class Replayed(msgspec.Struct, array_like=True, frozen=True):
    """Intake read another try of a rejected record, at this place of the input topic: what became of it is told there."""

    origin: Origin
    partition: Partition
    offset: Offset
    at: Millis


class Received(msgspec.Struct, array_like=True, frozen=True):
    """What intake read in one batch.  `runs`: (kind, beginning of the day, first and last offset)."""

    partition: int
    runs: tuple[tuple[str, int, int, int], ...]
    at: int


_received = msgspec.json.Decoder(Received).decode
_origin = msgspec.json.Decoder(Origin).decode
_replayed = msgspec.json.Decoder(Replayed).decode


def read_origin(headers: Headers) -> Origin | None:
    """None also for what nobody here has written."""
    found = header(headers, REPLAY_HEADER)
    try:
        return None if found is None else _origin(found)
    except msgspec.DecodeError:
        return None


def replayed_mark(replayed: Replayed) -> tuple[tuple[str, bytes], ...]:
    return ((REPLAYED_HEADER, msgspec.json.encode(replayed)),)


def read_replayed(headers: Headers) -> Replayed | None:
    found = header(headers, REPLAYED_HEADER)
    return None if found is None else _replayed(found)


def received_mark(received: Received) -> tuple[tuple[str, bytes], ...]:
    return ((RECEIVED_HEADER, msgspec.json.encode(received)),)


def read_received(headers: Headers) -> Received | None:
    found = header(headers, RECEIVED_HEADER)
    return None if found is None else _received(found)
