"""Whether bytes that need not be a touchpoint carry an identifier: as far as they can be read, and by the words in them.

A record that decodes tells its identifiers by type, whatever their values are; in texts and in bytes that do not decode any word of
at least `SHORTEST` characters may be the value of any type.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streams.core.decode import record_decoder
from streams.core.identifiers import Identifiers
from streams.core.intake import Rejected
from streams.core.touchpoint import identifier_key

SHORTEST = 6  # characters: a shorter word says little about whom it means
MOST_BYTES = 1 << 16  # of a record that are looked into for words
WORD = re.compile(rf"[^\s\x00-\x1f\"'{{}}\[\],;<>()]{{{SHORTEST},256}}")
_decode = record_decoder()


def mentioned(key: bytes | None, value: bytes | None, identifiers: Identifiers, wanted: Callable[[str], bool]) -> bool:
    """`wanted`: is asked of keys, type:value."""
    return any(wanted(each) for each in carried_keys(key, value, identifiers))


def carried_keys(key: bytes | None, value: bytes | None, identifiers: Identifiers) -> Iterator[str]:
    try:
        record = _decode(value)
    except Rejected:
        texts = [_text(value)]
    else:
        yield from _declared(record, identifiers)
        texts = list(_texts(record))
    words = {word for text in (_text(key), *texts) for found in WORD.findall(text) for word in (found, found.partition(":")[2])}
    for name in identifiers.types:
        for word in words:
            if (formed := identifiers.value(name, word)) and len(word) >= SHORTEST:
                yield identifier_key(name, formed)


def _declared(record: dict[str, Any], identifiers: Identifiers) -> Iterator[str]:
    found, region = record.get("identifiers"), record.get("region")
    each_of = found if isinstance(found, list) else []
    pairs = [(pair.get("type"), pair.get("value")) for pair in each_of if isinstance(pair, dict)]
    for name, value in pairs:
        if isinstance(name, str) and isinstance(value, str):
            formed = identifiers.value(name, value, region if isinstance(region, str) else "")
            yield identifier_key(name, formed)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
        for each in inner:
            yield from _texts(each)


def _text(value: bytes | None) -> str:
    return (value or b"")[:MOST_BYTES].decode("utf-8", "replace")
