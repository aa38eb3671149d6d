"""One client's session with the engine: statements, settings, results."""

import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast

import chdb

from deploy.local.clickhouse.blocks import Header
from deploy.local.clickhouse.errors import Code, ServerError, from_engine
from deploy.local.clickhouse.query_ids import marker
from deploy.local.clickhouse.spool import Spool
from deploy.local.clickhouse.statements import Insert, first_word, identifier, quoted

Progress = Mapping[str, int]
_SETTING = re.compile(r"[A-Za-z_]\w*")
_NOT_STREAMED = "Streaming query is not supported"
_READ_ONLY = "READ_ONLY"
_COMPUTED = ("MATERIALIZED", "ALIAS")


class Result(Protocol):
    """What the engine returns; rows_read and bytes_read are of the result, storage_… of the tables."""

    def bytes(self) -> bytes: ...
    def elapsed(self) -> float: ...
    def rows_read(self) -> int: ...
    def storage_rows_read(self) -> int: ...
    def storage_bytes_read(self) -> int: ...
    def rows_written(self) -> int: ...
    def bytes_written(self) -> int: ...


class NotStreamed(Exception):
    """The engine streams only SELECT; nothing has been executed."""


class Session:
    """Not for two statements at a time. Every method raises ServerError with the engine's code."""

    def __init__(self, path: str) -> None:
        try:
            self._connection = cast(Any, chdb.connect(path))
        except RuntimeError as error:
            raise from_engine(error) from None
        self._has_own_settings = False
        self._set("implicit_select = 0")  # a server takes `1 + 1` for a syntax error

    def close(self) -> None:
        self._connection.close()

    def use(self, database: str) -> None:
        self.query(f"USE {identifier(database)}")

    def on_progress(self, callback: Callable[[Progress], None] | None) -> None:
        """`callback` runs in the thread of the statement, about ten times a second while rows are read."""
        self._connection.set_progress_callback(callback)

    def query(self, sql: str, format_name: str = "Null", query_id: str = "", params: Mapping[str, str] | None = None) -> Result:
        """Run any one statement to its end, its result in memory."""
        self.reads(sql)
        self._has_own_settings |= first_word(sql) == "SET"
        return self._query(sql, format_name, query_id, params or {})

    def stream(self, sql: str, query_id: str = "", params: Mapping[str, str] | None = None) -> Generator[Result, None, None]:
        """The blocks of a SELECT in the format Native, computed as they are taken; NotStreamed for other statements."""
        mark = marker(query_id) if query_id else ""
        try:
            stream = self._connection.send_query(_raw(mark + sql), "Native", params=dict(params or {}))
        except RuntimeError as error:
            if _NOT_STREAMED in str(error):
                raise NotStreamed from None
            raise from_engine(error, mark) from None
        try:
            while (chunk := stream.fetch()) is not None:
                yield chunk
        except RuntimeError as error:
            raise from_engine(error, mark) from None
        finally:
            stream.cancel()

    def insert(self, insert: Insert, rows: Spool, query_id: str = "") -> Result:
        """Insert what `rows` holds in the format of `insert`.

        By way of a file because the engine's own streaming insert reports success when a constraint or a view fails.
        """
        settings = f" SETTINGS {insert.settings}" if insert.settings else ""
        sql = f"INSERT INTO {insert.into} FROM INFILE {quoted(rows.path())}{settings} FORMAT {insert.format}"
        return self.query(sql, query_id=query_id)

    def insertable(self, insert: Insert) -> list[Header]:
        """The columns that an INSERT wants, in its order."""
        described = self.rows(f"DESCRIBE TABLE {insert.table}")
        if not insert.columns:
            return [Header(name, type_name) for name, type_name, kind, *_ in described if kind not in _COMPUTED]
        types = {name: type_name for name, type_name, *_ in described}
        for name in insert.columns:
            if name not in types:
                raise ServerError.of(Code.NO_SUCH_COLUMN_IN_TABLE, f"No such column {name} in table {insert.table}.")
        return [Header(name, types[name]) for name in insert.columns]

    def header(self, sql: str, params: Mapping[str, str] | None = None) -> list[Header]:
        """The columns of a SELECT, which is analysed and not run; of SHOW and its like, which are run again."""
        try:
            return [Header(name, type_name) for name, type_name, *_ in self.rows(f"DESCRIBE ({sql}\n)", params)]
        except ServerError:
            meta = json.loads(self.query(sql, "JSONCompact", params=params).bytes() or b'{"meta": []}')["meta"]
            return [Header(column["name"], column["type"]) for column in meta]

    def rows(self, sql: str, params: Mapping[str, str] | None = None) -> list[list[Any]]:
        """A small result as values of JSON."""
        result: list[list[Any]] = json.loads(self.query(sql, "JSONCompact", params=params).bytes())["data"]
        return result

    def reads(self, sql: str) -> bool:
        """Whether the engine says that `sql` leaves no trace; ServerError if it is more than one statement."""
        seen = self._connection._conn.classify_query(_raw(sql))  # the wrapper has no method for it
        if seen["statement_count"] > 1:
            raise ServerError.of(Code.SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed): send one at a time.")
        return bool(seen["query_class"].name == _READ_ONLY)

    @contextmanager
    def settings(self, values: Mapping[str, str]) -> Iterator[None]:
        """Settings for one statement; what the session had set itself is there again afterwards."""
        if not values:
            yield
            return
        for name in values:
            if not _SETTING.fullmatch(name):
                raise ServerError.of(Code.UNKNOWN_SETTING, f"Unknown setting {name!r}.")
        before = self._own_settings(values)
        self._set(", ".join(f"{name} = {quoted(value)}" for name, value in values.items()))
        try:
            yield
        finally:
            self._set(", ".join(f"{name} = {before.get(name, 'DEFAULT')}" for name in values))

    def _own_settings(self, names: Mapping[str, str]) -> dict[str, str]:
        if not self._has_own_settings:
            return {}
        listed = ", ".join(map(quoted, names))
        found = self.rows(f"SELECT name, value FROM system.settings WHERE changed AND name IN ({listed})")
        return {name: quoted(value) for name, value in found}

    def _set(self, assignments: str) -> None:
        self._query(f"SET {assignments}")

    def _query(self, sql: str, format_name: str = "Null", query_id: str = "", params: Mapping[str, str] | None = None) -> Result:
        mark = marker(query_id) if query_id else ""
        try:
            return cast(Result, self._connection.query(_raw(mark + sql), format_name, params=dict(params or {})))
        except RuntimeError as error:
            raise from_engine(error, mark) from None


def _raw(sql: str) -> bytes:
    return sql.encode("utf-8", "surrogateescape")
