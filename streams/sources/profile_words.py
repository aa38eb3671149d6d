"""A profile in words: what each column looks like, what is worth knowing, what to do about it."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from streams.sources.profile_columns import Column
from streams.sources.profile_roles import Roles
from streams.sources.profile_rows import Span
from streams.sources.profile_times import FORMATS, ISO

if TYPE_CHECKING:
    from streams.sources.profile import Profile

_ROLES = ("time", "clock", "case", "person", "action", "agent", "team", "channel", "region")
_CALLED = {"time": "time", "clock": "time of day", "case": "case", "person": "person", "action": "what happened"}


_BLANKS = re.compile(r"\S {2,}\S|\S+ +\S+ +\S+")  # columns that are kept apart by blanks


def looks_like(column: Column, profile: "Profile") -> str:
    """A word or two for the table of columns."""
    roles = profile.roles
    for role in _ROLES:
        if getattr(roles, role) is column:
            if role == "case" and column.is_person:
                return "person"
            return _CALLED.get(role, role) if role != "time" or roles.form != "wide" else "time, a step"
    if column.time is not None:
        return "time, a step" if column in roles.steps else "time, promised" if column in roles.dues else "time"
    if column.known == 0:
        return "empty"
    if profile.order and profile.order.column is column:
        return "order"
    if column.distinct == 1:
        return "always the same"
    if column is profile.event_key and column.rows > 1:
        return "different in every row"
    return "personal" if column.personal else "number" if column.number else ""


def how(column: Column) -> str:
    """How a time is written."""
    return "" if column.time is None or column.time.how == ("time",) else " or ".join(column.time.how)


def roles_as_json(roles: Roles) -> dict[str, Any]:
    named = {role: column.name if (column := getattr(roles, role)) else None for role in _ROLES}
    return {**named, "steps": [column.name for column in roles.steps], "dues": [column.name for column in roles.dues]}


def span_as_json(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {
        "first": iso(span.first_ms), "last": iso(span.last_ms), "days": span.days, "quiet_days": span.quiet,
        "quiet_weekend_days": span.weekend, "longest_gap_h": round(span.longest_gap_ms / 3_600_000, 1),
        "longest_gap_from": iso(span.gap_from_ms),
    }  # fmt: skip


def iso(ms: int) -> str:
    try:
        return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{ms} ms since 1970"


def findings(profile: "Profile") -> list[str]:
    """What is worth knowing, the most important first."""
    if not profile.rows:
        return ["the file has no rows: only a header, or nothing at all"]
    said = [*_torn(profile), *_no_time(profile), *_times(profile), *_rows(profile), *_span(profile.span)]
    said += _placeholders(profile)
    empty = [column.name for column in profile.columns if not column.known]
    if empty:
        said.append(f"{len(empty)} columns without any value: {', '.join(empty[:8])}{', …' if len(empty) > 8 else ''}")
    return said


def _torn(profile: "Profile") -> list[str]:
    if len(profile.columns) > 1:
        return []
    if _BLANKS.search(profile.columns[0].name):
        return ["one column, with blanks in its name: split it in the mapping, regexp_split_to_array(trim(column), '\\s+')"]
    if not any(mark in profile.columns[0].name for mark in ";,|\t"):
        return []
    return ["the header holds separators, and was not split: rows of different lengths, or a quotation mark that is never closed"]


def _placeholders(profile: "Profile") -> list[str]:
    with_them = [column for column in profile.columns if column.placeholders]
    if not with_them:
        return []
    values = sorted({value for column in with_them for value in column.placeholder_values})
    named = ", ".join(f"{column.name} ({column.placeholders:,})" for column in with_them[:8])
    return [f"{' '.join(values)} stand for no value, in {named}{', …' if len(with_them) > 8 else ''}"]


def _no_time(profile: "Profile") -> list[str]:
    if profile.roles.form != "no time":
        return []
    tried = [c for c in profile.columns if c.tried and "personal" not in c.hints]
    said = [f"no column reads as a time: tried times, {ISO}, {len(FORMATS)} written formats and epoch s, ms, us on every column"]
    return said + [f"{c.name} promises a time by its name: {_reads(c)}" for c in tried]


def _reads(column: Column) -> str:
    best, number = max(column.tried.items(), key=lambda each: each[1])
    if not number:
        return f"no format reads a single value; they look like {', '.join(column.examples)}"
    return f"{best} reads {number:,} of the values that were tried, the others do not; they look like {', '.join(column.examples)}"


def _times(profile: "Profile") -> list[str]:
    said = []
    for column in profile.columns:
        time = column.time
        if time is None or "personal" in column.hints:
            continue
        if time.parsed < column.filled:
            said.append(f"{column.name}: {column.filled - time.parsed:,} of {column.filled:,} values do not read as a time")
        if len(time.how) > 1:
            said.append(f"{column.name}: written in {len(time.how)} ways: {', '.join(time.how)}")
        if time.ambiguous:
            chosen = "the day first" if time.how == ("time",) else time.how[0]
            said.append(
                f"{column.name}: day or month first? {time.ambiguous} reads all of it as well; taken as {chosen}: look twice"
            )
        if time.date_only and column is profile.roles.time and profile.roles.clock is None:
            said.append(f"{column.name}: days without a time of day, so all of a day happens at midnight")
    return said


def _rows(profile: "Profile") -> list[str]:
    roles, said = profile.roles, []
    if profile.doubles:
        said.append(f"{profile.doubles:,} rows repeat another one in every column")
    if profile.repeated:
        what = ", time and what happened" if roles.action else " and time"
        said.append(f"{profile.repeated:,} rows share case{what} with another one, and differ elsewhere")
    if profile.tied:
        order = profile.order.column.name if profile.order and profile.order.column else "the order of the file"
        said.append(f"{profile.tied:,} rows share case and time with another one: {order} says which came first")
    if roles.case is None:
        said.append("no column looks like a case (many values, several rows each): every row would be a journey of its own")
    return said


def _span(span: Span | None) -> list[str]:
    if span is None:
        return []
    said = [f"from {iso(span.first_ms)} to {iso(span.last_ms)}, {span.days:,} day{'' if span.days == 1 else 's'}"]
    if span.quiet:
        weekend = f", {span.weekend:,} of them on weekends" if span.weekend else ""
        said.append(
            f"{span.quiet:,} quiet days{weekend}; the longest gap is {_long(span.longest_gap_ms)} from {iso(span.gap_from_ms)}"
        )
    return said


def _long(ms: int) -> str:
    hours = ms / 3_600_000
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"


def suggestions(profile: "Profile") -> list[str]:
    """What to do next."""
    roles = profile.roles
    if not profile.rows:
        return ["give a file with rows"]
    if roles.form == "no time":
        return [
            "a touchpoint needs a time: export a column that says when, or join this file to one that has it",
            "if a column is a time after all, read it in the mapping: strptime(column, '%d.%m.%Y %H:%M') AS occurred_at",
        ]
    if roles.form == "wide":
        return [f"one row is a case with {len(roles.steps)} times: `throughline mapping new` makes a touchpoint of each of them"]
    return ["one row is an event: `throughline mapping new` writes its mapping"]
