"""Holidays to dates: of a country, of one of its subdivisions, or written out."""

from collections.abc import Callable
from datetime import date
from difflib import get_close_matches

from streams.core.definition.document import Place
from streams.core.definition.problems import meant

YEARS = range(2000, 2051)
EARLIEST, LATEST = date(1900, 1, 1), date(2299, 12, 30)  # what the tables can hold
KEYS = ("also", "country", "not")
Complain = Callable[[Place, str], None]
EXPECTED = "a country like `BR`, a subdivision like `DE-BY`, a list of dates, or {country: BR, also: [dates], not: [dates]}"


def free_days(value: object, place: Place, complain: Complain) -> tuple[int, ...]:
    """Sorted dates as YYYYMMDD; those of a country for the years 2000 to 2050.  What is wrong is complained of with its place."""
    if isinstance(value, str):
        return tuple(sorted(_of_country(value, place, complain)))
    if isinstance(value, list):
        return tuple(sorted(_dates(value, place, complain)))
    if isinstance(value, dict):
        return tuple(sorted(_mixed(value, place, complain)))
    complain(place, f"expected {EXPECTED}, got `{value}`")
    return ()


def _mixed(value: dict[str, object], place: Place, complain: Complain) -> set[int]:
    unknown = value.keys() - set(KEYS)
    for key in unknown:
        complain((*place, key), f"unknown key `{key}`{meant(key, KEYS)}")
    country = value.get("country", "")
    days: set[int] = set()
    if "country" in value and isinstance(country, str):
        days = _of_country(country, (*place, "country"), complain)
    elif "country" in value:
        complain((*place, "country"), f"expected a country like `BR` or a subdivision like `DE-BY`, got `{country}`")
    elif "also" not in value and not unknown:
        complain(place, f"expected {EXPECTED}")
    also, excepted = (_dates(value.get(key, []), (*place, key), complain) for key in ("also", "not"))
    days |= also
    if days and (idle := sorted(excepted - days)):
        complain((*place, "not"), f"{_iso(idle[0])} is no holiday here, so there is nothing to leave out")
    return days - excepted


def _dates(value: object, place: Place, complain: Complain) -> set[int]:
    if not isinstance(value, list):
        complain(place, f"expected a list of dates like [2024-12-24], got `{value}`")
        return set()
    days = set()
    for index, text in enumerate(value):
        try:
            day = date.fromisoformat(text)
        except (TypeError, ValueError):
            complain((*place, index), f"expected a date like 2024-12-24, got `{text}`")
            continue
        if EARLIEST <= day <= LATEST:
            days.add(_number(day))
        else:
            complain((*place, index), f"expected a date of the years 1900 to 2299, got `{text}`")
    return days


def _of_country(code: str, place: Place, complain: Complain) -> set[int]:
    # Not at the top: a worker reads dates from the bundle, and never needs the rules of all countries.
    import holidays

    country, _, subdivision = code.partition("-")
    countries = holidays.list_supported_countries()
    if country not in countries:
        close = get_close_matches(country.upper(), countries, n=1, cutoff=0.6)
        hint = f"; did you mean `{close[0]}`?" if close else ": expected one like `BR`, or a subdivision like `DE-BY`"
        complain(place, f"no country with known holidays is called `{country}`{hint}")
        return set()
    if subdivision and subdivision not in countries[country]:
        complain(place, f"`{country}` has no subdivision `{country}-{subdivision}`{meant(subdivision, countries[country])}")
        return set()
    return {_number(day) for day in holidays.country_holidays(country, subdiv=subdivision or None, years=YEARS)}


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _iso(number: int) -> str:
    return f"{number // 10_000:04}-{number // 100 % 100:02}-{number % 100:02}"
