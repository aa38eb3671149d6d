"""One statement that came by HTTP: rows in, or a result out."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from socket import socket

from deploy.local.clickhouse.blocks import empty_block
from deploy.local.clickhouse.http_input import HttpInput
from deploy.local.clickhouse.http_reply import HttpReply
from deploy.local.clickhouse.http_request import HttpRequest
from deploy.local.clickhouse.pipe import Piped
from deploy.local.clickhouse.prepared import prepare
from deploy.local.clickhouse.service import Service
from deploy.local.clickhouse.session import Result, Session
from deploy.local.clickhouse.statements import Insert
from deploy.local.clickhouse.temporary import temporary


class HttpStatement:
    """Every method may raise ServerError as long as nothing has been answered."""

    def __init__(self, service: Service, session: Session, request: HttpRequest, reply: HttpReply, client: socket) -> None:
        self._service = service
        self._session = session
        self._request = request
        self._reply = reply
        self._client = client

    def serve(self, given: HttpInput) -> None:
        names = frozenset(table.name for table in given.tables)
        with temporary(self._session, given.tables), self._session.settings(self._request.settings(names)):
            if given.insert:
                self._insert(given.sql, given.insert, given.rows)
            else:
                self._result(given.sql)

    def _insert(self, sql: str, insert: Insert, rows: Iterator[bytes]) -> None:
        prepare(self._session, sql, read_only=self._request.read_only)
        with self._service.engine.spool() as spool:
            for chunk in rows:
                spool.write(chunk)
            with self._service.watch.over(self._client, self._request.query_id):
                result = self._session.insert(insert, spool, self._request.query_id)
        self._reply.send(200, b"", _summary(result))

    def _result(self, text: str) -> None:
        statement = prepare(self._session, text, read_only=self._request.read_only)
        format_name = statement.format or self._request.default_format
        with self._service.watch.over(self._client, self._request.query_id):
            if statement.is_select:
                self._stream(statement.sql, format_name)
            else:
                self._whole(statement.sql, format_name, with_header=statement.reads)

    def _stream(self, sql: str, format_name: str) -> None:
        request = self._request
        piped = Piped(self._service.engine, self._session, request.query_id)
        with closing(piped.chunks(sql, format_name, request.statement_params)) as chunks:
            native = self._with_header(chunks, sql) if format_name == "Native" else chunks
            settled = self._settled(native) if request.flag("wait_end_of_query") else native
            self._reply.stream(settled, lambda: {"X-ClickHouse-Format": format_name, **_summary(piped.result)})

    def _whole(self, sql: str, format_name: str, *, with_header: bool) -> None:
        result = self._session.query(sql, format_name, self._request.query_id, self._request.statement_params)
        chunks = iter([result.bytes()])
        if with_header and format_name == "Native":
            chunks = self._with_header(chunks, sql)
        self._reply.stream(chunks, lambda: {"X-ClickHouse-Format": format_name, **_summary(result)})

    def _with_header(self, chunks: Iterator[bytes], sql: str) -> Iterator[bytes]:
        """The format Native says nothing about a result without rows; clients want its columns."""
        empty = True
        for chunk in chunks:
            empty = empty and not chunk
            yield chunk
        if empty:
            yield empty_block(self._session.header(sql, self._request.statement_params))

    def _settled(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same, but nothing before all is there."""
        with self._service.engine.spool() as spool:
            for chunk in chunks:
                spool.write(chunk)
            yield from spool.chunks()


def _summary(result: Result | None) -> Mapping[str, str]:
    if result is None:
        return {}
    numbers = {
        "read_rows": result.storage_rows_read(),
        "read_bytes": result.storage_bytes_read(),
        "written_rows": result.rows_written(),
        "written_bytes": result.bytes_written(),
        "result_rows": result.rows_read(),
        "elapsed_ns": int(result.elapsed() * 1e9),
    }
    return {"X-ClickHouse-Summary": json.dumps({name: str(number) for name, number in numbers.items()})}
