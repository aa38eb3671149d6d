"""Working time, held against a clock on the wall that is read minute by minute."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.calendar import Calendar, Hours

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WEEK_MINUTES = 10_080
TURNS = {  # a zone, and when its clocks are turned
    "UTC": ["2024-02-29T00:00Z"],
    "Europe/Berlin": ["2024-03-31T01:00Z", "2024-10-27T01:00Z"],
    "America/Sao_Paulo": ["2018-11-04T03:00Z", "2018-02-18T02:00Z", "2024-06-01T00:00Z"],  # at midnight
    "Australia/Lord_Howe": ["2024-04-06T15:00Z", "2024-10-05T15:30Z"],  # by half an hour
    "Asia/Kathmandu": ["1985-12-31T18:30Z", "2024-01-01T00:00Z"],  # by a quarter, once
    "America/St_Johns": ["2007-03-11T03:31Z", "2007-11-04T02:31Z"],  # a minute past midnight
    "Pacific/Apia": ["2011-12-30T10:00Z", "2011-09-24T14:00Z"],  # by a whole day: one Friday was left out
}


def ms(text: str, zone: str = "UTC") -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.replace(tzinfo=moment.tzinfo or ZoneInfo(zone)).timestamp() * 1000)


class World(NamedTuple):
    hours: Hours
    near: int  # an instant at which the clocks may be turned

    def wall(self, at: int) -> datetime:
        """What the clock shows, without a zone."""
        return datetime.fromtimestamp(at / 1000, ZoneInfo(self.hours.zone)).replace(tzinfo=None, fold=0)

    def ranges(self, day: date) -> list[tuple[int, int]]:
        """Hours that begin on a day, in minutes from its midnight."""
        if day.year * 10_000 + day.month * 100 + day.day in self.hours.holidays:
            return []
        midnight = day.weekday() * 1440
        return [(a - midnight, b - midnight) for a, b in self.hours.open if midnight <= a < midnight + 1440]

    def belongs(self, at: int) -> tuple[date, int] | None:
        """The working day of an open minute, and minutes since that day's midnight."""
        wall = self.wall(at)
        for day in wall.date(), wall.date() - timedelta(days=1):
            minute = int((wall - datetime.combine(day, datetime.min.time())).total_seconds()) // 60
            if any(a <= minute < b for a, b in self.ranges(day)):
                return day, minute
        return None

    def open_minutes(self, start: int, end: int) -> list[int]:
        return [at for at in range(start, end, MINUTE) if self.belongs(at)]

    def after_days(self, start: int, days: int) -> int:
        while (belongs := self.belongs(start)) is None:
            start += MINUTE
        day, minute = belongs
        while days:
            day += timedelta(days=1)
            days -= bool(self.ranges(day))
        ranges = self.ranges(day)
        due = datetime.combine(day, datetime.min.time()) + timedelta(minutes=min(max(minute, ranges[0][0]), ranges[-1][1]))
        at = ms(str(due)) - 15 * HOUR  # no zone is further from UTC
        while self.wall(at) < due:
            at += MINUTE
        return at


@st.composite
def worlds(draw: st.DrawFn) -> World:
    zone = draw(st.sampled_from(sorted(TURNS)))
    cuts = sorted(draw(st.lists(st.integers(0, WEEK_MINUTES - 1), min_size=2, max_size=12, unique=True)))
    if len(cuts) % 2:
        cuts.pop()
    if draw(st.booleans()):  # over the end of the week
        cuts = [*cuts[1:], cuts[0] + WEEK_MINUTES]
    ranges = tuple((a, min(b, a + 1440)) for a, b in zip(cuts[::2], cuts[1::2], strict=True))
    near = ms(draw(st.sampled_from(TURNS[zone])))
    free = draw(st.sets(st.integers(-5, 5), max_size=4))
    days = [datetime.fromtimestamp(near / 1000, UTC).date() + timedelta(days=each) for each in sorted(free)]
    return World(Hours(zone, ranges, tuple(each.year * 10_000 + each.month * 100 + each.day for each in days)), near)


