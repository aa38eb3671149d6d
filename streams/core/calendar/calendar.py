"""A calendar: working time by region."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.core.calendar.hours import Hours
from streams.core.calendar.working import AlwaysOpen, WorkingTime, working_time

EVERYWHERE = ""


class Calendar:
    """Hours by region, those of `""` for every region that is not named.  Times are epoch milliseconds.

    Equal calendars judge alike on every worker: holidays are dates in it, not rules.
    """

    __slots__ = ("_by_region", "_everywhere", "hours")

    def __init__(self, hours: Mapping[str, Hours]) -> None:
        """Raises ValueError for hours that cannot be, and if there are none for every region."""
        if EVERYWHERE not in hours:
            raise ValueError("a calendar has hours for every region that is not named")
        for each in hours.values():
            each.check()
        self.hours = dict(sorted(hours.items()))
        self._by_region = {region: working_time(each) for region, each in self.hours.items()}
        self._everywhere = self._by_region[EVERYWHERE]

    def of(self, region: str) -> AlwaysOpen | WorkingTime:
        """What answers for one region, for many questions about it."""
        return self._by_region.get(region, self._everywhere)

    def is_open(self, at_ms: int, region: str = EVERYWHERE) -> bool:
        return self._by_region.get(region, self._everywhere).is_open(at_ms)

    def working_ms(self, from_ms: int, to_ms: int, region: str = EVERYWHERE) -> int:
        """Working time between two instants; negative, and as much, if `to_ms` is the earlier one."""
        return self._by_region.get(region, self._everywhere).working_ms(from_ms, to_ms)

    def after_hours(self, start_ms: int, working_ms: int, region: str = EVERYWHERE) -> int:
        """The earliest instant by which so much working time has passed.

        A start outside the hours waits for the next opening; no working time at all has passed at the start itself.
        Friday 17:00 plus 2 working hours in hours from 9 to 18, Monday to Friday, is Monday 10:00, plus 1 is Friday 18:00.
        Raises ValueError for less than nothing.
        """
        return self._by_region.get(region, self._everywhere).after_hours(start_ms, working_ms)

    def after_days(self, start_ms: int, days: int, region: str = EVERYWHERE) -> int:
        """The same time on the wall, that many working days later, but not before that day opens nor after it closes.

        A working day is one on which hours begin; hours over midnight belong to it to their end.  A start outside the hours
        waits for the next opening.  Friday 17:00 plus 1 working day in hours from 9 to 18, Monday to Friday, is Monday 17:00;
        Saturday plus 1 is Tuesday 09:00; with hours from 9 to 13 on Saturday, Friday 17:00 plus 1 is Saturday 13:00.
        0 days are the start itself.  Raises ValueError for less.
        """
        return self._by_region.get(region, self._everywhere).after_days(start_ms, days)

    def to_plain(self) -> dict[str, Any]:
        """Plain JSON values, by region; equal calendars give the same."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.hours))
        return plain

    @classmethod
    def from_plain(cls, plain: object) -> "Calendar":
        """The calendar that `to_plain` gave.  Raises ValueError for anything else."""
        try:
            return cls(msgspec.convert(plain, dict[str, Hours]))
        except msgspec.ValidationError as error:
            raise ValueError(f"no calendar: {error}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.hours == other.hours

    def __hash__(self) -> int:
        return hash(tuple(self.hours.items()))
