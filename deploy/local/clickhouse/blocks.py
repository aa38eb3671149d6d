"""Blocks of columns: in the native protocol, and in the format Native that the engine reads and writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deploy.local.clickhouse.columns import column_of
from deploy.local.clickhouse.errors import Code, ProtocolError
from deploy.local.clickhouse.wire import Window, string, varint

# Before each block on the wire, and not in the format: field 1 is_overflows = 0, field 2 bucket_num = -1, no more.
BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"


@dataclass(frozen=True)
class Header:
    """A column's name and type, as ClickHouse writes them."""

    name: str
    type: str


@dataclass(frozen=True)
class Block:
    header: tuple[Header, ...]
    rows: int


def empty_block(header: Iterable[Header]) -> bytes:
    """Names and types without rows."""
    columns = [string(column.name) + string(column.type) for column in header]
    return varint(len(columns)) + b"\0" + b"".join(columns)


def read_block(window: Window) -> Block:
    """Read one block in the format Native; its bytes are `window.data[:window.pos]` until the next read."""
    window.drop()
    columns, rows = window.varint(), window.varint()
    return Block(tuple(_read_column(window, rows) for _ in range(columns)), rows)


def read_wire_block(window: Window) -> Block:
    """Read one block of the protocol; what stays in the window is the block in the format Native."""
    while field := window.varint():
        if field > 2:
            raise ProtocolError.of(Code.UNEXPECTED_PACKET_FROM_CLIENT, f"Unknown field {field} of a block's info.")
        window.skip(1 if field == 1 else 4)
    return read_block(window)


def split_blocks(native: bytes) -> Iterator[tuple[Block, bytes]]:
    """The blocks of a result in the format Native, each with its bytes."""
    window = window_over(native)
    while window.has_more():
        yield read_block(window), bytes(window.data[: window.pos])
        window.drop()


def window_over(native: bytes) -> Window:
    """All of `native`, and then the end."""
    chunks = iter([native])
    return Window(lambda: next(chunks, b""))


def _read_column(window: Window, rows: int) -> Header:
    header = Header(window.string(), window.string())
    if rows:
        column = column_of(header.type)
        column.skip_prefix(window)
        column.skip_data(window, rows)
    return header
