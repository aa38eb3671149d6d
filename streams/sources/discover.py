"""What happens most, before any rule exists: variants, step times, how it begins and ends, what repeats, what stays unfinished."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from streams.sources.touches import CASES, STEPS, Touches

_END_SHARE = 0.5  # of the instances that have an action end with it: then it is an ending
_END_LEAST = 0.01  # of all instances
_QUANTILES = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Variant:
    """One sequence of actions.  `example` is a hash of one of its instances."""

    actions: tuple[str, ...]
    instances: int
    share: float
    p50_s: float  # from first to last
    example: str


@dataclass(frozen=True)
class Step:
    """One action right after another.  `waited_s`: all of its times together."""

    before: str
    after: str
    count: int
    instances: int
    p50_s: float
    p95_s: float
    waited_s: float


@dataclass(frozen=True)
class Loop:
    """`repeated`: instances in which an action directly follows itself; `returned`: in which it comes back after another."""

    action: str
    repeated: int
    returned: int


@dataclass(frozen=True)
class Unfinished:
    """Instances that stopped with an action that is no ending; `silent_p50_s` before the last touchpoint of all."""

    last: str
    instances: int
    silent_p50_s: float


@dataclass(frozen=True)
class Discovery:
    """Counts are of instances unless they say otherwise; times are in seconds, quantiles linear."""

    instance: str
    touchpoints: int
    refused: int
    without: int
    instances: int
    variants: int
    first_ms: int
    last_ms: int
    duration_s: dict[str, float]
    actions: dict[str, int]  # touchpoints
    frequent: tuple[Variant, ...]
    steps: tuple[Step, ...]
    firsts: dict[str, int]
    lasts: dict[str, int]
    endings: tuple[str, ...]
    loops: tuple[Loop, ...]
    unfinished: tuple[Unfinished, ...]


def discover(touches: Touches, top: int) -> Discovery:
    """`top`: so many variants, and three times as many steps."""
    found = _Queries(touches)
    instances, variants, first_ms, last_ms, *cuts = found.whole()
    lasts = found.ends(-1)
    endings = found.endings(instances, lasts)
    return Discovery(
        touches.instance, touches.touchpoints, touches.refused, touches.without, instances, variants, first_ms, last_ms,
        {f"p{round(100 * share)}": cut / 1_000 for share, cut in zip(_QUANTILES, cuts, strict=True)},
        found.actions(), found.frequent(instances, top), found.steps(3 * top), found.ends(1), lasts, endings, found.loops(),
        found.unfinished(endings, last_ms),
    )  # fmt: skip


class _Queries:
    def __init__(self, touches: Touches) -> None:
        self._connection = touches.connection

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, list(values)).fetchall()

    def whole(self) -> tuple[Any, ...]:
        cuts = ", ".join(f"quantile_cont(last_ms - first_ms, {share})" for share in _QUANTILES)
        (row,) = self._rows(f"SELECT count(*), count(DISTINCT actions), min(first_ms), max(last_ms), {cuts} FROM {CASES}")
        return row

    def actions(self) -> dict[str, int]:
        return dict(self._rows(f"SELECT action, count(*) AS n FROM {STEPS} GROUP BY action ORDER BY n DESC, action"))

    def frequent(self, instances: int, top: int) -> tuple[Variant, ...]:
        rows = self._rows(
            f"SELECT actions, count(*) AS n, quantile_cont(last_ms - first_ms, 0.5), min(instance) FROM {CASES} "
            f"GROUP BY actions ORDER BY n DESC, len(actions), actions LIMIT {top}"
        )
        return tuple(Variant(tuple(actions), n, n / instances, p50 / 1_000, _hash(example)) for actions, n, p50, example in rows)

    def steps(self, top: int) -> tuple[Step, ...]:
        times = "quantile_cont(took_ms, 0.5), quantile_cont(took_ms, 0.95), sum(took_ms)"
        rows = self._rows(
            f"SELECT action, next, count(*) AS n, count(DISTINCT instance), {times} FROM {STEPS} "
            f"WHERE next IS NOT NULL GROUP BY action, next ORDER BY n DESC, action, next LIMIT {top}"
        )
        return tuple(
            Step(before, after, n, who, p50 / 1_000, p95 / 1_000, float(waited) / 1_000)
            for before, after, n, who, p50, p95, waited in rows
        )

    def ends(self, place: int) -> dict[str, int]:
        """Action -> instances that begin (1) or end (-1) with it, the most frequent first."""
        rows = self._rows(f"SELECT actions[{place}] AS action, count(*) AS n FROM {CASES} GROUP BY action ORDER BY n DESC, action")
        return {str(action): int(n) for action, n in rows}

    def endings(self, instances: int, lasts: dict[str, int]) -> tuple[str, ...]:
        seen = dict(self._rows(f"SELECT action, count(DISTINCT instance) FROM {STEPS} GROUP BY action"))
        least = max(1.0, _END_LEAST * instances)
        return tuple(action for action, ended in lasts.items() if ended >= least and ended >= _END_SHARE * seen[action])

    def loops(self) -> tuple[Loop, ...]:
        rows = self._rows(
            "SELECT action, count(*) FILTER (repeats > 0) AS repeated, count(*) FILTER (runs > 1) AS returned FROM ("
            "SELECT instance, action, count(*) FILTER (next = action) AS repeats, "
            f"count(*) FILTER (before IS DISTINCT FROM action) AS runs FROM {STEPS} GROUP BY instance, action) "
            "GROUP BY action HAVING repeated + returned > 0 ORDER BY repeated + returned DESC, action"
        )
        return tuple(Loop(*row) for row in rows)

    def unfinished(self, endings: Sequence[str], latest_ms: int) -> tuple[Unfinished, ...]:
        """Nothing where no ending is known: then nothing can be said to lack one."""
        if not endings:
            return ()
        rows = self._rows(
            f"SELECT actions[-1] AS action, count(*) AS n, quantile_cont(? - last_ms, 0.5) FROM {CASES} "
            "WHERE NOT list_contains(?, actions[-1]) GROUP BY action ORDER BY n DESC, action",
            latest_ms, list(endings),
        )  # fmt: skip
        return tuple(Unfinished(action, n, silent / 1_000) for action, n, silent in rows)


def _hash(instance: str) -> str:
    """Enough to find it again with `sha256(…)`, and not who it is."""
    return sha256(instance.encode()).hexdigest()[:8]
