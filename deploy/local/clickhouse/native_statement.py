"""One statement of a native client: its settings and external tables around rows in, or a result out."""

from collections.abc import Sequence
from dataclasses import replace

from deploy.local.clickhouse.blocks import Header, empty_block
from deploy.local.clickhouse.columns import column_of
from deploy.local.clickhouse.errors import ProtocolError, ServerError
from deploy.local.clickhouse.native_client import NativeClient
from deploy.local.clickhouse.native_input import NativeInput
from deploy.local.clickhouse.native_request import Request
from deploy.local.clickhouse.native_result import send_result
from deploy.local.clickhouse.prepared import prepare
from deploy.local.clickhouse.spool import Spool
from deploy.local.clickhouse.statements import Insert, insert_of
from deploy.local.clickhouse.temporary import temporary


class NativeStatement:
    """An error of the statement is answered, and the connection can go on; ProtocolError and Disconnected end it."""

    def __init__(self, client: NativeClient, request: Request) -> None:
        self._client = client
        self._request = request
        self._input = NativeInput(client.window, client.service.engine, compressed=request.compressed)
        client.packets.compressed = request.compressed

    def serve(self) -> None:
        tables = self._input.external_tables()
        try:
            with temporary(self._client.session, tables), self._client.session.settings(self._settings()):
                self._run()
            self._client.packets.end()
        except ProtocolError:
            raise
        except ServerError as error:
            self._client.packets.exception(error)

    def _settings(self) -> dict[str, str]:
        known = self._client.service.engine.settings
        wanted = self._request.settings.items()
        return {name: setting.value for name, setting in wanted if name != "readonly" and (setting.important or name in known)}

    def _run(self) -> None:
        sql = self._request.sql
        insert = insert_of(sql)
        if not insert:
            send_result(self._client, self._request, read_only=self._is_read_only())
            return
        prepare(self._client.session, sql[: insert.rows_at], read_only=self._is_read_only())
        with self._client.service.engine.spool() as spool:
            if rows := sql[insert.rows_at :].strip("; \t\r\n"):
                spool.write(rows.encode("utf-8", "surrogateescape"))
                self._land(insert, spool)
            elif self._receive(insert, spool):
                self._land(replace(insert, format="Native"), spool)

    def _is_read_only(self) -> bool:
        readonly = self._request.settings.get("readonly")
        return readonly is not None and readonly.value != "0"

    def _receive(self, insert: Insert, spool: Spool) -> int:
        """Tell the client which columns are wanted, and take its rows; how many there were."""
        header = self._client.session.insertable(insert)
        _require_readable(header)
        self._client.packets.block(empty_block(header))
        self._client.packets.flush()
        return self._input.rows(spool)

    def _land(self, insert: Insert, spool: Spool) -> None:
        with self._client.at_work(self._request.query_id):
            result = self._client.session.insert(insert, spool, self._request.query_id)
        self._client.packets.progress(0, 0, 0, result.rows_written(), result.bytes_written())


def _require_readable(header: Sequence[Header]) -> None:
    """ServerError for a type that cannot be read from the wire, as long as none of it is there."""
    for column in header:
        try:
            column_of(column.type)
        except ProtocolError as error:
            raise ServerError(error.code, error.text) from None
