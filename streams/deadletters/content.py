"""The value of a rejected record as far as it decodes."""

from functools import cache
from typing import Any

from schemas.codec import FRAME, numbers, parsed
from schemas.reading import Read, compile_reader
from streams.core.decode import record_decoder
from streams.core.intake import Rejected

SUBJECT = "touchpoint"
_decode = record_decoder()


def content(value: bytes | None) -> dict[str, Any] | None:
    """The record that the bytes are, a symbol that its enum does not know left out; None where they are none."""
    try:
        return _decode(value)
    except Rejected as rejected:
        return _without_symbols(value) if value and rejected.reason == "invalid_enum" else None


def _without_symbols(value: bytes) -> dict[str, Any] | None:
    read, symbols = _lenient()
    try:
        record: dict[str, Any] = read(value, FRAME.size)
    except (EOFError, IndexError, ValueError):
        return None
    for name, known in symbols.items():
        record[name] = known[record[name]] if 0 <= record[name] < len(known) else None
    return record


@cache
def _lenient() -> tuple[Read, dict[str, list[str]]]:
    """A reader that takes enums for the numbers which they are on the wire, and what these mean by field."""
    schema = parsed(SUBJECT, numbers(SUBJECT)[-1])
    enums = {each["name"]: each["type"]["symbols"] for each in schema["fields"] if _is_enum(each["type"])}
    fields = [{**each, "type": "int"} if each["name"] in enums else each for each in schema["fields"]]
    return compile_reader({**schema, "fields": fields}), enums


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, dict) and kind["type"] == "enum"
