"""Lookup files: what persons are, a row a person and time, read without a mapping of one's own.

A column named like an identifier type says who is meant, `as_of` (or `valid_from`) since when, each other column is an attribute.
A row becomes a touchpoint `person.described`, called by what it says: the same row is the same touchpoint, however often it comes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from streams.core.identifiers import Identifiers
from streams.core.instant import iso_ms
from streams.core.touchpoint import DESCRIBED, OF_PERSON
from streams.settings import ConfigurationError
from streams.sources import LOOKUP, LOOKUP_VARIABLES, expressions
from streams.sources.contract import ATTRIBUTE, IDENTIFIER
from streams.sources.mapping import Mapping as Sql
from streams.sources.mapping import literal, quoted, stem
from streams.sources.wording import slug

SINCE = ("as_of", "valid_from")
EVENT_KEY = "event_key"  # variable: without it nobody can try values against the names of touchpoints


@dataclass(frozen=True)
class _Table:
    """A file's columns by the name that they get, in groups by what they are for; `since_ms`: SQL, empty without such a column."""

    file: Path
    whom: dict[str, str]
    says: dict[str, str]
    since: dict[str, str]
    since_ms: str = ""


def lookup(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], variables: Mapping[str, str], identifiers: Identifiers
) -> Sql:
    """-> the mapping of these files, which are views of the connection; rows come in the order of the files, so that their numbers
    say where they stand.  Raises ConfigurationError naming file and remedy."""
    chosen = _chosen(variables)
    connection.execute(f"SET VARIABLE {EVENT_KEY} = ?", [identifiers.key_for(LOOKUP)])
    selects = [_select(_table(connection, file, identifiers), chosen) for file in files]
    return Sql(LOOKUP, "\nUNION ALL BY NAME\n".join(selects))


def _chosen(variables: Mapping[str, str]) -> dict[str, str]:
    """LOOKUP_VARIABLES as they are set; `as_of` as epoch milliseconds, or empty."""
    for name in variables:
        if name not in LOOKUP_VARIABLES:
            raise ConfigurationError(f"--set {name}: {LOOKUP} knows {', '.join(LOOKUP_VARIABLES)}")
    chosen = {**LOOKUP_VARIABLES, **variables}
    if not chosen["source"]:
        raise _unfit(chosen, "source", "the name of the system that knows it")
    if not (chosen["revision"].isdecimal() and len(chosen["revision"]) < 19):
        raise _unfit(chosen, "revision", "a whole number; of what is said of one time the highest holds")
    if chosen["empty"] not in ("nothing", "ends"):
        raise _unfit(chosen, "empty", "`nothing` (an empty field says nothing) or `ends` (it ends the attribute)")
    if "as_of" in variables:
        chosen["as_of"] = str(_epoch_ms(chosen))
    return chosen


def _epoch_ms(chosen: Mapping[str, str]) -> int:
    try:
        return iso_ms(chosen["as_of"])
    except ValueError:
        raise _unfit(chosen, "as_of", "a time in ISO 8601, for instance 2026-01-31") from None


def _unfit(chosen: Mapping[str, str], name: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"--set {name}={chosen[name]}: expected {expected}")


def _table(connection: duckdb.DuckDBPyConnection, file: Path, identifiers: Identifiers) -> _Table:
    view = connection.sql(f"SELECT * FROM {quoted(stem(file))}")
    table = _Table(file, {}, {}, {})
    for column in view.columns:
        group, name = _place(table, column.strip().lower(), identifiers)
        if name in group:
            raise ConfigurationError(f"{file}: the columns {group[name]} and {column} mean the same; rename or leave out one")
        group[name] = column
    _check(table, view.columns, identifiers)
    if not table.since:
        return table
    (since,) = table.since.values()
    kind = str(view.types[view.columns.index(since)])
    try:
        return replace(table, since_ms=expressions.epoch_ms(kind, since))
    except expressions.UnusableColumn as error:
        raise ConfigurationError(f"{file}: {error}") from None


def _place(table: _Table, name: str, identifiers: Identifiers) -> tuple[dict[str, str], str]:
    """Where a column belongs, and what it is called there."""
    if name in SINCE:
        return table.since, SINCE[0]
    if name in identifiers.kinds:
        return table.whom, name
    return table.says, OF_PERSON + slug(name, "attribute").removeprefix(OF_PERSON)


def _check(table: _Table, columns: Sequence[str], identifiers: Identifiers) -> None:
    named = ", ".join(columns)
    if all(identifiers.kinds[kind] == "reference" for kind in table.whom):
        known = ", ".join(kind for kind, its in identifiers.kinds.items() if its != "reference")
        raise ConfigurationError(
            f"{table.file}: none of its columns ({named}) says whom it is about: name one by its identifier type, {known}"
        )
    if not table.says:
        raise ConfigurationError(f"{table.file}: its columns ({named}) say nothing of anybody: add one for each attribute")


def _select(table: _Table, chosen: Mapping[str, str]) -> str:
    """A row in another order of rows or columns is the same touchpoint; another revision of it is another one."""
    says = {name: quoted(column) for name, column in table.says.items()}
    if chosen["empty"] == "ends":
        says = {name: f"coalesce(CAST({column} AS VARCHAR), '')" for name, column in says.items()}
    whom = {name: quoted(column) for name, column in table.whom.items()}
    since, revision = _since(table, chosen["as_of"]), chosen["revision"]
    content = ", ".join(f"{literal(name)}: {value}" for name, value in sorted({**whom, **says}.items()))
    called = f"concat_ws('/', getvariable('{EVENT_KEY}'), to_json({{{content}}}), {since}, '{revision}')"
    columns = {
        "source": literal(chosen["source"]), "event_id": f"left(sha256({called}), 32)", "occurred_at": since,
        "sequence": f"CAST({revision} AS BIGINT)", "origin": "'system'", "action": literal(DESCRIBED),
        **{f"{IDENTIFIER}{name}": f"CAST({value} AS VARCHAR)" for name, value in whom.items()},
        **{f"{ATTRIBUTE}{name}": value for name, value in says.items()},
    }  # fmt: skip
    selected = ",\n  ".join(f"{value} AS {quoted(name)}" for name, value in columns.items())
    return f"SELECT\n  {selected}\nFROM {quoted(stem(table.file))}"


def _since(table: _Table, as_of_ms: str) -> str:
    if table.since and as_of_ms:
        (column,) = table.since.values()
        return f"CASE WHEN {quoted(column)} IS NULL THEN {as_of_ms} ELSE {table.since_ms} END"
    if not table.since and not as_of_ms:
        raise ConfigurationError(
            f"{table.file}: nothing says since when it holds: add a column {SINCE[0]}, or say --set as_of=2026-01-31"
        )
    return table.since_ms or f"CAST({as_of_ms} AS BIGINT)"
