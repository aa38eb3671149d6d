"""What a partition of stitch keeps, and how it is packed.

| key                 | value                                                                                     |
|---------------------|-------------------------------------------------------------------------------------------|
| b + person + key    | bucket: the touchpoints addressed to `key`, and the journeys of which `key` is the instance |
| b + person          | its whole: what of its buckets matters for all of it, its own journeys and episodes        |
| r + address         | redirect: where an address went, and by which number                                      |
| p                   | position: how far the log is worked off, clocks, activations                              |
| e + keyed hash      | an identifier that was erased: `streams.core.suppressed`                                   |

A bucket's value begins with what a restart must know without unpacking the rest: its next deadline and what judged it last.  The
rest is squeezed.  Whatever nobody has touched since is as an earlier format left it: that of format 3 is not squeezed, that of
format 4 with LZ4.
One that nothing is to be expected of any more forgets its touchpoints: then a stub is left, which knows what was said, and how many
touchpoints there were.  Of one that is too large nothing is left but that it was: `streams.core.stitch.quarantine`.
"""

from hashlib import blake2b
from struct import Struct
from struct import error as StructError  # it is a class

import msgspec

from streams.core.clock import PartitionClocks
from streams.core.life import REMEDY, WrongLife
from streams.core.log import Activation, Forgotten, Quarantined
from streams.core.stitch.squeezed import content_of, lz4_content_of, lz4_size_of, size_of, squeezed
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Breakage, Clock, Lived

BUCKET, REDIRECT, POSITION = b"b", b"r", b"p"
WHOLE = ""  # the key of a person's whole among its buckets
HEADER = Struct(">qqI")
NO_DEADLINE = (1 << 62) - 1
STATE = "person.state"
UNREADABLE = f"an entry of {STATE} cannot be read; {REMEDY}"
RESTS, ASKS, LZ4, SQUEEZED = 1 << 31, 1 << 30, 1 << 29, 1 << 28  # in the last field of a header, above the number of activations


class Before(msgspec.Struct, array_like=True, frozen=True):
    """The journey's row last emitted, as far as aggregates count it, and a digest of all of it."""

    digest: int
    version: int
    state: str
    outcome: str
    opened_at: int
    closed_at: int | None
    region: str
    channel: str
    opened_by: str
    definition_version: int


class Standing(msgspec.Struct, array_like=True, frozen=True):
    """A breakage's row last emitted; one that was withdrawn is kept, one that moved is not."""

    row: Breakage
    version: int
    detected_at: int  # wall time of its first emission, since it was last withdrawn


class Entry(msgspec.Struct, array_like=True):
    """One definition's rows for one instance; empty: that of the bucket."""

    definition: str
    journey: Before | None = None
    breakages: list[Standing] = []
    instance: str = ""


class Part(msgspec.Struct, array_like=True, frozen=True):
    """What of one bucket matters for the whole of its person.  `number`: see Bucket."""

    number: int
    facts: list[Touchpoint]
    lived: list[Lived]
    breakages: list[Breakage]


class Asked(msgspec.Struct, array_like=True, frozen=True):
    """`number` names the last request for what is forgotten; `clock`: up to where the bucket had been judged before the first."""

    number: int
    clock: Clock


class Bucket(msgspec.Struct, array_like=True):
    facts: list[Touchpoint] = []
    number: int = 0  # of the redirect by which the facts' address belongs to this person; 0: it is the root itself
    entries: list[Entry] = []
    given: int = 0  # digest of the part last given to the person's whole; 0: none
    parts: dict[str, Part] = {}  # of a whole: by the key of the bucket
    forgotten: Forgotten | None = None  # touchpoints besides `facts` that are in the database only
    rests_ms: int = NEVER  # the newest of its facts, and the clock when the last one came: from then on it rests
    asked: Asked | None = None  # it awaits what is forgotten
    awaited: list[str] = []  # of a whole: keys of the buckets that await facts
    quarantined: Quarantined | None = None  # it was too large: nothing is kept of it, and nothing is judged
    givers: int = 0  # of a whole that is quarantined: how many buckets give to it


