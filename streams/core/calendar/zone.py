"""A time zone in epoch milliseconds: what its clocks show, and when they are turned."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

DAY_MS = 86_400_000
PROBE_MS = 6 * 3_600_000  # no zone turns its clocks twice within
MOST_DAYS = 32_768
FIRST_S = int(datetime(2, 1, 1, tzinfo=UTC).timestamp())
LAST_S = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


class Zone:
    """`local` is what a clock on the wall shows, as milliseconds since 1970-01-01 00:00 on that clock."""

    __slots__ = ("_steady", "_zone")

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)
        self._steady: dict[int, int | None] = {}

    def offset_ms(self, at_ms: int) -> int:
        """Local time minus UTC."""
        steady_ms = self._steady_ms(at_ms // DAY_MS)
        return self._looked_up_ms(at_ms) if steady_ms is None else steady_ms

    def _steady_ms(self, day: int) -> int | None:
        """The offset of a day in UTC, if it is the same from a day before to a day after; kept, since looking it up is slow."""
        if day not in self._steady:
            if len(self._steady) >= MOST_DAYS:
                self._steady.clear()
            found = {self._looked_up_ms(at_ms) for at_ms in range((day - 1) * DAY_MS, (day + 2) * DAY_MS + 1, PROBE_MS)}
            self._steady[day] = found.pop() if len(found) == 1 else None
        return self._steady[day]

    def _looked_up_ms(self, at_ms: int) -> int:
        """Beyond the years that a date can have: the offset of the nearest one."""
        at_s = min(max(at_ms // 1000, FIRST_S), LAST_S)
        offset = datetime.fromtimestamp(at_s, self._zone).utcoffset()
        assert offset is not None, "a zone has an offset"  # noqa: S101 - for types
        return offset.days * DAY_MS + offset.seconds * 1000

    def stretches(self, from_ms: int, to_ms: int) -> Iterator[tuple[int, int, int]]:
        """(from, to, offset) between which no clock is turned, in order, without gaps."""
        begin_ms, offset_ms = from_ms, self._looked_up_ms(from_ms)
        for at_ms in range(from_ms, to_ms, PROBE_MS):
            probe_ms = min(at_ms + PROBE_MS, to_ms)
            if (next_ms := self._looked_up_ms(probe_ms)) != offset_ms:
                turn_ms = self._turn(at_ms, probe_ms)
                yield begin_ms, turn_ms, offset_ms
                begin_ms, offset_ms = turn_ms, next_ms
        if begin_ms < to_ms:
            yield begin_ms, to_ms, offset_ms

    def instant(self, local_ms: int) -> int:
        """When a clock shows `local_ms`: the first time if it does twice, the turn itself if it skips it."""
        if (steady_ms := self._steady_ms(local_ms // DAY_MS)) is not None:
            return local_ms - steady_ms
        before_ms, after_ms = self.offset_ms(local_ms - DAY_MS), self.offset_ms(local_ms + DAY_MS)
        for offset_ms in (before_ms, after_ms):
            if self.offset_ms(local_ms - offset_ms) == offset_ms:
                return local_ms - offset_ms
        return self._turn(local_ms - DAY_MS, local_ms + DAY_MS)

    def _turn(self, from_ms: int, to_ms: int) -> int:
        """The second at which the offset becomes another than that of `from_ms`."""
        offset_ms, from_s, to_s = self._looked_up_ms(from_ms), from_ms // 1000, -(-to_ms // 1000)
        while to_s - from_s > 1:
            middle_s = (from_s + to_s) // 2
            if self._looked_up_ms(middle_s * 1000) == offset_ms:
                from_s = middle_s
            else:
                to_s = middle_s
        return to_s * 1000
