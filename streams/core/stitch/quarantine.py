"""Who is too large is quarantined: left out of the state with a receipt that says so, while everybody else goes on.

An address is too large with more distinct touchpoints than `most_touchpoints`, those that are forgotten included, which are read
back to be counted.  So this is a function of the set of its touchpoints; whatever else comes is dropped without being counted.  It
stays so for as long as the address is anybody's.

A person's whole is too large when its addresses give it more than that: touchpoints, journeys and breakages together.  It can
shrink, by a split or a breakage that is withdrawn, so here it matters what it was at some time; it is over when no address of the
person gives anything any more.  What its addresses say of themselves stands.

Either is too large, too, when it would be a record of state of more than `most_kept_bytes`, touchpoints and whatever was said of
them: one that the state's topic does not take would stop the partition for good.  That shows when it is packed, so it costs
nothing; and it is what is kept at some time, forgotten touchpoints left out, so here it may matter in which order they came.

The receipt is a journey row of no definition, in the state `quarantined`, so it moves and goes as journeys do.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from streams.core.log import Quarantined
from streams.core.stitch.opened import Opened
from streams.core.stitch.state import WHOLE, Bucket, Part
from streams.core.touchpoint import id_of
from streams.core.verdict import Fact, Journey

RECEIPT = ""  # the definition of receipts: none has this name
QUARANTINED = "quarantined"  # their state
MOST_TOUCHPOINTS = 10_000
MOST_KEPT_BYTES = 4 << 20


class Fresh(NamedTuple):
    """Who was quarantined in this step: ids of the person and of the address, the person's own for its whole."""

    person_id: str
    address_id: str
    quarantined: Quarantined


class Quarantine:
    """Of one partition."""

    def __init__(self, most: int, most_kept_bytes: int) -> None:
        self.most, self.most_kept_bytes = most, most_kept_bytes
        self.begin(0)

    def begin(self, now_ms: int) -> None:
        """Of a step.  `now_ms` is wall time."""
        self._now_ms = now_ms
        self.left_out = 0  # touchpoints
        self.fresh: list[Fresh] = []

    def take(self, opened: Opened, kept_bytes: int = 0) -> None:
        """What is more than there may be.  `kept_bytes`: if that is the reason."""
        bucket, parts = opened.bucket, opened.bucket.parts.values()
        count = len(bucket.facts) + _held(parts) or (bucket.forgotten.count if bucket.forgotten else 0)
        times = [*_times(bucket)] or [self._now_ms]
        limits = (kept_bytes, self.most_kept_bytes) if kept_bytes else (0, 0)
        opened.quarantine(Quarantined(count, self.most, min(times), max(times), self._now_ms, *limits))
        address = opened.person if opened.key == WHOLE else opened.key
        if bucket.quarantined:
            self.fresh.append(Fresh(id_of(opened.person), id_of(address), bucket.quarantined))

    def check_whole(self, whole: Opened) -> None:
        if _held(whole.bucket.parts.values()) > self.most:
            self.take(whole)

    def is_beyond(self, bucket: Bucket) -> bool:
        """Whether more is kept than there may be; a stub may have more."""
        forgotten = bucket.forgotten.count if bucket.forgotten else 0
        return len(bucket.facts) + forgotten > self.most or _held(bucket.parts.values()) > self.most


def receipt_of(opened: Opened) -> str:
    """What a receipt has as its instance: the address's type and id; of a whole the person's id.  No values."""
    return id_of(opened.person) if opened.key == WHOLE else f"{opened.key.partition(':')[0]}:{id_of(opened.key)}"


def receipt(opened: Opened) -> Journey | None:
    """What is said of it while it is quarantined."""
    found = opened.bucket.quarantined
    if found is None:
        return None
    return Journey(
        definition=RECEIPT, definition_version=0, state=QUARANTINED, outcome="", instance=receipt_of(opened),
        opened_at=found.last_ms, closed_at=None, first_at=found.first_ms, last_at=found.last_ms, touchpoints=found.count,
        opened_by="", region="", channel="", effort=0.0, backfilled=False, stages=(), promises=(),
        facts=(
            Fact("most_touchpoints", found.most), Fact("quarantined_at", found.at_ms),
            *((Fact("kept_bytes", found.kept_bytes), Fact("most_kept_bytes", found.most_kept_bytes)) if found.kept_bytes else ()),
        ),
    )  # fmt: skip


def _held(parts: Collection[Part]) -> int:
    held = 0
    for part in parts:  # no generator: this is asked whenever a whole is judged
        held += len(part.facts) + len(part.lived) + len(part.breakages)
    return held


def _times(bucket: Bucket) -> Iterator[int]:
    if bucket.facts:
        yield from (bucket.facts[0].occurred_at, bucket.facts[-1].occurred_at)
    elif bucket.forgotten:
        yield from (bucket.forgotten.first_ms, bucket.forgotten.last_ms)
    for part in bucket.parts.values():
        yield from (each.occurred_at for each in part.facts)
        yield from (each.opened.occurred_at for each in part.lived)
        yield from (each.broken_at for each in part.breakages)
