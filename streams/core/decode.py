"""From the bytes on the input topic to a record: framed Avro, or the same contract as a JSON object."""

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.codec import FRAME, UnknownSchema, decoder
from schemas.reading import UnknownSymbol
from streams.core.intake import Rejected

OPEN_BRACE = 0x7B
WHITE_SPACE = b" \t\r\n"
_json = msgspec.json.Decoder(dict[str, Any]).decode


def record_decoder() -> Callable[[bytes | None], dict[str, Any]]:
    """-> a function that raises Rejected for bytes that are neither."""
    avro = decoder("touchpoint")

    def decode(value: bytes | None) -> dict[str, Any]:
        if not value:
            raise Rejected("undecodable", "the record has no value")
        if value[0] == 0:
            return _from_avro(avro, value)
        if value[0] == OPEN_BRACE or value.lstrip(WHITE_SPACE)[:1] == b"{":
            return _from_json(value)
        raise Rejected("undecodable", "the value is neither framed Avro (a zero byte first) nor a JSON object")

    return decode


def _from_avro(avro: Callable[[bytes], dict[str, Any]], value: bytes) -> dict[str, Any]:
    if len(value) < FRAME.size:
        raise Rejected("undecodable", "the frame is cut off")
    try:
        return avro(value)
    except UnknownSchema as error:
        raise Rejected("unknown_schema", str(error)) from None
    except UnknownSymbol:
        raise Rejected("invalid_enum", "an enum has a symbol number that the schema does not know") from None
    except Exception as error:  # whatever a decoder makes of foreign bytes is the record's fault, not ours
        raise Rejected("undecodable", f"the bytes do not fit the schema: {type(error).__name__}") from None


def _from_json(value: bytes) -> dict[str, Any]:
    try:
        return _json(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected("undecodable", f"not a JSON object: {type(error).__name__}") from None
