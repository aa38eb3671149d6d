"""What a file holds, for somebody who is about to write a mapping for it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from streams.settings import ConfigurationError
from streams.sources.mapping import REMEDY, data_files, open_files, quoted, read, said, stem
from streams.sources.profile_columns import READ, ROW, WRITTEN, Column, Run, clean, measure
from streams.sources.profile_roles import Roles, find_roles
from streams.sources.profile_rows import Order, Span, doubles_by, exact_doubles, moment, order_of, span_of, tied_rows
from streams.sources.profile_times import instant

_MOST_SHARED = 20_000  # distinct values up to which two files' columns are compared


@dataclass(frozen=True)
class Profile:
    """One file.  Counts are of rows; `tied` share case and time with another; `repeated` also what happened, not everything."""

    file: Path
    view: str  # its name in a mapping
    rows: int
    columns: tuple[Column, ...]
    roles: Roles
    span: Span | None = None
    doubles: int = 0  # rows that repeat another in every column
    tied: int = 0
    repeated: int = 0
    order: Order | None = None
    event_key: Column | None = None  # a column that is different in every row


@dataclass(frozen=True)
class Shared:
    """Two files have values in common: `values` of the second's column stand in the first's, too."""

    one: str
    other: str
    column: str
    other_column: str
    values: int


def profile_files(paths: Sequence[Path]) -> tuple[list[Profile], list[Shared]]:
    """-> each file in its order, and what they share.  Raises ConfigurationError naming file and remedy."""
    files = data_files(paths)
    connection = open_files(files, {})
    profiles = [_profile(connection, file) for file in files]
    return profiles, list(_shared(connection, profiles))


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise ConfigurationError(f"{file}: {said(error)}; {REMEDY}") from None


def _profile(connection: duckdb.DuckDBPyConnection, file: Path) -> Profile:
    with _reading(file):
        view = stem(file)
        numbered = f"SELECT row_number() OVER () AS {quoted(ROW)}, * FROM"
        connection.execute("SET threads = 1")  # rows keep their order
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(READ)} AS {numbered} {quoted(view)}")
        connection.execute(f"SET threads = {os.cpu_count() or 1}")
        described = connection.execute(f"DESCRIBE {quoted(READ)}").fetchall()[1:]
        names = [(str(name), str(kind)) for name, kind, *_ in described]
        written = file.name.removesuffix(".gz").lower().endswith((".csv", ".tsv")) and any(
            kind == "DATE" or kind.startswith("TIMESTAMP") for _, kind in names
        )
        if written:
            read(connection, f"CREATE OR REPLACE TEMP TABLE {quoted(WRITTEN)} AS SELECT * FROM", file, as_text=True)
        run: Run = lambda sql: connection.execute(sql).fetchall()  # noqa: E731 - the tables are these as long as it lives
        clean(run, names)
        columns = measure(run, names, written=written)
        return _rows(run, file, columns, find_roles(run, columns))


def _rows(run: Run, file: Path, columns: list[Column], roles: Roles) -> Profile:
    rows = columns[0].rows if columns else 0
    doubles = exact_doubles(run, columns) if rows else 0
    case, time = roles.case, roles.time
    key = next(
        (c for c in columns if c.is_key_like and c.known == c.rows and c.distinct == c.rows - doubles and c is not case), None
    )
    if time is None or time.time is None:
        return Profile(file, stem(file), rows, tuple(columns), roles, doubles=doubles, event_key=key)
    at = moment(roles)
    span = span_of(run, time.time, at)
    if case is None or roles.form == "wide":
        return Profile(file, stem(file), rows, tuple(columns), roles, span, doubles, event_key=key)
    case_sql, at_ms = quoted(case.name), instant(at)
    tied = tied_rows(run, case_sql, at_ms)
    what = [quoted(roles.action.name)] if roles.action else []
    repeated = doubles_by(run, case_sql, at_ms, *what) - doubles
    order = order_of(run, columns, roles, tied, doubles)
    return Profile(file, stem(file), rows, tuple(columns), roles, span, doubles, tied, max(0, repeated), order, key)


def _shared(connection: duckdb.DuckDBPyConnection, profiles: list[Profile]) -> Iterator[Shared]:
    """By columns of the same name, and by those that could name the same thing."""
    for place, one in enumerate(profiles):
        for other in profiles[place + 1 :]:
            for column in one.columns:
                found = next((c for c in other.columns if c.name.lower() == column.name.lower()), None)
                if found is None or not (column.is_key_like and found.is_key_like) or "key" not in column.hints:
                    continue
                if max(column.distinct, found.distinct) <= _MOST_SHARED:
                    with _reading(other.file):
                        values = _values(connection, one.view, column, other.view, found)
                    if values:
                        yield Shared(one.view, other.view, column.name, found.name, values)


def _values(connection: duckdb.DuckDBPyConnection, view: str, column: Column, other: str, found: Column) -> int:
    here, there = quoted(column.name), quoted(found.name)
    row = connection.execute(
        f"SELECT count(*) FROM (SELECT CAST({here} AS VARCHAR) FROM {quoted(view)} "
        f"INTERSECT SELECT CAST({there} AS VARCHAR) FROM {quoted(other)}) shared(v) WHERE v IS NOT NULL"
    ).fetchone()
    return int(row[0]) if row else 0


def most_like_events(profiles: Sequence[Profile]) -> Profile:
    """The file that a mapping begins with: one that says what happened and when, then the one with most rows."""
    return max(profiles, key=lambda each: (_telling(each.roles), each.roles.case is not None, len(each.roles.steps), each.rows))


def _telling(roles: Roles) -> int:
    if roles.form == "no time":
        return 0
    return 3 if roles.action else 2 if roles.form == "wide" else 1


def as_json(profile: Profile) -> dict[str, Any]:
    """One JSON object; times ISO 8601."""
    from streams.sources.profile_words import findings, roles_as_json, span_as_json, suggestions

    return {
        "file": str(profile.file), "view": profile.view, "rows": profile.rows, "form": profile.roles.form,
        "columns": [_column(column, profile) for column in profile.columns],
        "roles": roles_as_json(profile.roles), "span": span_as_json(profile.span),
        "doubles": profile.doubles, "tied": profile.tied, "repeated": profile.repeated,
        "order_key": profile.order.column.name if profile.order and profile.order.column else None,
        "findings": findings(profile), "suggestions": suggestions(profile),
    }  # fmt: skip


def _column(column: Column, profile: Profile) -> dict[str, Any]:
    from streams.sources.profile_words import looks_like

    time = column.time
    read = {key: value for key, value in asdict(time).items() if key != "sql"} if time else None
    return {
        "name": column.name, "type": column.kind, "filled": column.filled, "placeholders": column.placeholders,
        "distinct": column.distinct, "looks_like": looks_like(column, profile), "examples": list(column.examples),
        "personal": column.personal, "time": read, "tried": column.tried,
    }  # fmt: skip