MINUTES = st.integers(-2_880, 2_880)
ANY_MS = st.integers(-40 * DAY, 40 * DAY)


@given(worlds(), MINUTES, MINUTES)
def test_open_and_worked_is_what_the_clock_on_the_wall_says(world: World, one: int, other: int) -> None:
    start, end = sorted((world.near + one * MINUTE, world.near + other * MINUTE))
    calendar = Calendar({"": world.hours})
    minutes = world.open_minutes(start, end)
    assert [at for at in range(start, end, MINUTE) if calendar.is_open(at)] == minutes
    assert calendar.working_ms(start, end) == len(minutes) * MINUTE
    assert calendar.working_ms(end, start) == -len(minutes) * MINUTE


@given(worlds(), MINUTES, st.data())
def test_working_time_has_passed_when_as_many_minutes_were_open(world: World, offset: int, data: st.DataObject) -> None:
    start = world.near + offset * MINUTE
    minutes = world.open_minutes(start, start + 2 * DAY)
    worked = data.draw(st.integers(0, len(minutes)))
    expected = minutes[worked - 1] + MINUTE if worked else start
    assert Calendar({"": world.hours}).after_hours(start, worked * MINUTE) == expected


@given(worlds(), MINUTES, st.integers(1, 3))
def test_working_days_end_when_the_wall_shows_the_same_time_of_that_day(world: World, offset: int, days: int) -> None:
    start = world.near + offset * MINUTE
    assert Calendar({"": world.hours}).after_days(start, days) == world.after_days(start, days)


@given(worlds(), ANY_MS, ANY_MS, ANY_MS)
def test_working_time_adds_up(world: World, one: int, two: int, three: int) -> None:
    calendar, (a, b, c) = Calendar({"": world.hours}), (world.near + each for each in (one, two, three))
    assert calendar.working_ms(a, b) + calendar.working_ms(b, c) == calendar.working_ms(a, c)


@given(worlds(), ANY_MS, st.integers(1, 40 * DAY))
def test_after_hours_is_the_earliest_instant_with_so_much_working_time(world: World, offset: int, worked: int) -> None:
    calendar, start = Calendar({"": world.hours}), world.near + offset
    due = calendar.after_hours(start, worked)
    assert calendar.working_ms(start, due) == worked
    assert calendar.working_ms(start, due - 1) == worked - 1
    assert calendar.is_open(due - 1)


@given(worlds(), ANY_MS, st.integers(0, 5 * DAY), st.integers(0, 5 * DAY), st.integers(1, 9))
def test_more_working_time_and_a_later_start_are_never_due_earlier(
    world: World, offset: int, worked: int, more: int, days: int
) -> None:
    calendar, start = Calendar({"": world.hours}), world.near + offset
    assert start <= calendar.after_hours(start, worked) <= calendar.after_hours(start, worked + more)
    assert calendar.after_hours(start, worked) <= calendar.after_hours(start + more, worked)
    assert start <= calendar.after_days(start, days) <= calendar.after_days(start, days + 1)
    if world.hours.zone == "UTC":  # where no hour comes twice
        assert calendar.after_days(start, days) <= calendar.after_days(start + more, days)


@given(st.integers(-(10**13), 10**13), st.integers(0, 10**11), st.integers(0, 10_000))
def test_always_is_plain_arithmetic(start: int, length: int, days: int) -> None:
    """Also where it is computed like any other calendar: hours that never close, in a zone without turns."""
    round_the_clock = tuple((day * 1440, day * 1440 + 1440) for day in range(7))
    plain, long_way = Calendar({"": Hours("UTC", round_the_clock)}), Calendar({"": Hours("Etc/GMT+3", round_the_clock)})
    assert type(plain.of("")) is not type(long_way.of(""))
    for calendar in plain, long_way:
        assert calendar.is_open(start)
        assert calendar.working_ms(start, start + length) == length
        assert calendar.after_hours(start, length) == start + length
        assert calendar.after_days(start, days) == start + days * DAY


