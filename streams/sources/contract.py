"""What a mapping's result may consist of: read off the packaged Avro contract of a touchpoint."""

from dataclasses import dataclass
from typing import Any

from schemas.codec import numbers, parsed

SUBJECT = "touchpoint"
NUMBER = numbers(SUBJECT)[-1]
IDENTIFIER, IDENTIFIERS, ATTRIBUTE, ATTRIBUTES = "identifier_", "identifiers", "attribute_", "attributes"


@dataclass(frozen=True)
class Field:
    name: str
    kind: str  # Avro's type: string, long, enum, array or map
    default: str | int | None  # None: a mapping must give it
    symbols: tuple[str, ...] = ()  # of an enum
    values: tuple[str, ...] = ()  # of a map: the types that a value may have, in the order of the union


def _field(field: dict[str, Any]) -> Field:
    shape = field["type"] if isinstance(field["type"], dict) else {"type": field["type"]}
    symbols, values = tuple(shape.get("symbols", ())), tuple(shape.get("values", ()))
    return Field(field["name"], shape["type"], field.get("default"), symbols, values)


FIELDS = tuple(_field(field) for field in parsed(SUBJECT, NUMBER)["fields"])
SINGLE = tuple(field for field in FIELDS if field.name not in (IDENTIFIERS, ATTRIBUTES))
REQUIRED = tuple(field.name for field in SINGLE if field.default is None)
