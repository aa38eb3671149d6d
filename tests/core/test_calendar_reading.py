"""Calendars in YAML: what they mean, and what is wrong with them, all of it at once with line and remedy."""

from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

import streams.definitions
from streams.core.calendar import Calendar
from streams.core.calendar.read import load_calendars
from streams.core.definition import DefinitionError

SHIPPED = Path(streams.definitions.__file__).with_name("calendars.yaml")
NINE_TO_SIX = tuple((day * 1440 + 540, day * 1440 + 1080) for day in range(5))


def one(body: str) -> Calendar:
    return load_calendars("calendars:\n  care: " + body, "c.yaml")["care"]


def problems(body: str) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        load_calendars(body, "c.yaml")
    return [str(problem).removeprefix("c.yaml:") for problem in raised.value.problems]


def test_those_that_ship_are_read() -> None:
    calendars = load_calendars(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)
    assert sorted(calendars) == ["always", "care"]
    assert calendars["always"].after_hours(5, 7) == 12
    care = calendars["care"].hours[""]
    assert care.open == (*NINE_TO_SIX, (5 * 1440 + 540, 5 * 1440 + 780))
    assert {20000101, 20241225, 20501225} <= set(care.holidays)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ('{mon-fri: "09:00-18:00"}', NINE_TO_SIX),
        ('{wed: ["13:00-18:00", "09:00-12:00"]}', ((3420, 3600), (3660, 3960))),
        ('{sun-mon: "08:00-09:00"}', ((480, 540), (9120, 9180))),
        ('{sun: "22:00-06:00"}', ((9960, 10440),)),
        ('{tue: "00:00-24:00"}', ((1440, 2880),)),
        ('{mon: "06:00-07:00", sun: "22:00-06:00"}', ((360, 420), (9960, 10440))),
    ],
)
def test_hours_are_minutes_of_the_week(hours: str, expected: object) -> None:
    assert one(f"{{zone: UTC, hours: {hours}}}").hours[""].open == expected


@pytest.mark.parametrize(
    ("holidays", "free", "not_free"),
    [
        ("BR", [20240907], [20240104]),
        ("DE-BY", [20240106, 20241003], [20240907]),
        ("DE", [20241003], [20240106]),
        ("[2024-12-24, 2024-12-24]", [20241224], [20241225]),
        ("[]", [], [20241225]),
        ("{country: BR, also: [2024-12-24], not: [2024-09-07]}", [20241224, 20241225], [20240907]),
        ("{also: [2024-12-24]}", [20241224], [20241225]),
        ("NO", [20240517], [20240907]),
    ],
)
def test_holidays_are_dates(holidays: str, free: list[int], not_free: list[int]) -> None:
    found = one(f'{{zone: UTC, hours: {{mon: "09:00-18:00"}}, holidays: {holidays}}}').hours[""].holidays
    assert set(free) <= set(found)
    assert not set(not_free) & set(found)
    assert list(found) == sorted(set(found))


