"""What the columns of a table are good for: the case, the person, what happened, when, by whom; from their names and values."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from streams.sources.mapping import quoted
from streams.sources.profile_columns import ROW, TABLE, Column, Run
from streams.sources.wording import words

Form = Literal["events", "wide", "no time"]
_MOST_ACTIONS = 200
_LEAST_CASE, _LEAST_ACTION = 1.5, 1.0  # scores below mean: none
_TRIED = 6  # candidates that are looked at closely


@dataclass(frozen=True)
class Roles:
    """Columns by what they are good for.  `events`: one row an event; `wide`: one row a case with several times."""

    form: Form
    time: Column | None
    clock: Column | None  # the time of day, where `time` is only the day
    case: Column | None
    person: Column | None
    action: Column | None
    agent: Column | None
    team: Column | None
    channel: Column | None
    region: Column | None
    steps: tuple[Column, ...] = ()  # of a wide table: the times at which something happened
    dues: tuple[Column, ...] = ()  # times that were promised or expected

    def taken(self) -> set[str]:
        named = (self.time, self.clock, self.case, self.person, self.action, self.agent, self.team, self.channel, self.region)
        return {column.name for column in (*named, *self.steps) if column}


class Within:
    """How a column varies inside the cases, and where time is known, in which order."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def values_per(self, group: Column, column: Column) -> float:
        """-> the mean number of different values of a column inside a group; groups of one row do not count."""
        key, value = quoted(group.name), quoted(column.name)
        ((mean,),) = self._run(
            f"SELECT avg(n) FROM (SELECT {key} AS k, count(DISTINCT {value}) AS n FROM {quoted(TABLE)} "
            f"WHERE {key} IS NOT NULL GROUP BY k HAVING count(*) > 1 AND n > 0)"
        )
        return float(mean or 0)

    def lifetime(self, group: Column, time: Column) -> float:
        """-> the mean time between the first and the last row of a value, as a share of the whole."""
        key, at = quoted(group.name), time.ms_sql
        ((share,),) = self._run(
            f"SELECT avg(life) / nullif(max(latest) - min(earliest), 0) FROM (SELECT {key} AS k, min({at}) AS earliest, "
            f"max({at}) AS latest, latest - earliest AS life FROM {quoted(TABLE)} WHERE {key} IS NOT NULL GROUP BY k)"
        )
        return float(share or 0)

    def first_share(self, group: Column, column: Column, time: Column) -> float:
        """-> the share of the groups that begin with the most frequent first value."""
        key, value, at = quoted(group.name), quoted(column.name), time.ms_sql
        ((share,),) = self._run(
            "SELECT max(n) / sum(n) FROM (SELECT first, count(*) AS n "
            f"FROM (SELECT arg_min({value}, ({at}, {quoted(ROW)})) AS first FROM {quoted(TABLE)} "
            f"WHERE {key} IS NOT NULL GROUP BY {key}) GROUP BY first)"
        )
        return float(share or 0)


def find_roles(run: Run, columns: list[Column]) -> Roles:
    """Never fails for want of a column: what is not found is None."""
    within = Within(run)
    times = [column for column in columns if column.time and "personal" not in column.hints]
    tentative = _best(times, _time_score, -100)
    case = _case(within, columns, tentative)
    happened = [column for column in times if "due" not in column.hints]
    wide = case is not None and case.known < 1.15 * case.distinct and len(happened) > 1
    time = _time(within, happened or times, case)
    free = [column for column in columns if column.is_key_like and column is not case]
    action = None if wide else _action(within, free, case, time)
    free = [column for column in free if column is not action]
    person = _person(within, free, case)
    free = [column for column in free if column is not person and not column.personal]
    told: dict[str, Column | None] = {}
    for role in ("agent", "team", "channel", "region"):
        told[role] = _best(free, _named(role), 0)
        free = [column for column in free if column is not told[role]]
    clock = next((column for column in columns if column.is_clock), None) if time and time.time and time.time.date_only else None
    form: Form = "no time" if time is None else "wide" if wide else "events"
    dues = tuple(column for column in times if "due" in column.hints and column is not time)
    steps = tuple(happened) if wide else ()
    return Roles(form, time, clock, case, person, action, **told, steps=steps, dues=dues)


