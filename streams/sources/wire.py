"""From a row of a mapping to the bytes of a touchpoint: framed Avro, or the same as a JSON object.

A row's values come in the order of the wire, so its bytes are one table look-up a value, joined.  The tables remember the bytes
of values that come again, so this takes less than half the time of making a record and writing that; a test holds both equal.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import getitem
from typing import Any

import msgspec

from schemas.codec import FRAME
from schemas.writing import compile_writer
from streams.sources import contract
from streams.sources.columns import CONTENT, Column
from streams.sources.contract import ATTRIBUTES, IDENTIFIERS

Row = tuple[Any, ...]
Encode = Callable[[Row], bytes]
_END = b"\0"  # of a list of blocks
_REMEMBERED = 50_000  # values a column; then it starts anew


zigzag = compile_writer("long")
text = compile_writer("string")


def symbol(symbols: tuple[str, ...], value: str) -> bytes:
    """Avro's enum; a stranger gets the index behind the last, which no reader can resolve."""
    return zigzag(symbols.index(value) if value in symbols else len(symbols))


def count(parts: int) -> bytes:
    """The head of a block of identifiers or attributes; without any there is no block."""
    return zigzag(parts) if parts else b""


def block(identifiers: Sequence[dict[str, str]]) -> bytes:
    return count(len(identifiers)) + b"".join(text(one["type"]) + text(one["value"]) for one in identifiers)


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "string": text, "long": zigzag, "double": compile_writer("double"), "boolean": compile_writer("boolean"),
    "count": count, "list": block,
}  # fmt: skip


class _Table(dict[Any, bytes]):
    """value -> prefix and its bytes; what is absent (None) takes none, yet ends what came before."""

    def __init__(self, write: Callable[[Any], bytes], prefix: bytes, end: bytes) -> None:
        self.write, self.prefix, self.end = write, end + prefix, end

    def __missing__(self, value: Any) -> bytes:
        if len(self) >= _REMEMBERED:
            self.clear()
        out = self[value] = self.end if value is None else self.prefix + self.write(value)
        return out


class _Lists(_Table):
    """A list is no key of a dict: written each time."""

    def __getitem__(self, value: Any) -> bytes:
        return self.prefix + self.write(value)


def avro(content: Sequence[Column]) -> Encode:
    """-> row -> framed bytes in the newest packaged schema."""
    before = [None, *(column.field.name for column in content)]
    tables = [
        _table(column, _END if previous in (IDENTIFIERS, ATTRIBUTES) and previous != column.field.name else b"")
        for previous, column in zip(before, content, strict=False)
    ]
    frame, end = FRAME.pack(0, contract.NUMBER), _END if before[-1] in (IDENTIFIERS, ATTRIBUTES) else b""
    return lambda row: frame + b"".join(map(getitem, tables, row[CONTENT:])) + end


def _table(column: Column, end: bytes) -> _Table:
    if column.kind == "list":
        return _Lists(block, b"", end)
    prefix = b""
    if column.field.name == IDENTIFIERS and column.kind == "string":
        prefix = text(column.name)
    if column.field.name == ATTRIBUTES and column.kind != "count":
        prefix = text(column.name) + zigzag(column.field.values.index(column.kind))
    write = partial(symbol, column.field.symbols) if column.kind == "enum" else _WRITERS[column.kind]
    return _Table(write, prefix, end)


def record(content: Sequence[Column], row: Row) -> dict[str, Any]:
    """-> the row as a touchpoint of the contract, with its field names."""
    out: dict[str, Any] = {}
    for column, value in zip(content, row[CONTENT:], strict=True):
        field = column.field.name
        if column.kind == "count":
            out[field] = [] if field == IDENTIFIERS else {}
        elif column.kind == "list" or field not in (IDENTIFIERS, ATTRIBUTES):
            out[field] = value
        elif value is not None and field == IDENTIFIERS:
            out[field].append({"type": column.name, "value": value})
        elif value is not None:
            out[field][column.name] = value
    return out


def json(content: Sequence[Column]) -> Encode:
    """-> row -> one JSON object."""
    encode = msgspec.json.Encoder().encode
    return lambda row: encode(record(content, row))
