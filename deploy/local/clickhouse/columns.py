"""How many bytes a column takes: the native protocol frames nothing, so the end of a block is found type by type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from deploy.local.clickhouse.errors import Code, ProtocolError
from deploy.local.clickhouse.wire import Window

_ATOM = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|.", re.S)
_NAMED = re.compile(r"(?:`(?:[^`\\]|\\.)*`|\w+)\s+(?=\w)(.*)", re.S)
_SIZE_BYTES = {
    size: names.split()
    for size, names in {
        1: "UInt8 Int8 Bool Enum8 Nothing",
        2: "UInt16 Int16 Date Enum16 BFloat16",
        4: "UInt32 Int32 Float32 Date32 DateTime IPv4 Time Decimal32",
        8: "UInt64 Int64 Float64 DateTime64 Time64 Decimal64",
        16: "UInt128 Int128 UUID IPv6 Decimal128",
        32: "UInt256 Int256 Decimal256",
    }.items()
}
_FIXED = {name: size for size, names in _SIZE_BYTES.items() for name in names}
_GEO = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}


class Column(Protocol):
    """A type as it lies on the wire: first all prefixes, outermost first, then all data.

    A part without rows takes no bytes, so `skip_data` wants at least one row.
    """

    def skip_prefix(self, window: Window) -> None: ...
    def skip_data(self, window: Window, rows: int) -> None: ...


@dataclass(frozen=True)
class Fixed:
    size_bytes: int

    def skip_prefix(self, window: Window) -> None:
        pass

    def skip_data(self, window: Window, rows: int) -> None:
        window.skip(rows * self.size_bytes)


@dataclass(frozen=True)
class Strings:
    def skip_prefix(self, window: Window) -> None:
        pass

    def skip_data(self, window: Window, rows: int) -> None:
        window.skip_strings(rows)


@dataclass(frozen=True)
class Nullable:
    inner: Column

    def skip_prefix(self, window: Window) -> None:
        self.inner.skip_prefix(window)

    def skip_data(self, window: Window, rows: int) -> None:
        window.skip(rows)
        self.inner.skip_data(window, rows)


@dataclass(frozen=True)
class Array:
    """Where each row ends in the column of elements, then the elements."""

    inner: Column

    def skip_prefix(self, window: Window) -> None:
        self.inner.skip_prefix(window)

    def skip_data(self, window: Window, rows: int) -> None:
        window.skip((rows - 1) * 8)
        if elements := window.uint64():
            self.inner.skip_data(window, elements)


@dataclass(frozen=True)
class Tuple:
    inner: tuple[Column, ...]

    def skip_prefix(self, window: Window) -> None:
        for column in self.inner:
            column.skip_prefix(window)

    def skip_data(self, window: Window, rows: int) -> None:
        for column in self.inner:
            column.skip_data(window, rows)


@dataclass(frozen=True)
class LowCardinality:
    """A version; flags whose low byte gives the width of an index; the dictionary; the indexes."""

    dictionary: Column

    def skip_prefix(self, window: Window) -> None:
        window.skip(8)

    def skip_data(self, window: Window, rows: int) -> None:  # noqa: ARG002 - the column says itself how many indexes it has
        width_bytes = 1 << (window.uint64() & 0xFF)
        self.dictionary.skip_data(window, window.uint64())
        window.skip(window.uint64() * width_bytes)


@lru_cache(4096)
def column_of(type_name: str) -> Column:
    """The column of a ClickHouse type; ProtocolError (NOT_IMPLEMENTED) for one whose layout is not known here."""
    name, _, rest = type_name.partition("(")
    arguments = list(split_arguments(rest[:-1])) if rest else []
    if name in _GEO:
        return column_of(_GEO[name])
    if name in _FIXED or name.startswith("Interval"):
        return Fixed(_FIXED.get(name, 8))
    if name == "String":
        return Strings()
    if not arguments:
        raise _unknown(type_name)
    return _parametric(type_name, name, arguments)


def _parametric(type_name: str, name: str, arguments: list[str]) -> Column:
    match name:
        case "FixedString":
            return Fixed(int(arguments[0]))
        case "Decimal":
            return Fixed(next(size for size, digits in ((4, 9), (8, 18), (16, 38), (32, 76)) if int(arguments[0]) <= digits))
        case "Nullable":
            return Nullable(column_of(arguments[0]))
        case "Array":
            return Array(column_of(arguments[0]))
        case "Map":
            return Array(Tuple((column_of(arguments[0]), column_of(arguments[1]))))
        case "Tuple":
            return _tuple(arguments)
        case "Nested":
            return Array(_tuple(arguments))
        case "LowCardinality":
            plain = re.sub(r"^Nullable\((.*)\)$", r"\1", arguments[0])  # its NULL is an entry of the dictionary
            return LowCardinality(column_of(plain))
        case "SimpleAggregateFunction":
            return column_of(arguments[-1])
    raise _unknown(type_name)


def _tuple(arguments: list[str]) -> Tuple:
    return Tuple(tuple(column_of(named[1] if (named := _NAMED.fullmatch(part)) else part) for part in arguments))


def _unknown(type_name: str) -> ProtocolError:
    return ProtocolError.of(
        Code.NOT_IMPLEMENTED, f"Type {type_name} cannot be read from a client by the embedded server: send it as String."
    )


def split_arguments(arguments: str) -> Iterator[str]:
    """What stands between the commas that are neither quoted nor in parentheses."""
    depth, part = 0, ""
    for atom in _ATOM.findall(arguments):
        depth += (atom == "(") - (atom == ")")
        if atom == "," and not depth:
            yield part.strip()
            part = ""
        else:
            part += atom
    yield part.strip()
