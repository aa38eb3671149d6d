"""A compiled Avro reader for our own records: a schema becomes one Python function without a call a field.

fastavro asks at each value what its schema is; reading this way takes three fifths of its time for a touchpoint.  Property tests
hold it equal to fastavro on whole records; damaged ones are a misfit or a record, and never anything else.
"""

from collections.abc import Callable, Iterator
from itertools import count
from struct import Struct
from typing import Any

Read = Callable[[bytes, int], Any]
_LONGEST_BITS = 63
_THREE_PAIRS = Struct("<HHH").unpack_from
_PAIR = [low & 127 | (high & 127) << 7 for high in range(256) for low in range(256)]  # two bytes of a number: 14 bits


class UnknownSymbol(ValueError):
    """An enum has a symbol number that its schema does not know."""


def compile_reader(schema: Any) -> Read:
    """-> a function from bytes, and where the value begins in them, to the value.

    `schema` is what `fastavro.parse_schema` returns.  The function raises EOFError, IndexError, ValueError or struct.error for
    bytes that do not fit, and UnknownSymbol.
    """
    made = _Reader()
    lines = ["def read(data, at):", " size = len(data)", *(f" {line}" for line in made.value(schema, "value")), " return value"]
    exec("\n".join(lines), made.names)  # noqa: S102 - the text is made of our own packaged schemas
    read: Read = made.names["read"]
    return read


def _rest(data: bytes, at: int, begun: int) -> tuple[int, int]:
    """-> a number whose first byte was not its last, and where it ends."""
    second = data[at]
    if second < 128:
        return begun & 127 | second << 7, at + 1
    if len(data) - at > 5:
        one, two, three = _THREE_PAIRS(data, at - 1)
        if one & two & 0x8080 == 0x8080 and three & 0x8080 == 0x80:  # a time in milliseconds
            return _PAIR[one] | _PAIR[two] << 14 | _PAIR[three] << 28, at + 5
    number, shift, at = begun & 127 | (second & 127) << 7, 14, at + 1
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
        if shift > _LONGEST_BITS:
            raise ValueError("a number of more than 64 bits")


def _end(at: int, zigzag: int, size: int) -> None:
    raise EOFError(f"{zigzag >> 1} bytes at {at} of {size}")


def _no_symbol(zigzag: int) -> None:
    raise UnknownSymbol(f"symbol {zigzag >> 1 ^ -(zigzag & 1)}")


class _Reader:
    """Lines of Python that put the value at `at` into a variable, and `at` behind it."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"rest": _rest, "end_of": _end, "no_symbol": _no_symbol, "double": Struct("<d").unpack_from}
        self._named: dict[str, Any] = {}
        self._count = count()

    def value(self, schema: Any, into: str) -> Iterator[str]:
        if isinstance(schema, list):
            yield from self._union(schema, into)
        elif isinstance(schema, str):
            yield from self.value(self._named[schema], into) if schema in self._named else _PRIMITIVES[schema](into)
        else:
            yield from self._complex(schema, into)

    def _complex(self, schema: Any, into: str) -> Iterator[str]:
        kind = schema["type"]
        if kind in ("record", "enum"):
            self._named[schema["name"]] = schema
        if kind == "record":
            yield from self._record(schema, into)
        elif kind == "enum":
            yield from _ZIGZAG
            yield f"if number & 1 or number >> 1 >= {len(schema['symbols'])}: no_symbol(number)"
            yield f"{into} = {self._keep(tuple(schema['symbols']))}[number >> 1]"
        elif kind == "array":
            yield from self._several(into, "[]", self._item(schema["items"], into))
        elif kind == "map":
            yield from self._several(into, "{}", self._entry(schema["values"], into))
        else:
            yield from self.value(kind, into)

    def _record(self, schema: Any, into: str) -> Iterator[str]:
        fields = [(field["name"], self._variable(), field["type"]) for field in schema["fields"]]
        for _, variable, kind in fields:
            yield from self.value(kind, variable)
        yield f"{into} = {{{', '.join(f'{name!r}: {variable}' for name, variable, _ in fields)}}}"

    def _several(self, into: str, empty: str, item: Iterator[str]) -> Iterator[str]:
        """Blocks of items up to an empty one; one whose count is negative says how long it is."""
        yield f"{into} = {empty}"
        yield "while True:"
        yield from _inside(_ZIGZAG)
        yield " if not number: break"
        yield " items = number >> 1 ^ -(number & 1)"
        yield " if items < 0:"
        yield "  items = -items"
        yield from _inside(_inside(_ZIGZAG))
        yield " for _ in range(items):"
        yield from _inside(_inside(item))

    def _item(self, schema: Any, into: str) -> Iterator[str]:
        variable = self._variable()
        yield from self.value(schema, variable)
        yield f"{into}.append({variable})"

    def _entry(self, schema: Any, into: str) -> Iterator[str]:
        name, variable = self._variable(), self._variable()
        yield from _string(name)
        yield from self.value(schema, variable)
        yield f"{into}[{name}] = {variable}"

    def _union(self, branches: list[Any], into: str) -> Iterator[str]:
        yield from _ZIGZAG
        for number, branch in enumerate(branches):
            yield f"{'el' if number else ''}if number == {number << 1}:"
            yield from _inside(self.value(branch, into))
        yield "else:"
        yield " raise ValueError(f'a union has no branch {number >> 1}')"

    def _variable(self) -> str:
        return f"v{next(self._count)}"

    def _keep(self, value: Any) -> str:
        name = f"kept{next(self._count)}"
        self.names[name] = value
        return name


def _inside(lines: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    return (f" {line}" for line in lines)


_ZIGZAG = ("number = data[at]", "at += 1", "if number > 127: number, at = rest(data, at, number)")


def _long(into: str) -> Iterator[str]:
    yield from _ZIGZAG
    yield f"{into} = number >> 1 ^ -(number & 1)"


def _bytes(into: str) -> Iterator[str]:
    yield from _ZIGZAG
    yield "end = at + (number >> 1)"
    yield "if end > size or number & 1: end_of(at, number, size)"
    yield f"{into} = data[at:end]"
    yield "at = end"


def _string(into: str) -> Iterator[str]:
    yield from _bytes("text")
    yield f"{into} = text.decode()"


def _double(into: str) -> Iterator[str]:
    yield f"{into} = double(data, at)[0]"
    yield "at += 8"


def _boolean(into: str) -> Iterator[str]:
    yield f"{into} = data[at] != 0"
    yield "at += 1"


def _null(into: str) -> Iterator[str]:
    yield f"{into} = None"


_PRIMITIVES: dict[str, Callable[[str], Iterator[str]]] = {
    "long": _long, "int": _long, "string": _string, "bytes": _bytes, "double": _double, "boolean": _boolean, "null": _null,
}  # fmt: skip
