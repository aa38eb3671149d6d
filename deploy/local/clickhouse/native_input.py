"""The data packets of one statement of a native client: rows to insert, and external tables."""

from deploy.local.clickhouse.blocks import Block, Header, read_wire_block
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import Code, ProtocolError, ServerError
from deploy.local.clickhouse.frames import unframed
from deploy.local.clickhouse.native_request import FromClient
from deploy.local.clickhouse.spool import Spool
from deploy.local.clickhouse.statements import identifier
from deploy.local.clickhouse.temporary import ExternalTable
from deploy.local.clickhouse.wire import Window


class NativeInput:
    """Reads the packets up to the next empty block, twice at most: external tables, then rows."""

    def __init__(self, window: Window, engine: Engine, *, compressed: bool) -> None:
        self._packets = window
        self._blocks = unframed(window) if compressed else window
        self._engine = engine

    def external_tables(self) -> list[ExternalTable]:
        """Their files are the caller's to close."""
        tables: dict[str, ExternalTable] = {}
        try:
            while (read := self._next())[1].header:
                name, block = read
                if name not in tables:
                    tables[name] = ExternalTable(name, _structure(block.header), self._engine.spool())
                if block.rows:
                    self._keep(tables[name].rows)
        except BaseException:
            for table in tables.values():
                table.rows.close()
            raise
        return list(tables.values())

    def rows(self, into: Spool) -> int:
        """How many rows came; all have been read, even where the disk was too full for them."""
        rows = 0
        full: ServerError | None = None
        while (block := self._next()[1]).header:
            rows += block.rows
            try:
                if block.rows and not full:
                    self._keep(into)
            except ServerError as error:
                full = error
        if full:
            raise full
        return rows

    def _next(self) -> tuple[str, Block]:
        self._packets.drop()
        packet = self._packets.varint()
        if packet != FromClient.DATA:
            raise ProtocolError.of(Code.UNEXPECTED_PACKET_FROM_CLIENT, f"Packet {packet} came in place of data.")
        return self._packets.string(), read_wire_block(self._blocks)

    def _keep(self, into: Spool) -> None:
        # Released at once, also on an error, whose traceback would hold it: the window could not move on.
        with memoryview(self._blocks.data) as window, window[: self._blocks.pos] as block:
            into.write(block)


def _structure(header: tuple[Header, ...]) -> str:
    return ", ".join(f"{identifier(column.name)} {column.type}" for column in header)
