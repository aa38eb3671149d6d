"""Lengths of time: elapsed, or counted by a business calendar."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from streams.core.calendar import Calendar
from streams.core.definition.values import DEFAULT_REGION, Span

ENDLESS_MS = 1 << 62
Pauses = list[tuple[int, int | None]]  # (from, to) in epoch ms, ascending, apart; the last one may still last


@dataclass(frozen=True, slots=True)
class Length:
    """`after`: (start in epoch ms, region) -> the instant at which the length has passed.

    `measure` (from, to, region) and `resume` (start, milliseconds, region) take a length apart, where the clock stands still.
    """

    after: Callable[[int, str], int]
    measure: Callable[[int, int, str], int]
    resume: Callable[[int, int, str], int]


def length_of(span: Span, calendar: Calendar) -> Length:
    if span.unit == "ms":
        length_ms = span.length
        return Length(lambda start_ms, _: start_ms + length_ms, _elapsed_ms, _resume_elapsed)
    count = span.length
    if span.unit == "working days":
        return Length(
            lambda start_ms, region: calendar.after_days(start_ms, count, region), calendar.working_ms, calendar.after_hours
        )
    return Length(lambda start_ms, region: calendar.after_hours(start_ms, count, region), calendar.working_ms, calendar.after_hours)


def length_by_region(spans: Mapping[str, Span], calendar: Calendar) -> Length:
    """A length that the region of the touchpoint decides on; regions that are not named take the default."""
    lengths = {region: length_of(span, calendar) for region, span in spans.items()}
    default = lengths.pop(DEFAULT_REGION)
    if not lengths:
        return default
    find = lengths.get
    return Length(
        lambda start_ms, region: find(region, default).after(start_ms, region),
        lambda from_ms, to_ms, region: find(region, default).measure(from_ms, to_ms, region),
        lambda start_ms, rest_ms, region: find(region, default).resume(start_ms, rest_ms, region),
    )


def earliest(lengths: Sequence[Length]) -> Length:
    """The one that is over first.  Raises ValueError for none at all."""
    if len(lengths) == 1:
        return lengths[0]
    first = lengths[0]
    return Length(lambda start_ms, region: min(each.after(start_ms, region) for each in lengths), first.measure, first.resume)


def with_pauses(length: Length, start_ms: int, due_ms: int, region: str, pauses: Pauses) -> int:
    """`due_ms`, put off by what of the pauses lies before it; ENDLESS_MS while one lasts."""
    rest_ms = length.measure(start_ms, due_ms, region)
    at_ms = start_ms
    for from_ms, to_ms in pauses:
        if to_ms is not None and to_ms <= at_ms:
            continue
        deadline_ms = length.resume(at_ms, rest_ms, region)
        if deadline_ms <= from_ms:
            return deadline_ms
        if to_ms is None:
            return ENDLESS_MS
        rest_ms -= length.measure(at_ms, max(at_ms, from_ms), region)
        at_ms = to_ms
    return length.resume(at_ms, rest_ms, region)


def _elapsed_ms(from_ms: int, to_ms: int, _region: str) -> int:
    return to_ms - from_ms


def _resume_elapsed(start_ms: int, rest_ms: int, _region: str) -> int:
    return start_ms + rest_ms


ELAPSED = Length(lambda start_ms, _: start_ms, _elapsed_ms, _resume_elapsed)
