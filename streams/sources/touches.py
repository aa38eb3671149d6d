"""The touchpoints of a mapping as a table of DuckDB, instance by instance, in the order in which journeys see them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from streams.core.identifiers import Identifiers
from streams.settings import ConfigurationError
from streams.sources.columns import Columns, bind
from streams.sources.contract import IDENTIFIERS
from streams.sources.mapping import data_files, literal, open_files, read_mapping
from streams.sources.rows import LOADED_AT, strength

STEPS = "steps"  # instance, number (from 1), ms, action, before, next, took_ms (until the next)
_FIELDS = {"occurred_at": "ms", "sequence": "sequence", "event_id": "event_id", "action": "action"}
CASES = "cases"  # instance, actions (in order), first_ms, last_ms


@dataclass(frozen=True)
class Touches:
    """`refused`: rows that no contract takes; `without`: touchpoints that carry no identifier of the instance's type."""

    connection: duckdb.DuckDBPyConnection
    instance: str
    touchpoints: int
    refused: int
    without: int


def open_touches(mapping: str, paths: Sequence[Path], identifiers: Identifiers, instance: str | None) -> Touches:
    """-> STEPS and CASES.  `instance`: identifier type; None: the strongest object that the mapping gives.

    Raises ConfigurationError naming mapping, file or type, and the remedy.
    """
    chosen = read_mapping(mapping)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection = open_files(data_files(paths), {LOADED_AT: now})
    columns = bind(connection, chosen, strength(identifiers))
    try:
        wire = _Wire(connection, columns)
        given = wire.identifiers()
        kind = _chosen(mapping, given, identifiers, instance)
        return _tables(wire, mapping, identifiers, given[kind], kind)
    except duckdb.Error as error:
        raise ConfigurationError(f"{mapping}: {error}") from None


class _Wire:
    """The load's own SELECT with a name for each of its values: whatever it would send is seen, and nothing else."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, columns: Columns) -> None:
        self.connection = connection
        self._content = columns.content
        named = ", ".join(f"c{place}" for place in range(len(columns.content)))
        self.rows = f"({columns.select}) AS rows(number, refused, key, damage, {named})"

    def field(self, name: str) -> str:
        return next(f"c{place}" for place, column in enumerate(self._content) if column.field.name == column.name == name)

    def identifiers(self) -> dict[str, str]:
        """Type -> the SQL of its value."""
        found = {}
        for place, column in enumerate(self._content):
            if column.kind == "list":
                return {kind: f"([x FOR x IN c{place} IF x.type = {literal(kind)}][1]).value" for kind in self._kinds(f"c{place}")}
            if column.field.name == IDENTIFIERS and column.kind == "string":
                found[column.name] = f"c{place}"
        return found

    def _kinds(self, listed: str) -> list[str]:
        kinds = f"SELECT DISTINCT unnest([x.type FOR x IN {listed}]) AS kind FROM {self.rows} ORDER BY kind"
        return [str(kind) for (kind,) in self.connection.execute(kinds).fetchall()]


def _chosen(mapping: str, given: dict[str, str], identifiers: Identifiers, instance: str | None) -> str:
    found = ", ".join(given) or "none"
    if instance is None:
        known = [kind for kind in strength(identifiers) if kind in given and identifiers.kinds[kind] != "reference"]
        if not known:
            raise ConfigurationError(f"{mapping}: no identifier is an object or a person: {found}; choose one with --instance")
        return known[0]
    if instance not in given:
        raise ConfigurationError(f"{mapping}: it gives no identifier {instance}, only {found}")
    return instance


def _tables(wire: _Wire, mapping: str, identifiers: Identifiers, value: str, kind: str) -> Touches:
    nobody = ", ".join(map(literal, sorted(identifiers.nobody))) or "''"
    fields = ", ".join(f"{wire.field(field)} AS {called}" for field, called in _FIELDS.items())
    wire.connection.execute(
        f"CREATE TEMP TABLE touches AS SELECT CASE WHEN lower(trim(value)) NOT IN ({nobody}) THEN trim(value) END AS instance, "
        f"* EXCLUDE (value) FROM (SELECT {value} AS value, {fields}, refused FROM {wire.rows})"
    )
    wire.connection.execute(f"SET threads = {os.cpu_count() or 1}")
    counts = "count(*), count(refused), count(*) FILTER (refused IS NULL AND instance IS NULL)"
    rows, refused, without = wire.connection.execute(f"SELECT {counts} FROM touches").fetchone() or (0, 0, 0)
    if rows == refused + without:
        raise ConfigurationError(f"{mapping}: no touchpoint carries an identifier {kind}; see `throughline load --dry-run`")
    _in_order(wire.connection)
    return Touches(wire.connection, kind, rows - refused, refused, without)


def _in_order(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"CREATE TEMP TABLE {STEPS} AS SELECT instance, row_number() OVER journey AS number, ms, action, "
        "lag(action) OVER journey AS before, lead(action) OVER journey AS next, lead(ms) OVER journey - ms AS took_ms "
        "FROM touches WHERE refused IS NULL AND instance IS NOT NULL "
        "WINDOW journey AS (PARTITION BY instance ORDER BY ms, sequence, event_id)"
    )
    connection.execute(
        f"CREATE TEMP TABLE {CASES} AS SELECT instance, list(action ORDER BY number) AS actions, min(ms) AS first_ms, "
        f"max(ms) AS last_ms FROM {STEPS} GROUP BY instance"
    )
