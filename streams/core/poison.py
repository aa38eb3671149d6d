"""How many of the newest records of a source partition were rejected, and when that is too many to go on.

A bad release of a producer makes every record unreadable.  Rejecting them one by one would empty the topic into the dead letters
without anybody noticing; so intake stops in front of a batch when it, and the newest records with it, are rejected beyond a share.
"""

from dataclasses import dataclass

import msgspec

PARTS = 10  # a window moves on by a tenth of itself


@dataclass(frozen=True)
class Limit:
    """Of the newest `window` records at most `share` may be rejected, once there are `least`.  A share of 1 lets all through."""

    share: float
    window: int
    least: int


class Newest(msgspec.Struct, frozen=True, array_like=True):
    """What became of the newest records.  `parts`: (records, rejected), the oldest first.  Survives a restart beside the offset,
    so that starting again does not let another share through."""

    parts: tuple[tuple[int, int], ...] = ()

    @property
    def records(self) -> int:
        return sum(records for records, _ in self.parts)

    @property
    def rejected(self) -> int:
        return sum(rejected for _, rejected in self.parts)

    @property
    def share(self) -> float:
        return self.rejected / self.records if self.parts else 0.0

    def taken_up(self, limit: Limit) -> "Newest":
        """As it counts for who begins.  Nobody stops behind a share that is too large: what stands beyond it was let through on
        purpose, and a single broken record behind it is a single one again."""
        return Newest() if self.records >= limit.least and self.share > limit.share else self

    def after(self, records: int, rejected: int, limit: Limit) -> "Newest":
        """With a batch more, and without what is too old by now: `window` records at least, and a part or a batch more at most."""
        if not records:
            return self
        parts = [*self.parts]
        if parts and parts[-1][0] < limit.window // PARTS:
            before = parts.pop()
            parts.append((before[0] + records, before[1] + rejected))
        else:
            parts.append((records, rejected))
        total = sum(each for each, _ in parts)
        while total - parts[0][0] >= limit.window:
            total -= parts.pop(0)[0]
        return Newest(tuple(parts))

    def forbids(self, records: int, rejected: int, limit: Limit) -> bool:
        """Whether to stop in front of such a batch.  One that is itself within the limit passes: whatever was let through on
        purpose before it, what is good again goes on."""
        with_it = self.after(records, rejected, limit)
        return with_it.records >= limit.least and with_it.share > limit.share and rejected > limit.share * records
