"""What travels in headers: clocks on topics of Avro records, "as of" records and the names of history loads on the input topic.

A clock is a record without a value, so that readers of the rows pass over it.
"""

from collections.abc import Iterable

import msgspec

CLOCK_KEY = b"\0clock"
CLOCK_HEADER = "throughline-clock"
AS_OF_HEADER = "throughline-as-of"  # epoch ms as decimal digits
FINAL_HEADER = "throughline-final"  # present: the books are closed at that time
LOAD_HEADER = "throughline-load"  # name of the history load that brought a touchpoint

Headers = Iterable[tuple[str, bytes]]


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
