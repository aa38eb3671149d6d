"""The columns of a mapping's result, held against the contract and put into the order of the wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb

from streams.settings import ConfigurationError
from streams.sources import expressions
from streams.sources.contract import ATTRIBUTE, ATTRIBUTES, FIELDS, IDENTIFIER, IDENTIFIERS, REQUIRED, SINGLE, Field
from streams.sources.mapping import Mapping, quoted

MAPPED = " mapped"  # the mapping's result as a view; the blank keeps it apart from any file
NUMBER, REFUSED, KEY, DAMAGE, CONTENT = range(5)  # places in a row; from CONTENT on, a value for each of `content`


@dataclass(frozen=True)
class Column:
    """One value of a row: a whole field, or a part of `identifiers` or `attributes`."""

    field: Field
    name: str  # of the field, the identifier's type or the attribute
    kind: str  # Avro's type; or `count` of the present parts that follow, `list` of {type, value}
    sql: str


@dataclass(frozen=True)
class Columns:
    select: str  # over the view MAPPED; gives number, why refused or NULL, Kafka's key, damage (none here), content, origin
    content: tuple[Column, ...]


def bind(connection: duckdb.DuckDBPyConnection, mapping: Mapping, strength: Sequence[str], origin: str = "") -> Columns:
    """Creates the view MAPPED and says what its columns are.  `strength`: identifier types, the strongest first.

    `origin`: a column that the result has besides and that comes last in each row; others may begin with its name up to the `_`.

    Raises ConfigurationError naming the mapping and the column, or with DuckDB's own message when the SELECT is wrong.
    """
    try:
        result = connection.sql(mapping.sql)
        types = {name: str(kind) for name, kind in zip(result.columns, result.types, strict=True)}
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(MAPPED)} AS {mapping.sql}")
    except duckdb.Error as error:
        raise ConfigurationError(f"{mapping.name}: {error}") from None
    _check_names(mapping.name, _without(origin, mapping.name, list(types)))
    try:
        content = tuple(column for field in FIELDS for column in _of_field(field, types))
    except expressions.UnusableColumn as error:
        raise ConfigurationError(f"{mapping.name}: {error}") from None
    return Columns(_select(content, strength, quoted(origin) if origin else ""), content)


def _without(origin: str, mapping: str, names: list[str]) -> list[str]:
    """Raises ConfigurationError."""
    if not origin:
        return names
    if origin not in names:
        raise ConfigurationError(f"{mapping}: the SELECT lacks the column {origin}, which says of each row what it is made of")
    return [name for name in names if not name.startswith(origin.partition("_")[0] + "_")]


def _check_names(mapping: str, names: list[str]) -> None:
    known = [*(field.name for field in SINGLE), IDENTIFIERS]
    for name in names:
        if name in known or any(name.startswith(prefix) and name != prefix for prefix in (IDENTIFIER, ATTRIBUTE)):
            continue
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"attributes are named {ATTRIBUTE}…, identifiers {IDENTIFIER}…"
        raise ConfigurationError(f"{mapping}: unknown column {name}; {hint}")
    if missing := [name for name in REQUIRED if name not in names]:
        raise ConfigurationError(f"{mapping}: the SELECT lacks the column {', '.join(missing)}")
    if any(name.startswith(IDENTIFIER) for name in names) == (IDENTIFIERS in names):
        raise ConfigurationError(f"{mapping}: name either columns {IDENTIFIER}<type>, or one column {IDENTIFIERS}")


def _of_field(field: Field, types: dict[str, str]) -> list[Column]:
    if field.name not in (IDENTIFIERS, ATTRIBUTES):
        return [Column(field, field.name, field.kind, expressions.single(field, types.get(field.name)))]
    if field.name in types:
        return [Column(field, field.name, "list", expressions.listed(types[field.name]))]
    prefix = IDENTIFIER if field.name == IDENTIFIERS else ATTRIBUTE
    names = [name for name in types if name.startswith(prefix)]
    settle = expressions.identifier if prefix == IDENTIFIER else expressions.attribute
    parts = [Column(field, name.removeprefix(prefix), *settle(name, types[name])) for name in names]
    return [Column(field, "", "count", expressions.present(part.sql for part in parts)), *parts]


def _select(content: Sequence[Column], strength: Sequence[str], origin: str) -> str:
    listed = next((column for column in content if column.kind == "list"), None)
    known = {column.name: column.sql for column in content if column.field.name == IDENTIFIERS and column.kind == "string"}
    key = expressions.key_of_list(listed.sql, strength) if listed else expressions.key(known, strength)
    whole = {column.name: column.sql for column in content if column.name == column.field.name}  # no attribute of that name
    why = expressions.refused(whole, SINGLE)
    values = ", ".join([*(column.sql for column in content), *([origin] if origin else [])])
    return f"SELECT row_number() OVER () AS number, {why} AS refused, {key} AS key, 0 AS damage, {values} FROM {quoted(MAPPED)}"
