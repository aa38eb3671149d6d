"""Working time of one region: open intervals in UTC, found four weeks at a time and kept.

Hours are those of a clock on the wall: open is when it shows working hours.  An hour that is skipped has no working time, one that
comes twice has it twice.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import NamedTuple

from streams.core.calendar.hours import DAY_MINUTES, Hours, Range, weekday
from streams.core.calendar.zone import DAY_MS, Zone

MINUTE_MS = 60_000
CHUNK_MS = 28 * DAY_MS
MOST_CHUNKS = 4_096  # about 300 years
ROUND_THE_CLOCK = tuple((day * DAY_MINUTES, (day + 1) * DAY_MINUTES) for day in range(7))


class Chunk(NamedTuple):
    """Open intervals of a stretch of time, sorted and apart.  `before[i]`: working time of the stretch before interval i."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    open_ms: int


class AlwaysOpen:
    """Every minute of every day in UTC: plain arithmetic."""

    __slots__ = ()

    def is_open(self, _at_ms: int) -> bool:
        return True

    def working_ms(self, from_ms: int, to_ms: int) -> int:
        return to_ms - from_ms

    def after_hours(self, start_ms: int, working_ms: int) -> int:
        return start_ms + working_ms

    def after_days(self, start_ms: int, days: int) -> int:
        return start_ms + days * DAY_MS


class WorkingTime:
    """Hours in their zone, without their holidays."""

    __slots__ = ("_chunks", "_free", "_weekdays", "_zone")

    def __init__(self, hours: Hours) -> None:
        self._zone = Zone(hours.zone)
        self._free = hours.free_days()
        self._weekdays = tuple(tuple((a * MINUTE_MS, b * MINUTE_MS) for a, b in day) for day in hours.on_weekdays())
        self._chunks: dict[int, Chunk] = {}

    def is_open(self, at_ms: int) -> bool:
        chunk = self._chunk(at_ms // CHUNK_MS)
        index = bisect_right(chunk.starts, at_ms) - 1
        return index >= 0 and at_ms < chunk.ends[index]

    def working_ms(self, from_ms: int, to_ms: int) -> int:
        if to_ms < from_ms:
            return -self.working_ms(to_ms, from_ms)
        first, last = from_ms // CHUNK_MS, to_ms // CHUNK_MS
        worked_ms = _worked(self._chunk(last), to_ms) - _worked(self._chunk(first), from_ms)
        for number in range(first, last):
            worked_ms += self._chunk(number).open_ms
        return worked_ms

    def after_hours(self, start_ms: int, working_ms: int) -> int:
        if working_ms <= 0:
            return _at_once(start_ms, working_ms)
        number = start_ms // CHUNK_MS
        chunk = self._chunk(number)
        left_ms = _worked(chunk, start_ms) + working_ms
        while left_ms > chunk.open_ms:
            left_ms -= chunk.open_ms
            number += 1
            chunk = self._chunk(number)
        index = bisect_left(chunk.before, left_ms) - 1
        return chunk.starts[index] + left_ms - chunk.before[index]

    def after_days(self, start_ms: int, days: int) -> int:
        if days <= 0:
            return _at_once(start_ms, days)
        day, time_ms = self._working_day(start_ms) or self._working_day(self._opening(start_ms)) or (0, 0)
        while days:
            day += 1
            days -= bool(self._on(day))
        hours = self._on(day)
        return self._zone.instant(day * DAY_MS + min(max(time_ms, hours[0][0]), hours[-1][1]))

    def _working_day(self, at_ms: int) -> Range | None:
        """The day to which an open instant belongs, and its time from that day's midnight; None while closed."""
        today, time_ms = divmod(at_ms + self._zone.offset_ms(at_ms), DAY_MS)
        for day, since_ms in (today, time_ms), (today - 1, time_ms + DAY_MS):
            for start_ms, end_ms in self._on(day):
                if start_ms <= since_ms < end_ms:
                    return day, since_ms
        return None

    def _opening(self, at_ms: int) -> int:
        """The first opening at `at_ms` or after."""
        number = at_ms // CHUNK_MS
        while not (starts := self._chunk(number).starts) or starts[-1] < at_ms:
            number += 1
        return starts[bisect_left(starts, at_ms)]

    def _on(self, day: int) -> tuple[Range, ...]:
        return () if day in self._free else self._weekdays[weekday(day)]

    def _chunk(self, number: int) -> Chunk:
        if (chunk := self._chunks.get(number)) is None:
            if len(self._chunks) >= MOST_CHUNKS:
                self._chunks.clear()
            chunk = self._chunks[number] = self._found(number * CHUNK_MS)
        return chunk

    def _found(self, from_ms: int) -> Chunk:
        starts: list[int] = []
        ends: list[int] = []
        for begin_ms, end_ms, offset_ms in self._zone.stretches(from_ms, from_ms + CHUNK_MS):
            for day in range((begin_ms + offset_ms) // DAY_MS - 1, (end_ms + offset_ms - 1) // DAY_MS + 1):
                midnight_ms = day * DAY_MS - offset_ms
                for opens_ms, closes_ms in self._on(day):
                    start_ms, stop_ms = max(begin_ms, midnight_ms + opens_ms), min(end_ms, midnight_ms + closes_ms)
                    if start_ms >= stop_ms:
                        continue
                    if ends and ends[-1] == start_ms:
                        ends[-1] = stop_ms
                    else:
                        starts.append(start_ms)
                        ends.append(stop_ms)
        before = [0, *accumulate(end - start for start, end in zip(starts, ends, strict=True))]
        return Chunk(starts, ends, before[:-1], before[-1])


def working_time(hours: Hours) -> AlwaysOpen | WorkingTime:
    """What answers for resolved hours."""
    if hours.zone in ("UTC", "Etc/UTC") and hours.open == ROUND_THE_CLOCK and not hours.holidays:
        return AlwaysOpen()
    return WorkingTime(hours)


def _at_once(start_ms: int, length: int) -> int:
    if length < 0:
        raise ValueError(f"expected a working time of 0 or more, got {length}")
    return start_ms


def _worked(chunk: Chunk, at_ms: int) -> int:
    """Working time of the chunk before an instant in it."""
    index = bisect_right(chunk.starts, at_ms) - 1
    return 0 if index < 0 else chunk.before[index] + min(at_ms, chunk.ends[index]) - chunk.starts[index]
