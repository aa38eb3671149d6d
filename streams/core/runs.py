"""Offsets as runs: what comes one behind the other on one day is told by its first and last."""

from collections.abc import Iterable, Sequence

DAY_MS = 86_400_000
Run = tuple[str, int, int, int]  # kind, beginning of the day (epoch ms, UTC), first and last offset


def runs(kind: str, stored: Sequence[tuple[int, int]]) -> list[Run]:
    """`stored`: (offset, when the broker stored it, epoch ms), offsets ascending."""
    if not stored:
        return []
    (first, first_ms), (last, last_ms) = stored[0], stored[-1]
    if last - first == len(stored) - 1 and day_of(first_ms) == day_of(last_ms) and first_ms <= last_ms:
        return [(kind, day_of(first_ms), first, last)]  # nearly always: without looking at each
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
