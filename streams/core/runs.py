"""Offsets as runs: what comes one behind the other on one day is told by its first and last."""

from collections.abc import Iterable, Sequence

DAY_MS = 86_400_000
Run = tuple[str, int, int, int]  # kind, beginning of the day (epoch ms, UTC), first and last offset


def runs(kind: str, stored: Sequence[tuple[int, int]]) -> list[Run]:
    """`stored`: (offset, when the broker stored it, epoch ms), offsets ascending."""
    if not stored:
        return []
    first, last, times_ms = stored[0][0], stored[-1][0], [ms for _, ms in stored]  # a broker's clock may be set back
    if last - first == len(stored) - 1 and day_of(min(times_ms)) == day_of(max(times_ms)):
        return [(kind, day_of(times_ms[0]), first, last)]  # nearly always
    return _runs(kind, stored)


def _runs(kind: str, stored: Iterable[tuple[int, int]]) -> list[Run]:
    found: list[Run] = []
    for offset, ms in stored:
        day = day_of(ms)
        if found and found[-1][1] == day and found[-1][3] == offset - 1:
            found[-1] = (kind, day, found[-1][2], offset)
        else:
            found.append((kind, day, offset, offset))
    return found


def day_of(ms: int) -> int:
    return max(0, ms) // DAY_MS * DAY_MS