def _best(columns: list[Column], score: Callable[[Column], float], least: float) -> Column | None:
    ranked = sorted(((score(column), -place, column) for place, column in enumerate(columns)), key=lambda each: each[:2])
    return ranked[-1][2] if ranked and ranked[-1][0] > least else None


def _time_score(column: Column) -> float:
    parsed = (column.time.parsed if column.time else 0) / max(1, column.rows)
    return 2 * parsed + column.distinct / max(1, column.rows) + ("time" in column.hints) - 3 * ("due" in column.hints)


def _time(within: Within, times: list[Column], case: Column | None) -> Column | None:
    """The time that moves on inside a case."""
    if case is None:
        return _best(times, _time_score, -100)
    close = sorted(times, key=_time_score)[-_TRIED:]
    return _best(close, lambda column: _time_score(column) + 2 * (within.values_per(case, column) > 1.1), -100)


def _case(within: Within, columns: list[Column], time: Column | None) -> Column | None:
    able = [column for column in columns if column.is_key_like and column.distinct > 1 and "contact" not in column.hints]
    close = sorted(able, key=_case_score)[-_TRIED:]
    return _best(close, lambda c: _case_score(c) + (1 - within.lifetime(c, time) if time else 0), _LEAST_CASE) or _only(columns)


def _only(columns: list[Column]) -> Column | None:
    """Of very small files: a column that is named like a case, however few values it has."""
    return next((c for c in columns if c.is_key_like and {"case", "key"} <= c.hints and c.known == c.rows), None)


def _case_score(column: Column) -> float:
    rows_each, hinted = column.known / column.distinct, column.hints
    score = 3.0 * ("case" in hinted) + 1.5 * ("key" in hinted) + 3 * sqrt(column.distinct / column.known)
    score += 1 if 1.5 <= rows_each <= 100 else -4 if rows_each == 1 else -1 if rows_each < 1.15 else 0
    score -= 2.5 * ("person" in hinted) + 4 * bool(hinted & {"action", "state", "agent", "team", "channel", "region", "personal"})
    score -= 3.0 * ("order" in hinted) + 2 * (column.known < 0.5 * column.rows)
    return score - 2 * (column.kind == "VARCHAR" and not column.is_whole and not hinted & {"case", "key"})


def _action(within: Within, columns: list[Column], case: Column | None, time: Column | None) -> Column | None:
    able = [c for c in columns if 1 < c.distinct <= min(_MOST_ACTIONS, max(2, c.known // 2)) or "action" in c.hints]
    close = sorted([c for c in able if _action_hint(c) > -2], key=_action_hint)[-2 * _TRIED :]

    def score(column: Column) -> float:
        if case is None:
            return _action_hint(column)
        several = within.values_per(case, column)
        moves = 2 * min(1.0, several - 1) if several > 1 else -2.5
        return _action_hint(column) + moves + (within.first_share(case, column, time) if time else 0)

    return _best(close, score, _LEAST_ACTION)


def _action_hint(column: Column) -> float:
    """What a name says; whoever hides what happened in numbers or in people's names is not believed."""
    score = 3.0 * ("action" in column.hints) + 2.5 * ("state" in column.hints)
    score -= 3 * bool(column.hints & {"agent", "team", "region", "channel", "personal", "contact", "order", "person"})
    score -= 2 * ("key" in column.hints) + (1.5 if column.hints & {"action", "state"} else 4) * column.is_whole
    return score + (column.known == column.rows) * 0.5


def _person(within: Within, columns: list[Column], case: Column | None) -> Column | None:
    """Only where the name promises a person: to link two people who are not one is worse than to link none."""

    def score(column: Column) -> float:
        if not column.hints & {"person", "contact"} or column.hints & {"agent", "team"} or column.distinct < 2:
            return -1
        if case is not None and (column.distinct < max(2, case.distinct // 50) or within.values_per(case, column) > 1.2):
            return -1
        return 1 + ("key" in column.hints) + ("person" in column.hints) + column.known / max(1, column.rows)

    return _best(columns, score, 0)


def _named(role: str) -> Callable[[Column], float]:
    def score(column: Column) -> float:
        if role not in column.hints or column.known == 0 or ("key" in column.hints and role in ("channel", "region")):
            return -1
        return column.known / max(1, column.rows) + (column.distinct > 1) + ("by" not in words(column.name))

    return score
