"""When something is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.definition.due import EARLIEST_MS, EPOCH, LATEST_MS, end_of_day, instant_ms
from streams.core.touchpoint import Scalar

MS = timedelta(milliseconds=1)
ZONES = ["UTC", "America/Sao_Paulo", "Asia/Kathmandu", "Atlantic/Azores", "Pacific/Apia", "Europe/Berlin"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01", 0),
        ("1970-01-01 00:00:01", 1000),
        ("1970-01-01T00:00:01.5Z", 1500),
        ("1970-01-01T01:00:00+01:00", 0),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31", None),
        ("next week", None),
        ("", None),
        (1500, 1500),
        (1500.0, 1500),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
        (1 << 62, None),
    ],
)
def test_a_time_is_epoch_milliseconds_or_iso_text(value: Scalar | None, expected: int | None) -> None:
    assert instant_ms(value) == expected


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("UTC", "2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("Europe/Berlin", "2024-03-31T00:30:00Z", "2024-03-31T22:00:00Z"),  # 23 hours long
        ("America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-04T03:00:00Z"),  # the next day begins at 01:00
        ("America/Sao_Paulo", "2018-02-17T23:30:00-02:00", "2018-02-18T03:00:00Z"),  # this hour comes twice
        ("Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-30T10:00:00Z"),  # the day after was left out
    ],
)
def test_a_day_ends_when_the_next_begins_there(zone: str, day: str, end: str) -> None:
    instant = instant_ms(day)
    assert instant is not None
    assert end_of_day(instant, zone) + 1 == instant_ms(end)


@given(st.integers(EARLIEST_MS, LATEST_MS), st.sampled_from(ZONES))
def test_the_end_of_a_day_lies_in_it_and_the_next_millisecond_does_not(instant: int, zone: str) -> None:
    end = end_of_day(instant, zone)
    days = [(EPOCH + each * MS).astimezone(ZoneInfo(zone)).date() for each in (instant, end, end + 1)]
    assert end >= instant
    assert days[0] == days[1] < days[2]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2299, 1, 1)))
def test_text_without_a_zone_is_utc(moment: datetime) -> None:
    assert instant_ms(moment.isoformat()) == (moment.replace(tzinfo=UTC) - EPOCH) // MS
