"""When something is due: read from a touchpoint, or a length of time after it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache

from streams.core.calendar import Calendar
from streams.core.calendar.zone import DAY_MS, Zone
from streams.core.definition.length import Length, length_by_region
from streams.core.definition.model import Promise
from streams.core.definition.read import reader
from streams.core.instant import EPOCH, MILLISECOND, iso_ms
from streams.core.touchpoint import Scalar, Touchpoint

Facts = Mapping[str, Scalar]
Due = Callable[[Touchpoint, Facts], int | None]

EARLIEST_MS = (datetime(1900, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND  # what the tables can hold
LATEST_MS = (datetime(2299, 12, 30, tzinfo=UTC) - EPOCH) // MILLISECOND


def due_of(promise: Promise, calendar: Calendar) -> Due:
    """Epoch milliseconds at which a promise made by a touchpoint is due; None where it carries no usable time.

    Usable are epoch milliseconds and ISO 8601 text (UTC where it names no zone) of the years 1900 to 2299.
    `grain: day`: the last millisecond of that calendar day in the promise's zone (UTC by default).
    """
    instant = _at(promise.due) if isinstance(promise.due, str) else _after(length_by_region(promise.due, calendar))
    if promise.grain == "instant":
        return instant
    zone = promise.zone or "UTC"

    def day(touchpoint: Touchpoint, facts: Facts) -> int | None:
        due_ms = instant(touchpoint, facts)
        return None if due_ms is None else end_of_day(due_ms, zone)

    return day


def _at(path: str) -> Due:
    kind, _, name = path.partition(".")
    if kind == "keeps":
        return lambda _, facts: instant_ms(facts.get(name))
    read = reader(path)
    return lambda touchpoint, _: instant_ms(read(touchpoint))


def _after(length: Length) -> Due:
    after = length.after
    return lambda touchpoint, _: after(touchpoint.occurred_at, touchpoint.region)


def instant_ms(value: Scalar | None) -> int | None:
    """A time given as epoch milliseconds or ISO 8601 text, in epoch milliseconds; None if it is neither."""
    if isinstance(value, str):
        return _from_iso(value)
    if value is None or isinstance(value, bool) or value != value or not EARLIEST_MS <= value <= LATEST_MS:
        return None
    return int(value)


@lru_cache(maxsize=65_536)
def _from_iso(text: str) -> int | None:
    try:
        due_ms = iso_ms(text)
    except ValueError:
        return None
    return due_ms if EARLIEST_MS <= due_ms <= LATEST_MS else None


def end_of_day(instant: int, zone: str) -> int:
    """The last millisecond of the calendar day of `instant` (epoch ms) in `zone`."""
    clock = _zone(zone)
    local_ms = instant + clock.offset_ms(instant)
    return clock.instant((local_ms // DAY_MS + 1) * DAY_MS) - 1


_zone = cache(Zone)
