"""Working hours as they travel: zone, minutes of the week, and every holiday by its date."""

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

DAY_MINUTES = 1_440
WEEK_MINUTES = 7 * DAY_MINUTES
LONGEST_CLOSED_DAYS = 400
EPOCH_DAY = date(1970, 1, 1).toordinal()

Range = tuple[int, int]


class Hours(msgspec.Struct, frozen=True):
    """Hours of one region, resolved: nothing is looked up any more but the zone.

    `open`: ranges of minutes since Monday 00:00, sorted, apart.  One belongs to the day on which it begins and may reach into
    the next, at the end of the week beyond it.  `holidays`: days without hours as YYYYMMDD, sorted.
    """

    zone: str
    open: tuple[Range, ...]
    holidays: tuple[int, ...] = ()

    def check(self) -> None:
        """Raises ValueError for what no calendar can stand on."""
        try:
            ZoneInfo(self.zone)
            self.free_days()
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(f"hours with an unknown zone or date: {error}") from None
        if not self.open or list(self.open) != sorted(self.open):
            raise ValueError(f"hours need ranges in their order, got {self.open}")
        if any(not (0 <= start < WEEK_MINUTES and start < end <= start + DAY_MINUTES) for start, end in self.open):
            raise ValueError(f"ranges of hours last up to a day and begin in the week, got {self.open}")
        if overlaps(self.open):
            raise ValueError(f"ranges of hours overlap: {self.open}")

    def free_days(self) -> frozenset[int]:
        """The holidays as days since 1970-01-01."""
        return frozenset(date(each // 10_000, each // 100 % 100, each % 100).toordinal() - EPOCH_DAY for each in self.holidays)

    def on_weekdays(self) -> tuple[tuple[Range, ...], ...]:
        """For Monday to Sunday the ranges that begin on it, in minutes of that day."""
        days: list[list[Range]] = [[] for _ in range(7)]
        for start, end in self.open:
            midnight = start - start % DAY_MINUTES
            days[start // DAY_MINUTES].append((start - midnight, end - midnight))
        return tuple(map(tuple, days))

    def longest_closed_days(self) -> int:
        """Days from one with hours to the next, at most: holidays can join to years."""
        free, weekdays = self.free_days(), self.on_weekdays()
        first, last = (min(free) - 8, max(free) + 9) if free else (0, 15)
        working = [day for day in range(first, last) if day not in free and weekdays[weekday(day)]]
        return max(after - before for before, after in pairwise(working))


def weekday(day: int) -> int:
    """Monday is 0.  `day` counts from 1970-01-01, a Thursday."""
    return (day + 3) % 7


def overlaps(ranges: tuple[Range, ...]) -> list[tuple[Range, Range]]:
    """Neighbours that overlap, also over the end of the week.  Ranges are sorted."""
    found = [(one, other) for one, other in pairwise(ranges) if other[0] < one[1]]
    if ranges and ranges[0][0] + WEEK_MINUTES < ranges[-1][1]:
        found.append((ranges[-1], ranges[0]))
    return found