class Redirected(msgspec.Struct, array_like=True, frozen=True):
    root: str
    number: int


class Position(msgspec.Struct, array_like=True):
    """`offset` is the next record of the log, `step` how many transactions of it are done.  `life` names the log's topic id."""

    format: int
    clocks: PartitionClocks
    offset: int = 0
    step: int = 0
    epoch: int = 0
    life: str = ""
    activations: list[Activation] = []
    entries: int = -1  # of the state besides this one
    most_touchpoints: int = 0  # whatever is larger is quarantined; 0: nobody has looked yet
    most_kept_bytes: int = 0  # the same of its size


class Header(msgspec.Struct, frozen=True):
    next_deadline: int = NO_DEADLINE  # epoch ms
    final_ms: int = NEVER  # how far the books were closed when it was judged
    activations: int = 0  # how many activations it was judged by
    rests: bool = False  # nothing but touchpoints can change it: the deadline is that of forgetting them
    asks: bool = False


_pack = msgspec.msgpack.Encoder().encode
_bucket = msgspec.msgpack.Decoder(Bucket).decode
_redirect = msgspec.msgpack.Decoder(Redirected).decode
_position = msgspec.msgpack.Decoder(Position).decode


def bucket_key(person: str, key: str) -> bytes:
    return BUCKET + person.encode() + b"\0" + key.encode()


def split_bucket_key(key: bytes) -> tuple[str, str]:
    person, _, name = key[1:].decode().partition("\0")
    return person, name


def redirect_key(address: str) -> bytes:
    return REDIRECT + address.encode()


def pack_bucket(header: Header, bucket: Bucket) -> bytes:
    marks = SQUEEZED | (RESTS if header.rests else 0) | (ASKS if header.asks else 0)
    return HEADER.pack(header.next_deadline, header.final_ms, header.activations | marks) + squeezed(_pack(bucket))


def unpack_bucket(value: bytes) -> Bucket:
    """Raises WrongLife."""
    try:
        return _bucket(packed_bucket(value))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongLife(UNREADABLE) from error


def packed_bucket(value: bytes) -> bytes:
    """Without its header, and with all texts in it as they are.  Raises WrongLife."""
    rest, marks = value[HEADER.size :], _header(value)[2]
    if marks & SQUEEZED:
        return content_of(rest, UNREADABLE)
    return lz4_content_of(rest, UNREADABLE) if marks & LZ4 else rest


def bucket_bytes(value: bytes) -> int:
    """How large it is when it is not squeezed: a measure that no other release of a library changes.  Raises WrongLife."""
    rest, marks = value[HEADER.size :], _header(value)[2]
    if marks & SQUEEZED:
        return HEADER.size + size_of(rest, UNREADABLE)
    return HEADER.size + lz4_size_of(rest, UNREADABLE) if marks & LZ4 else len(value)


def read_header(value: bytes) -> Header:
    """Raises WrongLife."""
    next_deadline, final_ms, rest = _header(value)
    return Header(next_deadline, final_ms, rest & (SQUEEZED - 1), bool(rest & RESTS), bool(rest & ASKS))


def _header(value: bytes) -> tuple[int, int, int]:
    """Deadline, final clock, marks over the number of activations.  Raises WrongLife."""
    try:
        return HEADER.unpack_from(value)
    except StructError as error:
        raise WrongLife(UNREADABLE) from error


def digest_of(part: Part) -> int:
    return int.from_bytes(blake2b(_pack(part), digest_size=8).digest(), "big") or 1


def pack_redirect(redirected: Redirected) -> bytes:
    return _pack(redirected)


def unpack_redirect(value: bytes) -> Redirected:
    return _redirect(value)


def pack_position(position: Position) -> bytes:
    return _pack(position)


def unpack_position(value: bytes) -> Position:
    return _position(value)
