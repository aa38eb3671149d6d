"""The clock of one source partition, and how late a touchpoint is against it."""

import msgspec

from streams.core.verdict import NEVER


class SourceClock(msgspec.Struct):
    """What intake has said about one source partition.  Survives a restart beside the committed offset.

    `newest_ms`: newest event time among acknowledged touchpoints, of each no more than the time at which the broker stored it, so
    that one stamped ahead does not overtake those that wait behind it; it counts only while the clock is live.
    """

    said_ms: int = NEVER
    final_ms: int = NEVER
    newest_ms: int = NEVER

    def lateness_ms(self, occurred_at: int) -> int:
        return max(0, self.said_ms - occurred_at) if self.said_ms > NEVER else 0

    def advance(self, allowed_lateness_ms: int, now_ms: int, emptied_at_ms: int | None) -> None:
        """Live: behind the newest event, never above wall time.  Read to its end: behind `emptied_at_ms`, the wall time that was
        noted before the end was asked for."""
        candidates = [self.said_ms]
        if self.newest_ms > NEVER:
            candidates.append(min(self.newest_ms, now_ms) - allowed_lateness_ms)
        if emptied_at_ms is not None:
            candidates.append(emptied_at_ms - allowed_lateness_ms)
        self.said_ms = max(candidates)

    def settle(self, as_of_ms: int, *, final: bool) -> None:
        """Held: an "as of" record says how far the clock is."""
        self.said_ms = max(self.said_ms, as_of_ms)
        if final:
            self.final_ms = max(self.final_ms, as_of_ms)
