"""Writes the set of the tutorial: what the computer of a town's parcel lockers exports, with the troubles that exports have.

    python docs/tutorial/lockers.py lockers.csv

The same bytes each time.  Semicolons and Latin-1, as spreadsheets write them; lockers stamp local days-first times, the app stamps
UTC in ISO 8601; some rows come twice; recipients who did not register are `?`.
"""

import csv
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

SEED, PARCELS, PEOPLE, TWICE = 20, 150, 60, 6
BERLIN = ZoneInfo("Europe/Berlin")
OPENING = datetime(2025, 3, 3, 7, tzinfo=BERLIN)
LAST = datetime(2025, 4, 14, 20, tzinfo=BERLIN)  # the export was made then
LOCKERS = ("Münsterplatz", "Bahnhof Süd", "Hafen", "Universität")
HEADER = ("Entry", "Parcel", "When", "Status", "Locker", "Courier", "Recipient", "E-mail")
Row = tuple[datetime, str, str, str, str, str, str]


def parcels(draw: Random) -> list[Row]:
    """(when, parcel, status, locker, courier, recipient, e-mail) of every event, in the order of the parcels."""
    return [row for number in range(PARCELS) for row in one(draw, f"P{40_213 + 7 * number}")]


def one(draw: Random, parcel: str) -> list[Row]:
    who = draw.randrange(PEOPLE) if draw.random() < 0.9 else None
    person = ("?", "") if who is None else (f"R{700 + who}", f"reader{who}@example.org")
    place = (draw.choice(LOCKERS), f"C{draw.randrange(1, 6)}")
    announced = OPENING + timedelta(days=draw.randrange(36), minutes=draw.randrange(600))
    steps = [(announced, "announced")]
    delivered = working(announced + timedelta(hours=draw.uniform(14, 40)))
    steps.append((delivered, "delivered to locker"))
    waits_h = draw.lognormvariate(2.9, 1.0)
    if draw.random() < 0.12:  # the locker says so in the same minute
        steps.append((delivered, "code sent again"))
    if waits_h > 48:
        steps.append((delivered + timedelta(hours=48), "reminder sent"))
    ends = (delivered + timedelta(hours=waits_h), "collected")
    steps.append(ends if waits_h < 168 else (working(delivered + timedelta(hours=170)), "returned to sender"))
    return [(when.replace(second=0, microsecond=0), parcel, status, *place, *person) for when, status in steps if when <= LAST]


def working(when: datetime) -> datetime:
    """Couriers rest on Sundays."""
    return when + timedelta(days=1) if when.weekday() == 6 else when


def written(when: datetime, status: str) -> str:
    """The app writes UTC, the lockers what their clock on the wall shows."""
    if status in ("announced", "reminder sent"):
        return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return when.strftime("%d.%m.%Y %H:%M")


def rows() -> list[tuple[str, ...]]:
    draw = Random(SEED)  # noqa: S311 - a made-up town needs no cryptography
    found = sorted(parcels(draw), key=lambda row: row[0])
    told = [(str(entry), row[1], written(row[0], row[2]), *row[2:]) for entry, row in enumerate(found, 9_001)]
    for place in sorted((draw.randrange(len(told)) for _ in range(TWICE)), reverse=True):
        told.insert(place, told[place])
    return told


def main(path: Path) -> None:
    with open(path, "w", encoding="latin-1", newline="") as file:
        table = csv.writer(file, delimiter=";", lineterminator="\n")
        table.writerow(HEADER)
        table.writerows(rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