def test_a_region_inherits_what_it_does_not_say() -> None:
    regions = '{DE: {zone: Europe/Berlin, holidays: DE-BY}, PT: {hours: {sat: "09:00-10:00"}}}'
    hours = one(f'{{zone: UTC, hours: {{mon-fri: "09:00-18:00"}}, holidays: BR, regions: {regions}}}').hours
    assert list(hours) == ["", "DE", "PT"]
    assert (hours["DE"].zone, hours["DE"].open) == ("Europe/Berlin", NINE_TO_SIX)
    assert 20240106 in hours["DE"].holidays
    assert (hours["PT"].zone, hours["PT"].open, hours["PT"].holidays) == ("UTC", ((7740, 7800),), hours[""].holidays)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("zone: Europe/Berlim", "2: calendars.care.zone: no time zone is called `Europe/Berlim`; did you mean `Europe/Berlin`?"),
        ("zone: 3", "no time zone is called `3`: expected a name like `Europe/Berlin` or `UTC`"),
        ("hours: {}", "2: calendars.care.hours: expected hours by weekday like"),
        ('hours: "09:00-18:00"', "2: calendars.care.hours: expected hours by weekday like"),
        ('hours: {monday: "09:00-18:00"}', "calendars.care.hours.monday: no weekday is called `monday`; did you mean `mon`?"),
        ('hours: {mon-fry: "09:00-18:00"}', "no weekday is called `fry`; did you mean `fri`?"),
        ('hours: {mon-tue-wed: "09:00-18:00"}', "expected a weekday or a range of two like `mon-fri`"),
        ('hours: {mon-fri: "09:00-18:00", wed: "09:00-12:00"}', "hours.wed: `wed` is there twice: `mon-fri` has it as well"),
        ('hours: {mon: "9-18"}', 'hours.mon: expected hours like "09:00-18:00", got `9-18`'),
        ("hours: {mon: 9}", 'hours.mon: expected hours like "09:00-18:00", got `9`'),
        ("hours: {mon: []}", "leave out a day without hours"),
        ('hours: {mon: "09:00-24:01"}', "`09:00-24:01` has a time that no clock shows"),
        ('hours: {mon: "24:00-01:00"}', "`24:00-01:00` has a time that no clock shows"),
        ('hours: {mon: "09:60-10:00"}', "`09:60-10:00` has a time that no clock shows"),
        ('hours: {mon: "09:00-09:00"}', '`09:00-09:00` is empty: the whole day is "00:00-24:00"'),
        ('hours: {mon: ["09:00-12:00", "11:00-13:00"]}', "mon 11:00-13:00 overlaps mon 09:00-12:00"),
        ('hours: {mon: "22:00-06:00", tue: "05:00-07:00"}', "hours.tue: tue 05:00-07:00 overlaps mon 22:00-06:00"),
        ('hours: {sun: "22:00-06:00", mon: "05:00-07:00"}', "hours.mon: mon 05:00-07:00 overlaps sun 22:00-06:00"),
        ("holidays: BRA1", "2: calendars.care.holidays: no country with known holidays is called `BRA1`"),
        ("holidays: br", "did you mean `BR`?"),
        ("holidays: DE-BX", "`DE` has no subdivision `DE-BX`"),
        ("holidays: 3", "holidays: expected a country like `BR`, a subdivision like `DE-BY`, a list of dates, or"),
        ("holidays: {}", "holidays: expected a country like `BR`"),
        ("holidays: {contry: BR}", "unknown key `contry`; did you mean `country`?"),
        ("holidays: {country: [BR]}", "holidays.country: expected a country like `BR`"),
        ("holidays: [2024-02-30]", "holidays.0: expected a date like 2024-12-24, got `2024-02-30`"),
        ("holidays: [2024]", "holidays.0: expected a date like 2024-12-24, got `2024`"),
        ("holidays: [0900-01-01]", "expected a date of the years 1900 to 2299"),
        ("holidays: {country: BR, not: [2024-03-04]}", "holidays.not: 2024-03-04 is no holiday here"),
        ("holiday: BR", "2: calendars.care.holiday: unknown key `holiday`; did you mean `holidays`?"),
        ("regions: [DE]", "calendars.care.regions: expected a mapping"),
        ("regions: {DE: {}}", "calendars.care.regions.DE: nothing is different here"),
        ("regions: {DE: {zone: Mars/A}}", "calendars.care.regions.DE.zone: no time zone is called `Mars/A`"),
        ("regions: {DE: {regions: {}}}", "unknown key `regions`"),
    ],
)
def test_what_is_wrong_is_said_with_place_and_remedy(body: str, expected: str) -> None:
    key = body.partition(":")[0]
    rest = {"zone": "zone: UTC", "hours": 'hours: {mon: "09:00-18:00"}'}
    given = ", ".join([body, *(each for name, each in rest.items() if name != key)])
    (said,) = problems(f"calendars:\n  care: {{{given}}}")
    assert expected in said


def test_everything_is_said_at_once() -> None:
    said = problems(
        dedent(
            """
            calendars:
              Care: {hours: {mon: nine}}
              shop:
                zone: Europe/Berlin
                hours: {mon: "09:00-10:00", tu: "09:00-10:00"}
                holidays: XX
              none: 3
            calendar: {}
            """
        ).strip()
    )
    assert [each.partition(": ")[0] for each in said] == ["2", "2", "2", "5", "6", "7", "8"]


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_is_told_how_to_begin(text: str) -> None:
    assert problems(text) == ["1: the file is empty: expected calendars beginning with `calendars:`"]


def test_a_file_without_calendars_is_told_what_is_missing() -> None:
    assert problems("calender: {}") == [
        "1: `calendars` is missing",
        "1: calender: unknown key `calender`; did you mean `calendars`?",
    ]


def test_a_calendar_in_which_nobody_works_for_years_is_refused() -> None:
    mondays = [str(date.fromordinal(date(2024, 1, 1).toordinal() + 7 * week)) for week in range(57)]
    calendar = '  care: {zone: UTC, hours: {mon: "09:00-18:00"}, holidays: [%s]}'
    assert load_calendars("calendars:\n" + calendar % ", ".join(mondays[:-1]), "c.yaml")
    (said,) = problems("calendars:\n" + calendar % ", ".join(mondays))
    assert said == "2: calendars.care.holidays: nobody works for 406 days on end; expected hours at least every 400 days"
