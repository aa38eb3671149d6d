"""A compiled Avro writer for our own records.

fastavro spends most of its time on finding branches of unions; this one takes half of its time for a journey.  Made once a schema:
a tree of closures that append bytes to a list; a property test holds it equal to fastavro.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any

Write = Callable[[Callable[[bytes], None], Any], None]
_DOUBLE = Struct("<d").pack
_SMALL = [bytes((n << 1,)) for n in range(64)]
_PAIR = (1 << 14) - 1
_MORE = [bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_PAIR + 1)]  # 14 bits, and more to come
_LAST = [bytes((n & 127 | 128, n >> 7)) if n > 127 else bytes((n,)) for n in range(_PAIR + 1)]
_TRUE, _FALSE = b"\x01", b"\x00"


def compile_writer(schema: Any) -> Callable[[Any], bytes]:
    """-> a function from a value to its Avro bytes.  `schema` is what `fastavro.parse_schema` returns: names are full names."""
    write = _writer(schema, {})

    def encode(value: Any) -> bytes:
        pieces: list[bytes] = []
        write(pieces.append, value)
        return b"".join(pieces)

    return encode


def _long(put: Callable[[bytes], None], value: int) -> None:
    if 0 <= value < 64:
        put(_SMALL[value])
        return
    zigzag = value << 1 if value >= 0 else (-value << 1) - 1
    if zigzag >> 64:
        raise OverflowError(f"{value} does not fit into 64 bits")
    while zigzag > _PAIR:  # two bytes at a time: a time in milliseconds takes three steps
        put(_MORE[zigzag & _PAIR])
        zigzag >>= 14
    put(_LAST[zigzag])


def _bytes(put: Callable[[bytes], None], value: bytes) -> None:
    _long(put, len(value))
    put(value)


def _string(put: Callable[[bytes], None], value: str) -> None:
    encoded = value.encode()
    _long(put, len(encoded))
    put(encoded)


def _double(put: Callable[[bytes], None], value: float) -> None:
    put(_DOUBLE(value))


def _boolean(put: Callable[[bytes], None], value: bool) -> None:
    put(_TRUE if value else _FALSE)


def _null(_put: Callable[[bytes], None], _value: None) -> None:
    return


_PRIMITIVES: dict[str, Write] = {
    "long": _long, "int": _long, "string": _string, "bytes": _bytes, "double": _double, "boolean": _boolean, "null": _null,
}  # fmt: skip


def _writer(schema: Any, named: dict[str, Write]) -> Write:
    if isinstance(schema, list):
        return _union(schema, named)
    if isinstance(schema, str):
        return _PRIMITIVES.get(schema) or named[schema]
    kind = schema["type"]
    if kind == "record":
        return _record(schema, named)
    if kind == "enum":
        return named.setdefault(schema["name"], _enum(schema["symbols"]))
    if kind == "array":
        return _array(_writer(schema["items"], named))
    if kind == "map":
        return _map(_writer(schema["values"], named))
    return _writer(kind, named)


def _record(schema: Any, named: dict[str, Write]) -> Write:
    fields: list[tuple[str, Write]] = []

    def write(put: Callable[[bytes], None], value: Any) -> None:
        for name, field in fields:
            field(put, value[name])

    named[schema["name"]] = write
    fields += [(field["name"], _writer(field["type"], named)) for field in schema["fields"]]
    return write


def _enum(symbols: list[str]) -> Write:
    numbers = {symbol: _SMALL[number] for number, symbol in enumerate(symbols)}

    def write(put: Callable[[bytes], None], value: str) -> None:
        put(numbers[value])

    return write


def _array(item: Write) -> Write:
    def write(put: Callable[[bytes], None], value: list[Any]) -> None:
        if value:
            _long(put, len(value))
            for each in value:
                item(put, each)
        put(_FALSE)

    return write


def _map(item: Write) -> Write:
    def write(put: Callable[[bytes], None], value: dict[str, Any]) -> None:
        if value:
            _long(put, len(value))
            for name, each in value.items():
                _string(put, name)
                item(put, each)
        put(_FALSE)

    return write


_CLASSES: dict[str, type] = {
    "string": str, "long": int, "int": int, "double": float, "boolean": bool, "bytes": bytes, "null": type(None),
}  # fmt: skip


def _union(branches: list[Any], named: dict[str, Write]) -> Write:
    """The branch is found by the class of the value; a record is a dict.  No two branches of ours have the same class."""
    known: dict[type, tuple[bytes, Write]] = {}
    for number, branch in enumerate(branches):
        kind = branch if isinstance(branch, str) else branch["type"]
        known[_CLASSES.get(kind, dict)] = (_SMALL[number], _writer(branch, named))
    if float in known:
        known.setdefault(int, known[float])

    def write(put: Callable[[bytes], None], value: Any) -> None:
        number, branch = known[type(value)]
        put(number)
        branch(put, value)

    return write
