"""Which columns are times, and how they read: times, ISO 8601, texts in the formats of spreadsheets, epoch numbers."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from streams.sources.mapping import literal, quoted
from streams.sources.wording import hints

if TYPE_CHECKING:
    from streams.sources.profile_columns import Column

Run = Callable[[str], list[tuple[Any, ...]]]
ISO = "ISO 8601"
_DATES = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%y", "%d/%m/%y",
    "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
_CLOCKS = (" %H:%M", " %H:%M:%S", "", "%H%M%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", "T%H:%M:%S")
FORMATS = tuple(date + clock for clock, date in product(_CLOCKS, _DATES))
_EPOCHS = {"epoch s": 1, "epoch ms": 1_000, "epoch us": 1_000_000}
_FROM_S, _TO_S = 315_532_800, 2_208_988_800  # 1980 to 2040
_LIKE_A_DATE = r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{2,4}|[0-9]{8}|[0-9]{1,2}[ -][A-Za-z]{3}|[A-Za-z]{3,9} [0-9]{1,2},"
_MARKS = re.compile(r"%.|[A-Za-z0-9]")  # what is left are the marks between: a format reads only what has the same
_SAMPLE = 1_000
_ROUNDS = 4  # most formats in one column
_ENOUGH = 0.8  # of the values must read


@dataclass(frozen=True)
class Time:
    """How a column reads as a time.  `parsed` of the column's values do, as UTC."""

    how: tuple[str, ...]  # `time`, ISO, a format of strptime, or `epoch s`, `epoch ms`, `epoch us`
    sql: str  # TIMESTAMP, TIMESTAMPTZ or DATE; NULL where a value does not read
    parsed: int
    date_only: bool = False
    ambiguous: str = ""  # the other format that reads all of it as well, with day and month exchanged


def instant(sql: str) -> str:
    """-> epoch ms of what `Time.sql` gives."""
    return f"epoch_ms(CAST({sql} AS TIMESTAMPTZ))"


def read_time(run: Run, column: "Column", table: str, written: str) -> tuple[Time | None, dict[str, int]]:
    """-> the time that a column is, if it is one, and what was tried on a column whose name promises one."""
    name = quoted(column.name)
    if column.kind == "DATE" or column.kind.startswith("TIMESTAMP"):
        return _typed(run, column, table, written), {}
    if column.is_text or column.is_whole:
        text = f"trim(CAST({name} AS VARCHAR))"
        if column.is_whole and (epoch := _epoch(run, column, table)):
            return epoch, {}
        if not column.is_whole or _as_long_as_a_day(run, table, text):
            return _text(run, column, table, text)
    return None, {}


def _as_long_as_a_day(run: Run, table: str, text: str) -> bool:
    """Whole numbers could be written days (20260324) and moments; numbers of other lengths are not tried."""
    ((strangers,),) = run(f"SELECT count(*) FROM {quoted(table)} WHERE {text} <> '' AND length({text}) NOT IN (8, 12, 14)")
    return bool(strangers == 0)


def _typed(run: Run, column: "Column", table: str, written: str) -> Time:
    name = quoted(column.name)
    sql = f"CASE WHEN isfinite({name}) THEN {name} END"
    ((finite, midnight),) = run(
        f"SELECT count({sql}), count(*) FILTER (CAST({name} AS TIMESTAMP) = date_trunc('day', CAST({name} AS TIMESTAMP))) "
        f"FROM {quoted(table)} WHERE isfinite({name})"
    )
    other = _other_reading(run, column, written) if written else ""
    return Time(("time",), name if finite == column.filled else sql, finite, finite == midnight, other)


def _other_reading(run: Run, column: "Column", written: str) -> str:
    """DuckDB reads the day first where it can: the format that reads the written text as well, month first."""
    text = f"trim({quoted(column.name)})"
    for day_first in ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y"):
        for clock in ("", " %H:%M:%S", " %I:%M:%S %p"):
            both = [f"count(try_strptime({text}, {literal(each + clock)}))" for each in (day_first, exchanged(day_first))]
            ((first, second),) = run(f"SELECT {', '.join(both)} FROM {quoted(written)}")
            if first == second == column.filled:
                return exchanged(day_first) + clock
    return ""


