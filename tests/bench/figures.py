"""What is measured, and what of it is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import NamedTuple


class Spread(NamedTuple):
    """Over the rounds of one run."""

    least: float
    middle: float
    most: float


def spread(values: Iterable[float]) -> Spread:
    known = list(values)
    return Spread(min(known), median(known), max(known))


@dataclass(frozen=True)
class Round:
    """Touchpoints worked off, in wall seconds and in CPU seconds of each process that worked on them, and of the servers."""

    touchpoints: int
    wall_s: float
    cpu_s: dict[str, float]
    servers_cpu_s: dict[str, float] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return self.touchpoints / self.wall_s

    def per_cpu_second(self, process: str | None = None) -> float:
        """Of one process, or of all together."""
        return self.touchpoints / (sum(self.cpu_s.values()) if process is None else self.cpu_s[process])


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the creation of a touchpoint until a query sees what followed from it."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float


def latency(waited_ms: Sequence[float]) -> Latency:
    """Raises ValueError for fewer than two."""
    if len(waited_ms) < 2:
        raise ValueError(f"{len(waited_ms)} touchpoints were seen: percentiles need two")
    at = quantiles(waited_ms, n=100)
    return Latency(len(waited_ms), at[49], at[94], at[98], max(waited_ms))
