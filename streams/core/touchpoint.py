"""A touchpoint: one thing that happened between a person and the company, as the pipeline carries it."""

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

Scalar = str | int | float | bool
DESCRIBED = "person.described"  # action: it says what its person is, nothing happened; so it links nobody and is part of no journey
DESCRIBES = -1  # its late_ms, beside too_late
OF_PERSON = "person_"  # what an attribute's name begins with that is one of its person from then on
Order = tuple[int, int, str, str]
if TYPE_CHECKING:
    Pairs = tuple[tuple[str, str], ...]
    Attributes = dict[str, Scalar]
else:  # stays packed when a touchpoint is unpacked: most are carried and kept without anybody looking into them
    Pairs = Attributes = msgspec.Raw


class Touchpoint(msgspec.Struct, array_like=True, gc=False):
    """Content first, then what intake adds.  Packed as a MessagePack array: append new fields at the end, with a default.

    `occurred_at` and `received_at` are epoch milliseconds UTC; absent texts are empty.
    """

    occurred_at: int
    sequence: int
    event_id: str
    source: str
    origin: str  # product, human or system
    channel: str
    action: str
    direction: str  # inbound, outbound or empty
    identifiers: Pairs  # (type, value), as normalised by intake; read by `identifiers_of`
    attributes: Attributes  # read by `attributes_of`
    region: str
    locale: str
    agent: str  # who handled it
    team: str
    address: str  # identifier key that decides where it travels, see `identifier_key`
    content_hash: int  # 64 bits of the content; among copies the smallest wins; 0: not computed yet, see `hash_of`
    late_ms: int = 0  # how far behind the clock that intake had sent; 0 is not late, DESCRIBES with an action of DESCRIBED
    too_late: bool = False  # beyond the late horizon: it lands, and changes no journey
    load: str = ""  # name of the history load that brought it; empty for live traffic
    received_at: int = 0  # when the broker stored it on the input topic
    partition: int = 0  # where it lies on the input topic
    offset: int = 0
    copied: bool = False  # goes to another object that it carries, too: that copy is judged, and does not land


CONTENT_FIELDS = 14
_pack_content = msgspec.msgpack.Encoder(order="deterministic").encode


_unpack_pairs = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode
_unpack_attributes = msgspec.msgpack.Decoder(dict[str, Scalar]).decode


def identifiers_of(touchpoint: Touchpoint) -> Pairs:
    found = touchpoint.identifiers
    if type(found) is msgspec.Raw:  # type: ignore[comparison-overlap]  # see Pairs
        found = touchpoint.identifiers = _unpack_pairs(found)
    return found


def attributes_of(touchpoint: Touchpoint) -> Attributes:
    found = touchpoint.attributes
    if type(found) is msgspec.Raw:  # type: ignore[comparison-overlap]  # see Pairs
        found = touchpoint.attributes = _unpack_attributes(found)
    return found


def order_of(touchpoint: Touchpoint) -> Order:
    """The order of a journey: event time, then the source's own order, then the ids so that ties are the same everywhere."""
    return touchpoint.occurred_at, touchpoint.sequence, touchpoint.event_id, touchpoint.source


def content_hash(content: tuple[object, ...]) -> int:
    """64-bit hash of the first `CONTENT_FIELDS` fields of a touchpoint, independent of encoding and attribute order."""
    return int.from_bytes(blake2b(_pack_content(content), digest_size=8).digest(), "big")


def hash_of(touchpoint: Touchpoint) -> int:
    """Of its content, which its hash is a function of: what is kept goes without."""
    if touchpoint.content_hash:
        return touchpoint.content_hash
    identifiers_of(touchpoint)
    attributes_of(touchpoint)
    return content_hash(msgspec.structs.astuple(touchpoint)[:CONTENT_FIELDS])


def strip(touchpoint: Touchpoint) -> None:
    """Of what can be computed again, and of where it lay, which nobody asks who keeps it: a third of it once it is squeezed."""
    touchpoint.content_hash = touchpoint.received_at = touchpoint.partition = touchpoint.offset = 0


def better_copy(one: Touchpoint, other: Touchpoint) -> Touchpoint:
    """Of two copies of one (source, event id) at one address: the smallest content hash, stamped with the lesser lateness.

    A function of the set: the result does not depend on which copy came first.
    """
    kept, rest = (one, other) if hash_of(one) <= hash_of(other) else (other, one)
    late_ms, too_late = min(one.late_ms, other.late_ms), one.too_late and other.too_late
    load = kept.load and rest.load and min(kept.load, rest.load)
    if (late_ms, too_late, load) == (kept.late_ms, kept.too_late, kept.load):
        return kept
    return msgspec.structs.replace(kept, late_ms=late_ms, too_late=too_late, load=load)


def identifier_key(kind: str, value: str) -> str:
    """The one-string form of an identifier, `type:value`, used as key and address inside the pipeline."""
    return f"{kind}:{value}"


def hash_id(*parts: str) -> str:
    """A stable public id: 128 bits as 32 hex digits.  Ids carry no personal data in clear."""
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


@lru_cache(200_000)
def id_of(key: str) -> str:
    """The id of an identifier, type:value, and of the person whose strongest it is."""
    kind, _, value = key.partition(":")
    return hash_id(kind, value)