def exchanged(form: str) -> str:
    """The same format with day and month in each other's place."""
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def _epoch(run: Run, column: "Column", table: str) -> Time | None:
    number = f"TRY_CAST({quoted(column.name)} AS BIGINT)"
    ((least, most),) = run(f"SELECT min({number}), max({number}) FROM {quoted(table)}")
    for how, per_s in _EPOCHS.items():
        if _FROM_S * per_s <= least and most <= _TO_S * per_s and (per_s > 1 or "time" in hints(column.name)):
            return Time((how,), f"make_timestamp({number} * {1_000_000 // per_s})", column.known)
    return None


def _text(run: Run, column: "Column", table: str, text: str) -> tuple[Time | None, dict[str, int]]:
    told = bool(hints(column.name) & {"time", "due"})
    chosen: list[str] = []
    tried: dict[str, int] = {}
    while len(chosen) < _ROUNDS:
        size, reads = _tries(run, table, text, _left(text, chosen))
        tried = tried or {form: number for form, number in sorted(reads.items(), key=lambda each: -each[1]) if number}
        best = max(reads, key=lambda form: reads[form], default="")
        if not size or not reads or reads[best] < (1 if chosen else max(1, size // 5)):
            break
        chosen.append(best)
    if not chosen:
        return None, dict.fromkeys((ISO, *FORMATS[:4]), 0) if told else {}
    return _chosen(run, column, table, text, chosen, tried if told else {})


def _left(text: str, chosen: list[str]) -> str:
    return " AND ".join(f"{reading(text, [form])} IS NULL" for form in chosen) or "true"


def _tries(run: Run, table: str, text: str, left: str) -> tuple[int, dict[str, int]]:
    """-> how many values were tried, and how many of them each format reads."""
    sample = (
        f"SELECT DISTINCT v FROM (SELECT {text} AS v FROM {quoted(table)} "
        f"WHERE regexp_matches({text}, {literal(_LIKE_A_DATE)}) AND {left} LIMIT {_SAMPLE})"
    )
    marks = {_MARKS.sub("", value) for (value,) in run(sample)}
    if not marks:
        return 0, {}
    forms = (ISO, *(form for form in FORMATS if _MARKS.sub("", form) in marks))
    counts = ", ".join(f"count({reading('v', [form])})" for form in forms)
    ((size, *reads),) = run(f"SELECT count(*), {counts} FROM ({sample})")
    return size, {form: number for form, number in zip(forms, reads, strict=True) if number}


def reading(text: str, forms: Sequence[str]) -> str:
    """-> SQL that reads a text by the first of the formats that fits; NULL beyond the years 1900 to 2100."""
    one = plain_reading(text, forms)
    return f"CASE WHEN year({one}) BETWEEN 1900 AND 2100 THEN {one} END"


def plain_reading(text: str, forms: Sequence[str]) -> str:
    """The same with any year, for a person to read."""
    listed = [literal(form) for form in forms if form != ISO]
    parts = [f"TRY_CAST({text} AS TIMESTAMPTZ)"] if ISO in forms else []
    if listed:
        formats = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
        parsed = f"try_strptime({text}, {formats})"
        parts.append(f"CAST({parsed} AS TIMESTAMPTZ)" if parts else parsed)
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _chosen(
    run: Run, column: "Column", table: str, text: str, chosen: list[str], tried: dict[str, int]
) -> tuple[Time | None, dict[str, int]]:
    other = _swapped(run, table, text, chosen)
    sql = reading(text, chosen)
    ((parsed, midnight),) = run(
        f"SELECT count({sql}), count(*) FILTER (CAST({sql} AS TIMESTAMP) = date_trunc('day', CAST({sql} AS TIMESTAMP))) "
        f"FROM {quoted(table)}"
    )
    if parsed < _ENOUGH * column.known or (column.is_whole and column.distinct < 2):
        return None, tried
    return Time(tuple(chosen), sql, parsed, parsed == midnight, other), tried


def _swapped(run: Run, table: str, text: str, chosen: list[str]) -> str:
    """The other reading where day and month cannot be told apart.  What spans less time goes into `chosen`: logs have no holes."""
    form = chosen[0]
    if "%d" not in form or "%m" not in form or form.startswith(("%Y", "%d.")):
        return ""
    pair = [form, exchanged(form)]
    spans = ", ".join(
        f"count({reading(text, [each])}), max({instant(reading(text, [each]))}) - min({instant(reading(text, [each]))})"
        for each in pair
    )
    ((reads, span, other_reads, other_span),) = run(f"SELECT {spans} FROM {quoted(table)} WHERE {_left(text, chosen[1:])}")
    if other_reads < reads:
        return ""
    if other_span < span:
        chosen[0] = pair[1]
        return pair[0]
    return pair[1]
