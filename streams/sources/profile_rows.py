"""The rows of a table as events: their span and quiet days, doubles, ties in time, and the column that settles their order."""

from dataclasses import dataclass

from streams.sources.mapping import quoted
from streams.sources.profile_columns import READ, ROW, TABLE, Column, Run
from streams.sources.profile_roles import Roles
from streams.sources.profile_times import Time, instant

DAY_MS = 86_400_000
_IN_ORDER = 0.99  # of neighbours must go on in time for a column to be an order key


@dataclass(frozen=True)
class Span:
    """From the first to the last row, epoch ms.  A quiet day has no row; `weekend` of them are Saturdays and Sundays."""

    first_ms: int
    last_ms: int
    days: int
    quiet: int
    weekend: int
    longest_gap_ms: int
    gap_from_ms: int


@dataclass(frozen=True)
class Order:
    """What settles the order of rows that share case and time: a column, or None for the order of the file."""

    column: Column | None
    unique: bool  # no two rows of a case share its value
    settles: int  # so many of the tied rows


def moment(roles: Roles) -> str:
    """-> SQL of the time of a row, whole: where day and time of day stand apart, both."""
    if roles.time is None or roles.time.time is None:
        return "NULL"
    sql = roles.time.time.sql
    return sql if roles.clock is None else f"CAST({sql} AS DATE) + coalesce({quoted(roles.clock.name)}, TIME '00:00')"


def span_of(run: Run, time: Time, at: str) -> Span | None:
    """None where no row has a time."""
    if not time.parsed:
        return None
    ms = instant(at)
    rows = f"SELECT {ms} AS ms FROM {quoted(TABLE)} WHERE {ms} IS NOT NULL"
    gaps = f"SELECT ms, ms - lag(ms) OVER (ORDER BY ms) AS gap FROM ({rows})"
    ((first, last, gap, since),) = run(f"SELECT min(ms), max(ms), coalesce(max(gap), 0), arg_max(ms - gap, gap) FROM ({gaps})")
    ((busy, busy_weekend),) = run(
        f"SELECT count(*), count(*) FILTER (weekday >= 6) FROM (SELECT DISTINCT epoch_ms(ms)::DATE AS day, isodow(day) AS weekday "
        f"FROM ({rows}))"
    )
    day, last_day = first // DAY_MS, last // DAY_MS
    days = last_day - day + 1
    weekends = _weekends_until(last_day) - _weekends_until(day - 1)
    return Span(first, last, days, days - busy, weekends - busy_weekend, gap, first if since is None else since)


def _weekends_until(day: int) -> int:
    """Saturdays and Sundays up to a day since the epoch, which was a Thursday: day 2 is a Saturday."""
    weeks, rest = divmod(day - 2, 7)
    return 2 * weeks + min(2, rest + 1)


def exact_doubles(run: Run, columns: list[Column]) -> int:
    """-> rows that repeat an earlier row in every column."""
    names = ", ".join(quoted(column.name) for column in columns)
    return _repeated(run, f"{quoted(READ)} GROUP BY hash({names})")  # 64 bits: wide rows are too much for a key


def doubles_by(run: Run, *expressions: str) -> int:
    """-> rows that share all of these values with an earlier row; rows that lack one do not count."""
    there = " AND ".join(f"({each}) IS NOT NULL" for each in expressions)
    listed = ", ".join(f"({each})" for each in expressions)
    return _repeated(run, f"{quoted(TABLE)} WHERE {there} GROUP BY {listed}")


def _repeated(run: Run, grouped: str) -> int:
    ((repeated,),) = run(f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {grouped} HAVING n > 1)")
    return int(repeated)


def tied_rows(run: Run, case: str, at: str) -> int:
    """-> rows that share case and time with another row."""
    ((tied,),) = run(
        f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {quoted(TABLE)} WHERE {case} IS NOT NULL AND {at} IS NOT NULL "
        f"GROUP BY {case}, {at} HAVING n > 1)"
    )
    return int(tied)


def order_of(run: Run, columns: list[Column], roles: Roles, tied: int, doubles: int) -> Order:
    """The column that goes on with time inside a case and settles most ties; numbers written as text count as numbers."""
    if roles.case is None:
        return Order(None, unique=True, settles=tied)
    able = [
        column for column in columns
        if column.is_whole and column.time is None and column.name not in roles.taken() and column.known == column.rows
        and column.distinct > 1 and not column.personal
    ]  # fmt: skip
    case, at = quoted(roles.case.name), instant(moment(roles))
    found = [each for column in able if (each := _judged(run, column, case, at, tied, doubles))]
    best = max(found, key=_worth, default=None)
    return best or Order(None, unique=True, settles=tied)


def _worth(order: Order) -> tuple[int, bool, bool]:
    return order.settles, order.unique, order.column is not None and "order" in order.column.hints


def _judged(run: Run, column: Column, case: str, at: str, tied: int, doubles: int) -> Order | None:
    number = f"CAST({quoted(column.name)} AS BIGINT)"
    ((pairs, in_order, moved),) = run(
        "SELECT count(before), count(*) FILTER (before <= ms), count(*) FILTER (number > number_before) "
        f"FROM (SELECT {at} AS ms, {number} AS number, lag({at}) OVER sorted AS before, lag({number}) OVER sorted AS number_before "
        f"FROM {quoted(TABLE)} WHERE {case} IS NOT NULL AND {at} IS NOT NULL "
        f"WINDOW sorted AS (PARTITION BY {case} ORDER BY {number}, {quoted(ROW)}))"
    )
    if not pairs or in_order < _IN_ORDER * pairs or moved < pairs / 2:
        return None
    unsettled = max(0, doubles_by(run, case, at, number) - doubles)
    unique = doubles_by(run, case, number) <= doubles
    return Order(column, unique, max(0, tied - 2 * unsettled)) if not tied or unsettled < tied / 4 else None
