"""A compiled Avro writer for our own records.

fastavro spends most of its time on finding branches of unions; here a schema becomes one Python expression a record, which takes
two fifths of its time for a journey.  A property test holds it equal to fastavro.
"""

from collections.abc import Callable, Collection
from itertools import count
from struct import Struct
from typing import Any

Write = Callable[[Any], bytes]
_DOUBLE = Struct("<d").pack
_SMALL = [bytes((n << 1,)) for n in range(64)]
_PAIR = (1 << 14) - 1
_MORE = [bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_PAIR + 1)]  # 14 bits, and more to come
_LAST = [bytes((n & 127 | 128, n >> 7)) if n > 127 else bytes((n,)) for n in range(_PAIR + 1)]


def compile_writer(schema: Any, objects: Collection[str] = ()) -> Write:
    """-> a function from a value to its Avro bytes.  `schema` is what `fastavro.parse_schema` returns: names are full names.

    Records are mappings; those named in `objects` are objects whose attributes are the fields.
    """
    made = _Writer(objects)
    text = made.expression(schema, "value")
    return made.function(text)


def _long(value: int) -> bytes:
    if 0 <= value < 64:
        return _SMALL[value]
    zigzag = value << 1 ^ value >> 63
    if not 0 <= zigzag < 1 << 64:
        raise OverflowError(f"{value} does not fit into 64 bits")
    if zigzag <= _PAIR:
        return _LAST[zigzag]
    if zigzag >> 28 and zigzag >> 28 <= _PAIR:  # a time in milliseconds
        return _MORE[zigzag & _PAIR] + _MORE[zigzag >> 14 & _PAIR] + _LAST[zigzag >> 28]
    begun = b""
    while zigzag > _PAIR:
        begun += _MORE[zigzag & _PAIR]
        zigzag >>= 14
    return begun + _LAST[zigzag]


def _bytes(value: bytes) -> bytes:
    return _long(len(value)) + value


def _string(value: str) -> bytes:
    encoded = value.encode()
    size = len(encoded)
    return (_SMALL[size] if size < 64 else _long(size)) + encoded


_PRIMITIVES: dict[str, Write] = {"long": _long, "int": _long, "string": _string, "bytes": _bytes, "double": _DOUBLE}
_CLASSES: dict[str, type] = {
    "string": str, "long": int, "int": int, "double": float, "boolean": bool, "bytes": bytes, "null": type(None),
}  # fmt: skip


class _Writer:
    """Expressions over `names`, each of the bytes of one value."""

    def __init__(self, objects: Collection[str]) -> None:
        self.names: dict[str, Any] = {**_PRIMITIVES, "join": b"".join}
        self._objects = objects
        self._named: dict[str, Any] = {}
        self._count = count()

    def function(self, text: str) -> Write:
        """From `value` to what the expression makes of it."""
        write: Write = eval(f"lambda value: {text}", self.names)  # noqa: S307 - the text is made of our own packaged schemas
        return write

    def expression(self, schema: Any, value: str) -> str:
        if isinstance(schema, list):
            return self._union(schema, value)
        if isinstance(schema, str):
            return self.expression(self._named[schema], value) if schema in self._named else _primitive(schema, value)
        kind = schema["type"]
        if kind in ("record", "enum"):
            self._named[schema["name"]] = schema
        if kind == "record":
            return self._record(schema, value)
        if kind == "enum":
            return f"{self._keep({symbol: _SMALL[number] for number, symbol in enumerate(schema['symbols'])})}[{value}]"
        if kind == "array":
            return self._several(self.expression(schema["items"], "each"), value, value)
        if kind == "map":
            pair = f"string(each[0]) + {self.expression(schema['values'], 'each[1]')}"
            return self._several(pair, value, f"{value}.items()")
        return self.expression(kind, value)

    def _record(self, schema: Any, value: str) -> str:
        access = "{0}.{1}" if schema["name"].rpartition(".")[2] in self._objects else "{0}[{1!r}]"
        fields = [self.expression(field["type"], access.format(value, field["name"])) for field in schema["fields"]]
        return f"join(({', '.join(fields)},))" if fields else "b''"

    def _several(self, item: str, value: str, items: str) -> str:
        return f"(long(len({value})) + join([{item} for each in {items}]) + b'\\0' if {value} else b'\\0')"

    def _union(self, branches: list[Any], value: str) -> str:
        """The branch is found by the class of the value.  No two branches of ours have the same class."""
        if len(branches) == 2 and branches[0] == "null":
            return f"(b'\\0' if {value} is None else {_SMALL[1]!r} + {self.expression(branches[1], value)})"
        table: dict[type, Write] = {}
        for number, branch in enumerate(branches):
            kind = branch if isinstance(branch, str) else branch["type"]
            table[_CLASSES.get(kind, dict)] = self.function(f"{_SMALL[number]!r} + {self.expression(branch, 'value')}")
        if float in table:
            table.setdefault(int, table[float])
        return f"{self._keep(table)}[type({value})]({value})"

    def _keep(self, value: Any) -> str:
        name = f"kept{next(self._count)}"
        self.names[name] = value
        return name


def _primitive(kind: str, value: str) -> str:
    if kind == "null":
        return "b''"
    if kind == "boolean":
        return f"(b'\\1' if {value} else b'\\0')"
    return f"{kind}({value})"
