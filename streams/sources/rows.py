"""A mapping over its files, as batches of rows in the contract's form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from streams.core.identifiers import Identifiers
from streams.settings import ConfigurationError
from streams.sources import LOOKUP
from streams.sources.columns import MAPPED, Columns, bind
from streams.sources.lookup import lookup
from streams.sources.mapping import Mapping, data_files, fingerprint, open_files, quoted, read_mapping
from streams.sources.replay import Replay, select
from streams.sources.wire import Row

LOADED_AT = "loaded_at"  # the variable by which a mapping knows when it is loaded, ISO 8601


@dataclass(frozen=True)
class Source:
    """What to read: a mapping by path or shipped name, or `attributes` for lookup files, over files and folders."""

    mapping: str
    paths: Sequence[Path]
    variables: dict[str, str] = field(default_factory=dict)
    replay: Replay | None = None


class Rows:
    """An opened source.  Raises ConfigurationError when mapping, files or result cannot be used."""

    def __init__(self, source: Source, identifiers: Identifiers, loaded_at: str) -> None:
        shipped = None if source.mapping == LOOKUP else read_mapping(source.mapping)
        self._files = data_files(source.paths)
        # as text a customer 007 stays one, and a value is what is written
        self._connection = open_files(self._files, {LOADED_AT: loaded_at, **source.variables}, as_text=shipped is None)
        self._mapping: Mapping = shipped or lookup(self._connection, self._files, source.variables, identifiers)
        self.columns: Columns = bind(self._connection, self._mapping, strength(identifiers))
        self._source = source

    def fingerprint(self, *more: object) -> str:
        """-> a name for this source and everything else given."""
        return fingerprint(self._mapping, self._files, sorted(self._source.variables.items()), self._source.replay, *more)

    def count(self) -> int:
        """Rows of the mapping; a replay's copies come on top."""
        (found,) = self._run(f"SELECT count(*) FROM {quoted(MAPPED)}").fetchone() or (0,)
        return int(found)

    def batches(self, size: int, skip: int = 0) -> Iterator[list[Row]]:
        """Rows in the mapping's order, or the replay's, without the first `skip`."""
        result = self._run(f"{select(self.columns, self._source.replay)} OFFSET {skip}")
        while rows := self._fetch(result, size):
            yield rows

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise ConfigurationError(f"{self._mapping.name}: {error}") from None

    def _fetch(self, result: duckdb.DuckDBPyConnection, size: int) -> list[Row]:
        try:
            return result.fetchmany(size)
        except duckdb.Error as error:
            raise ConfigurationError(f"{self._mapping.name}: {error}") from None


def strength(identifiers: Identifiers) -> list[str]:
    """Identifier types, the one that a touchpoint is addressed by first."""
    order = ("object", "person", "reference")
    return sorted(identifiers.kinds, key=lambda name: (order.index(identifiers.kinds[name]), identifiers.rank[name]))
