"""Confluent framing (a zero byte, four bytes of schema id, Avro) over the packaged schemas.

Without a registry the packaged schemas serve by their numbers: on a topic of subject `touchpoint`, id 1 is `touchpoint/1.avsc`.
Logical types stay in the files and go on the wire as plain longs: inside, times are epoch milliseconds.
"""

import json
from collections.abc import Callable, Collection
from functools import cache
from io import BytesIO
from pathlib import Path
from struct import Struct
from typing import Any

from fastavro import parse_schema, schemaless_reader

from schemas.reading import UnknownSymbol, compile_reader
from schemas.writing import compile_writer

SUBJECTS = ("touchpoint", "rejected_touchpoint", "journey", "breakage", "person")
FRAME = Struct(">bI")
_HERE = Path(__file__).parent


class UnknownSchema(LookupError):
    """The frame names a schema that nobody here has."""


def numbers(subject: str) -> list[int]:
    """The packaged numbers of a subject, ascending."""
    return sorted(int(path.stem) for path in (_HERE / subject).glob("*.avsc"))


def source(subject: str, number: int) -> dict[str, Any]:
    """The schema as its file says it, logical types included."""
    path = _HERE / subject / f"{number}.avsc"
    if not path.is_file():
        raise UnknownSchema(f"{subject} has no schema {number}; packaged are {numbers(subject)}")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def without_logical_types(schema: Any) -> Any:
    """fastavro would make datetimes of logical types; we carry plain longs."""
    if isinstance(schema, dict):
        return {key: without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [without_logical_types(value) for value in schema]
    return schema


@cache
def parsed(subject: str, number: int) -> Any:
    return parse_schema(without_logical_types(source(subject, number)))


def encoder(subject: str, objects: Collection[str] = ()) -> Callable[[dict[str, Any]], bytes]:
    """-> a function from a record to framed bytes, in the newest packaged schema.  `objects`: see `compile_writer`."""
    number = numbers(subject)[-1]
    write, frame = compile_writer(parsed(subject, number), objects), FRAME.pack(0, number)
    return lambda record: frame + write(record)


def decoder(subject: str) -> Callable[[bytes], dict[str, Any]]:
    """-> a function from framed bytes to a record of the newest packaged schema, whatever number it was written with.

    Raises UnknownSchema for an id that is not packaged, ValueError for bytes that are not framed, UnknownSymbol, and EOFError,
    IndexError, ValueError or struct.error for bytes that do not fit the schema.
    """
    ours = numbers(subject)[-1]
    schema = parsed(subject, ours)
    read = compile_reader(schema)

    def decode(data: bytes) -> dict[str, Any]:
        magic, number = FRAME.unpack_from(data)
        if magic:
            raise ValueError(f"a framed {subject} begins with a zero byte, this one with {magic}")
        if number == ours:
            return read(data, FRAME.size)  # type: ignore[no-any-return]
        body = BytesIO(data)
        body.seek(FRAME.size)
        try:
            return schemaless_reader(body, parsed(subject, number), schema)  # type: ignore[return-value]
        except IndexError:  # what fastavro makes of a symbol that it does not know
            raise UnknownSymbol(f"an enum of {subject} {number}") from None

    return decode
