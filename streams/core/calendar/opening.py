"""`{mon-fri: "09:00-18:00"}` to minutes of the week."""

import re
from collections.abc import Callable

from streams.core.calendar.hours import DAY_MINUTES, Range, overlaps
from streams.core.definition.document import Place
from streams.core.definition.problems import meant

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Complain = Callable[[Place, str], None]

_RANGE = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
EXPECTED = 'expected hours like "09:00-18:00"'


def opening(value: object, place: Place, complain: Complain) -> tuple[Range, ...]:
    """Sorted ranges of minutes since Monday 00:00.  What is wrong is complained of with its place."""
    if not isinstance(value, dict) or not value:
        complain(place, f'expected hours by weekday like {{mon-fri: "09:00-18:00"}}, got `{value}`')
        return ()
    ranges: list[tuple[Range, Place]] = []
    taken: dict[int, str] = {}
    for key, each in value.items():
        there = (*place, key)
        spans = _spans(each, there, complain)
        for day in _days(key, there, complain):
            if day in taken:
                complain(there, f"`{WEEKDAYS[day]}` is there twice: `{taken[day]}` has it as well")
                continue
            taken[day] = key
            ranges += [((start + day * DAY_MINUTES, end + day * DAY_MINUTES), there) for start, end in spans]
    found = tuple(sorted(each for each, _ in ranges))
    places = dict(ranges)
    for one, other in overlaps(found):
        complain(places[other], f"{_said(*other)} overlaps {_said(*one)}")
    return found


def _days(key: str, place: Place, complain: Complain) -> list[int]:
    """`mon`, `mon-fri`, also around the end of the week: `sat-mon`."""
    words = key.split("-")
    if unknown := [word for word in words if word not in WEEKDAYS]:
        complain(place, f"no weekday is called `{unknown[0]}`{_meant(unknown[0])}")
        return []
    if len(words) > 2:
        complain(place, f"expected a weekday or a range of two like `mon-fri`, got `{key}`")
        return []
    first, last = WEEKDAYS.index(words[0]), WEEKDAYS.index(words[-1])
    return [day % 7 for day in range(first, (last if first <= last else last + 7) + 1)]


def _meant(word: str) -> str:
    return next((f"; did you mean `{day}`?" for day in WEEKDAYS if word.lower().startswith(day)), meant(word, WEEKDAYS))


def _spans(value: object, place: Place, complain: Complain) -> list[Range]:
    spans = []
    texts = value if isinstance(value, list) else [value]
    if not texts:
        complain(place, f"{EXPECTED}; leave out a day without hours")
    for index, text in enumerate(texts):
        there = (*place, index) if isinstance(value, list) else place
        if span := _span(text, there, complain):
            spans.append(span)
    return spans


def _span(text: object, place: Place, complain: Complain) -> Range | None:
    found = _RANGE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        complain(place, f"{EXPECTED}, got `{text}`")
        return None
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        complain(place, f"`{text}` has a time that no clock shows: expected 00:00 to 23:59, at the end also 24:00")
        return None
    if start == end:
        complain(place, f'`{text}` is empty: the whole day is "00:00-24:00"')
        return None
    return start, end if end > start else end + DAY_MINUTES


def _said(start: int, end: int) -> str:
    day, minute = divmod(start, DAY_MINUTES)
    until = minute + end - start
    until -= DAY_MINUTES * (until > DAY_MINUTES)
    return f"{WEEKDAYS[day]} {minute // 60:02}:{minute % 60:02}-{until // 60:02}:{until % 60:02}"
