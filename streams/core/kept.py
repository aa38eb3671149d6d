"""What intake keeps of a source partition beside the committed offset."""

import msgspec

from streams.core.lateness import SourceClock
from streams.core.poison import Newest
from streams.core.verdict import NEVER


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """Metadata of a commit: a broker takes 4,096 bytes."""

    said_ms: int = NEVER
    final_ms: int = NEVER
    newest: Newest = Newest()


_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Kept).decode


def to_metadata(clock: SourceClock, newest: Newest) -> str:
    return _encode(Kept(clock.said_ms, clock.final_ms, newest)).decode()


def from_metadata(text: str | None) -> tuple[SourceClock, Newest]:
    """A commit of somebody else's carries nothing."""
    try:
        kept = _decode(text) if text else Kept()
    except msgspec.DecodeError:
        kept = Kept()
    return SourceClock(kept.said_ms, kept.final_ms), kept.newest
