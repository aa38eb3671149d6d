"""The real data, and a mapping's result as a table of touchpoints that tests can query."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from streams.sources.mapping import data_files, open_files, read_mapping

DATA = Path(__file__).parents[3] / "shared" / "data"


def truth(name: str) -> dict[str, Any]:
    file = DATA / name / "truth.json"
    if not file.is_file():
        pytest.skip("not run: data absent")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def mapped(name: str, *paths: Path, **variables: str) -> duckdb.DuckDBPyConnection:
    """-> a connection with the table `touchpoints`: the result of the mapping as it is."""
    connection = open_files(data_files(paths), variables)
    connection.execute(f"CREATE TABLE touchpoints AS {read_mapping(name).sql}")
    return connection


def numbers(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """-> the one value, or the row of values, that the query gives."""
    (row,) = connection.execute(sql).fetchall()
    return row[0] if len(row) == 1 else row
