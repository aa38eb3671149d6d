"""What lies in `person.log` and `identity.links`: a closed set of packed records, and where an identifier is at home.

Every record is a MessagePack array that begins with its kind.  New fields go to the end, with a default.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar
from zlib import crc32

import msgspec

from streams.core.touchpoint import Order, Touchpoint

T = TypeVar("T")
FORMAT = 5  # of log and state records; a reader refuses a newer one


class Redirect(msgspec.Struct, array_like=True, frozen=True):
    """What is addressed to `address` now belongs to `root`, says the redirect of this number.  The highest number wins."""

    address: str
    root: str
    number: int


class Touchpoints(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """Touchpoints whose address is at home in this partition, or whose owner is, as intake has heard by one of `redirects`."""

    items: list[Touchpoint]
    redirects: list[Redirect] = []


class Redirects(msgspec.Struct, array_like=True, tag=2, frozen=True):
    items: list[Redirect]


class Forgotten(msgspec.Struct, array_like=True, frozen=True):
    """Touchpoints of one address that stitch does not keep any more: how many at most, and between which times they happened."""

    count: int
    first_ms: int
    last_ms: int


class Quarantined(msgspec.Struct, array_like=True, frozen=True):
    """What is not kept any more, because it was more than `most`: touchpoints of an address, or what a person's whole held.

    Or because what was kept of it would have been `kept_bytes`, and that is more than `most_kept_bytes`; both are 0 otherwise.
    """

    count: int  # how many there were by then
    most: int
    first_ms: int  # between which times they happened
    last_ms: int
    at_ms: int  # wall time
    kept_bytes: int = 0
    most_kept_bytes: int = 0


class Move(msgspec.Struct, array_like=True, frozen=True):
    """Touchpoints of one address that follow its redirect to another home, or come back from the database.

    `forgotten`: those that belong to it as well, and are to be read back where it goes.
    `answers`: what was asked for under this number is complete with this; 0: it answers nothing.
    `quarantined`: the address is, and stays so wherever it goes.
    """

    redirect: Redirect
    touchpoints: list[Touchpoint]
    forgotten: Forgotten | None = None
    answers: int = 0
    quarantined: Quarantined | None = None


class MovedFacts(msgspec.Struct, array_like=True, tag=3, frozen=True):
    items: list[Move]


class IntakeClock(msgspec.Struct, array_like=True, tag=4, frozen=True):
    """Behind all touchpoints below it.  `times_ms` and `finals_ms` are keyed by source partition, of which there are `sources`."""

    sources: int
    times_ms: dict[int, int]
    finals_ms: dict[int, int]


class IdentityClock(msgspec.Struct, array_like=True, tag=5, frozen=True):
    """Behind all redirects (up to `number`) that follow from links below it."""

    ms: int
    final_ms: int
    number: int


class StitchClock(msgspec.Struct, array_like=True, tag=6, frozen=True):
    """From another partition of the log: both its turns, see `streams.core.clock`."""

    partition: int
    heard: tuple[int, int]  # ms, final ms
    forwarded: tuple[int, int]


class Activation(msgspec.Struct, array_like=True, tag=7, frozen=True):
    """Journeys that open at or after `effective_from_ms` are judged by this bundle of definitions."""

    bundle: str
    effective_from_ms: int


SEEN, LINKED, UNLINKED = 0, 1, 2  # what a link says


class Link(msgspec.Struct, array_like=True, frozen=True):
    """Two identifiers were seen in one touchpoint, or linked or unlinked on purpose by one.

    `weaker` is an object, or the lower of two person identifiers; `stronger` a person identifier, or an object of higher rank.
    """

    weaker: str
    stronger: str
    order: Order  # of the touchpoint that says so: occurred_at, sequence, event id, source
    says: int = SEEN


class Links(msgspec.Struct, array_like=True, tag=8, frozen=True):
    items: list[Link]


class Wanted(msgspec.Struct, array_like=True, frozen=True):
    """Forgotten touchpoints that a partition of the log asks for, and goes on asking for until they are answered.

    `clock_ms`: once intake's clocks have landed up to it, all of them have.
    """

    redirect: Redirect
    partition: int
    forgotten: Forgotten
    number: int  # names the request in its answer
    clock_ms: int


class FactsWanted(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The records of `facts.wanted`."""

    items: list[Wanted]


class Erased(msgspec.Struct, array_like=True, tag=9, frozen=True):
    """Forget these identifiers and whatever carries one of them, now and whenever it comes again.

    To identity by whoever erases; to every partition of the log by identity, which adds what belongs to the same person by then.
    """

    erasure: str  # its id
    keys: list[str]
    at_ms: int = 0
    who: str = ""
    why: str = ""
    beside: list[str] = []  # what else was carried with them: touchpoints of theirs may lie there


LogRecord = Touchpoints | Redirects | MovedFacts | IntakeClock | IdentityClock | StitchClock | Activation | Erased
LinkRecord = Links | IntakeClock | Erased

pack = msgspec.msgpack.Encoder().encode
unpack_log = msgspec.msgpack.Decoder(LogRecord).decode
unpack_wanted = msgspec.msgpack.Decoder(FactsWanted).decode
unpack_link = msgspec.msgpack.Decoder(LinkRecord).decode


def home(address: str, partitions: int) -> int:
    """The partition of `person.log` in which an identifier is at home."""
    return crc32(address.encode()) % partitions


def version(epoch: int, offset: int, step: int) -> int:
    """(epoch, offset, step) in 8, 40 and 16 bits: grows with the log, and with every new life of it."""
    return epoch << 56 | offset << 16 | step


def cut(items: Iterable[T], weigh_bytes: Callable[[T], int], most: int = 500, most_bytes: int = 400_000) -> Iterator[list[T]]:
    """Lists small enough for one record each."""
    piece: list[T] = []
    size_bytes = 0
    for item in items:
        its_bytes = weigh_bytes(item)
        if piece and (len(piece) >= most or size_bytes + its_bytes > most_bytes):
            yield piece
            piece, size_bytes = [], 0
        piece.append(item)
        size_bytes += its_bytes
    if piece:
        yield piece


def together(one: Forgotten | None, other: Forgotten | None) -> Forgotten | None:
    if one is None or other is None:
        return one or other
    return Forgotten(one.count + other.count, min(one.first_ms, other.first_ms), max(one.last_ms, other.last_ms))


def weigh(touchpoint: Touchpoint) -> int:
    """Bytes that a touchpoint takes when packed, about: attributes are what can be large."""
    attributes = touchpoint.attributes
    if isinstance(attributes, msgspec.Raw):
        return 300 + len(attributes)
    return 300 + sum(len(name) + (len(value) if isinstance(value, str) else 9) for name, value in attributes.items())
