"""Calendars in YAML: every problem that can be found, at once."""

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo, available_timezones

from streams.core.calendar.calendar import EVERYWHERE, Calendar
from streams.core.calendar.free import free_days
from streams.core.calendar.hours import LONGEST_CLOSED_DAYS, Hours
from streams.core.calendar.opening import opening
from streams.core.definition.document import Document, Place, parse
from streams.core.definition.problems import DefinitionError, Problem, meant

REGIONAL = ("holidays", "hours", "zone")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def load_calendars(text: str, file: str) -> dict[str, Calendar]:
    """Calendars by name, holidays resolved.  Raises DefinitionError with all problems."""
    if not any(line.partition("#")[0].strip() for line in text.splitlines()):
        raise DefinitionError([Problem(file, 1, "", "the file is empty: expected calendars beginning with `calendars:`")])
    reader = _Reader(parse(text, file))
    calendars = reader.calendars()
    if reader.problems:
        raise DefinitionError(reader.problems)
    return {name: Calendar(hours) for name, hours in calendars.items()}


class _Reader:
    """What is wrong is kept in `problems`; what it gives is good only when there is none."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def complain(self, place: Place, message: str) -> None:
        self.problems.append(self.document.problem(place, message))

    def calendars(self) -> dict[str, dict[str, Hours]]:
        top = self._mapping(self.document.value, ())
        self._keys(top, (), ("calendars",))
        if "calendars" not in top:
            self.complain((), "`calendars` is missing")
        place = ("calendars",)
        return {name: self._calendar(each, (*place, name)) for name, each in self._mapping(top.get("calendars", {}), place).items()}

    def _calendar(self, value: object, place: Place) -> dict[str, Hours]:
        if not _NAME.fullmatch(str(place[-1])):
            self.complain(place, f"expected a name of small letters, digits and `_`, got `{place[-1]}`")
        if not isinstance(value, dict):
            self.complain(place, f"expected a mapping with `zone` and `hours`, got `{value}`")
            return {}
        self._keys(value, place, (*REGIONAL, "regions"))
        for key in ("zone", "hours"):
            if key not in value:
                self.complain(place, f"`{key}` is missing")
        everywhere = self._hours(value, place, Hours("", ()))
        regions = self._mapping(value.get("regions", {}), (*place, "regions"))
        return {EVERYWHERE: everywhere} | {
            region: self._region(each, (*place, "regions", region), everywhere) for region, each in regions.items()
        }

    def _region(self, value: object, place: Place, everywhere: Hours) -> Hours:
        if not place[-1]:
            self.complain(place, "a region has a name like `DE`")
        given = self._mapping(value, place)
        self._keys(given, place, REGIONAL)
        if not given:
            self.complain(place, "nothing is different here: expected `zone`, `hours` or `holidays`, or no such region")
        return self._hours(given, place, everywhere)

    def _hours(self, given: Mapping[str, object], place: Place, inherited: Hours) -> Hours:
        known = len(self.problems)
        zone = self._zone(given["zone"], (*place, "zone")) if "zone" in given else inherited.zone
        ranges = opening(given["hours"], (*place, "hours"), self.complain) if "hours" in given else inherited.open
        free = free_days(given["holidays"], (*place, "holidays"), self.complain) if "holidays" in given else inherited.holidays
        hours = Hours(zone, ranges, free)
        if len(self.problems) == known and ranges and (closed := hours.longest_closed_days()) > LONGEST_CLOSED_DAYS:
            said = f"nobody works for {closed} days on end; expected hours at least every {LONGEST_CLOSED_DAYS} days"
            self.complain((*place, "holidays"), said)
        return hours

    def _zone(self, value: object, place: Place) -> str:
        try:
            return ZoneInfo(str(value)).key
        except (KeyError, OSError, ValueError):
            hint = meant(str(value), available_timezones())
            hint = hint if "did you mean" in hint else ": expected a name like `Europe/Berlin` or `UTC`"
            self.complain(place, f"no time zone is called `{value}`{hint}")
            return ""

    def _mapping(self, value: object, place: Place) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        self.complain(place, f"expected a mapping, got `{value}`")
        return {}

    def _keys(self, value: Mapping[str, object], place: Place, known: tuple[str, ...]) -> None:
        for key in value.keys() - set(known):
            self.complain((*place, key), f"unknown key `{key}`{meant(key, known)}")
