"""A mapping: one SQL SELECT, run by DuckDB over Parquet, CSV or JSON files, one row a touchpoint.

Each file is a view named by its stem: `orders.parquet` is `orders`.  Text times and times without a zone are UTC.
"""

import hashlib
from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from streams.settings import ConfigurationError
from streams.sources import SHIPPED, shipped
from streams.sources.encoding import encoding_of, ends_mixed

_READERS = {
    ".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv",
    ".json": "read_json", ".jsonl": "read_json", ".ndjson": "read_json",
}  # fmt: skip
REMEDY = "repair the file, or write it anew as UTF-8 CSV with one header line, as Parquet or as JSON lines"
_QUOTING = ("Original Line", "LINE ", "  ", "The search space")
_MIXED = "strict_mode = false"  # of a CSV file whose lines end in more than one way
_BUFFER = "1GB"  # beyond it DuckDB sorts on disk


@dataclass(frozen=True)
class Mapping:
    name: str  # as the user gave it, for messages
    sql: str


def read_mapping(name: str) -> Mapping:
    """-> the mapping in the file of that name, or the shipped one; raises ConfigurationError when there is neither."""
    path = Path(name) if name.endswith(".sql") else SHIPPED / f"{name}.sql"
    try:
        sql = path.read_text(encoding="utf-8")
    except OSError:
        raise ConfigurationError(
            f"no mapping {name}: give the path of a .sql file, or one that ships: {', '.join(shipped())}"
        ) from None
    statements = _statements(name, sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ConfigurationError(f"{name}: a mapping is exactly one SELECT")
    return Mapping(name, statements[0].query)


def _statements(name: str, sql: str) -> list[duckdb.Statement]:
    try:
        return duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise ConfigurationError(f"{name}: {error}") from None


def data_files(paths: Sequence[Path]) -> list[Path]:
    """-> the files given, and those that lie in the folders given; raises ConfigurationError for what cannot be read."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ConfigurationError(f"{path} does not exist")
        inside = sorted(file for file in path.iterdir() if _kind(file) in _READERS) if path.is_dir() else [path]
        if not inside or any(_kind(file) not in _READERS for file in inside):
            raise ConfigurationError(
                f"{path}: expected {', '.join(_READERS)} (also .gz), or a folder with such files; a text with one row a line, "
                "however it is called, reads as .csv"
            )
        found += inside
    stems = [stem(file) for file in found]
    for name in stems:
        if stems.count(name) > 1:
            raise ConfigurationError(f"two files are named {name}: each is a view named by its stem; rename or leave out one")
    return found


def _kind(file: Path) -> str:
    return Path(file.name.removesuffix(".gz")).suffix.lower()


def stem(file: Path) -> str:
    """The name of the view that a file becomes."""
    return Path(file.name.removesuffix(".gz")).stem


def reader(file: Path, *, as_text: bool = False, mixed: bool = False) -> str:
    """-> the SQL that reads a file; of a CSV file `as_text`: every column as it is written, `mixed`: however its lines end.

    Raises ConfigurationError.
    """
    function = _READERS[_kind(file)]
    if function != "read_csv":
        return f"{function}({literal(str(file))})"
    try:
        encoding = encoding_of(file)
    except (OSError, EOFError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from None
    more = "" if encoding == "utf-8" else f", encoding = '{encoding}'"
    more += ", all_varchar = true" if as_text else ""
    return f"read_csv({literal(str(file))}, sample_size = -1{more}{f', {_MIXED}' if mixed else ''})"


def open_files(files: Sequence[Path], variables: Lookup[str, str], *, as_text: bool = False) -> duckdb.DuckDBPyConnection:
    """-> a connection that sees each file as a view and each variable by `getvariable('name')`, as text.  `as_text`: see `reader`.

    One thread, so that ties come in the same order each time: an interrupted load continues by row number.
    """
    connection = duckdb.connect(config={"threads": 1, "memory_limit": _BUFFER, "autoinstall_known_extensions": "false"})
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")  # it would go to standard output
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {quoted(name)} = ?", [value])
    for file in files:
        try:
            read(connection, f"CREATE VIEW {quoted(stem(file))} AS SELECT * FROM", file, as_text=as_text)
        except duckdb.Error as error:
            raise ConfigurationError(f"{file}: {said(error)}; {REMEDY}") from None
    return connection


def read(connection: duckdb.DuckDBPyConnection, statement: str, file: Path, *, as_text: bool) -> None:
    """Runs a statement that ends where its source belongs.  Raises duckdb.Error, ConfigurationError."""
    try:
        connection.execute(f"{statement} {reader(file, as_text=as_text)}")
    except duckdb.Error:
        if _READERS[_kind(file)] != "read_csv" or not ends_mixed(file):
            raise
        connection.execute(f"{statement} {reader(file, as_text=as_text, mixed=True)}")


def said(error: duckdb.Error) -> str:
    """DuckDB's own words about a file, without the lines of it that it quotes."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith(_QUOTING)]
    return " ".join(lines[:3])[:400]


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def fingerprint(mapping: Mapping, files: Sequence[Path], *more: object) -> str:
    """-> 32 hex digits that change with the mapping, the files (by size and time of change) and everything else given."""
    state = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr((mapping.sql, state, more)).encode()).hexdigest()[:32]