WEEKDAYS = tuple((day * 1440 + 540, day * 1440 + 1080) for day in range(5))
OFFICE = Calendar({"": Hours("Europe/Berlin", WEEKDAYS)})
SATURDAYS = Calendar({"": Hours("Europe/Berlin", (*WEEKDAYS, (5 * 1440 + 540, 5 * 1440 + 780)))})
NIGHTS = Calendar({"": Hours("Europe/Berlin", tuple((day * 1440 + 1320, day * 1440 + 1800) for day in range(5)))})  # 22 to 6


@pytest.mark.parametrize(
    ("calendar", "start", "days", "due"),
    [
        (OFFICE, "2024-03-22 17:00", 1, "2024-03-25 17:00"),  # from a Friday
        (OFFICE, "2024-03-23 11:00", 1, "2024-03-26 09:00"),  # a Saturday waits for Monday 09:00
        (OFFICE, "2024-03-22 18:00", 1, "2024-03-26 09:00"),  # closing is the first instant outside
        (OFFICE, "2024-03-22 08:00", 5, "2024-03-29 09:00"),
        (OFFICE, "2024-03-23 11:00", 0, "2024-03-23 11:00"),
        (OFFICE, "2024-03-29 17:00", 1, "2024-04-01 17:00"),  # over the turn of the clocks
        (SATURDAYS, "2024-03-22 17:00", 1, "2024-03-23 13:00"),
        (SATURDAYS, "2024-03-23 12:00", 1, "2024-03-25 12:00"),
        (NIGHTS, "2024-03-23 03:00", 1, "2024-03-26 03:00"),  # still Friday's, and then Monday's
    ],
)
def test_a_working_day_later_is_the_same_time_within_hours(calendar: Calendar, start: str, days: int, due: str) -> None:
    assert calendar.after_days(ms(start, "Europe/Berlin"), days) == ms(due, "Europe/Berlin")


def test_hours_that_are_skipped_or_come_twice_count_as_they_pass() -> None:
    night = Calendar({"": Hours("Europe/Berlin", ((6 * 1440 + 60, 6 * 1440 + 240),))})  # Sunday 01:00 to 04:00
    assert night.working_ms(ms("2024-03-30T12:00Z"), ms("2024-03-31T12:00Z")) == 2 * HOUR
    assert night.working_ms(ms("2024-10-26T12:00Z"), ms("2024-10-27T12:00Z")) == 4 * HOUR


def test_a_region_without_hours_of_its_own_has_those_for_all() -> None:
    calendar = Calendar({"": Hours("UTC", WEEKDAYS), "DE": Hours("Europe/Berlin", WEEKDAYS)})
    seven = ms("2024-07-01T07:00Z")
    assert [calendar.is_open(seven, region) for region in ("", "BR", "DE")] == [False, False, True]


@given(worlds())
def test_a_calendar_travels_as_plain_json_and_comes_back_the_same(world: World) -> None:
    calendar = Calendar({"DE": world.hours, "": Hours("UTC", WEEKDAYS)})
    plain = calendar.to_plain()
    assert json.loads(json.dumps(plain)) == plain
    assert Calendar.from_plain(plain) == calendar
    assert json.dumps(Calendar.from_plain(plain).to_plain()) == json.dumps(plain)


GOOD = {"zone": "UTC", "open": [[540, 1080]], "holidays": [20240101]}


@pytest.mark.parametrize(
    "plain",
    [
        {},
        [],
        {"": {}},
        {"DE": GOOD},
        {"": GOOD | {"zone": "Mars/A"}},
        {"": GOOD | {"zone": "../../etc/passwd"}},
        {"": GOOD | {"open": []}},
        {"": GOOD | {"open": [[0, 60], [30, 90]]}},
        {"": GOOD | {"open": [[120, 180], [0, 60]]}},
        {"": GOOD | {"open": [[60, 60]]}},
        {"": GOOD | {"open": [[0, 60], [10_000, 10_100]]}},
        {"": GOOD | {"holidays": [20240230]}},
    ],
)
def test_what_is_no_calendar_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match=r"calendar|hours"):
        Calendar.from_plain(plain)


def test_less_than_no_working_time_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        OFFICE.after_hours(0, -1)
    with pytest.raises(ValueError, match="0 or more"):
        OFFICE.after_days(0, -1)
