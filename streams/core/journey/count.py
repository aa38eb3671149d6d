"""Counts: too many of one kind."""

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from itertools import islice

from streams.core.definition.compiled import CountPlan
from streams.core.definition.length import ENDLESS_MS
from streams.core.journey.broken import Broken, numbered
from streams.core.journey.pairs import ABSENT, alike, matching
from streams.core.journey.scene import Position, Scene


def broken_counts(plan: CountPlan, scene: Scene) -> list[Broken]:
    """A violation for each touchpoint of `of` that makes enough of them, together with those before it.

    Those before it count that lie within `within` of it (inclusive) and behind the last touchpoint of `until`.  `distinct`: the
    values at that path count, each once; a touchpoint without one does not.  `same`: those with equal values count together.
    `then: reset`: a violation uses up what it counted; `slide`: the next touchpoint may make another one.
    """
    hits = scene.found[plan.of]
    if len(hits) < plan.at_least:
        return []
    if plan.distinct and len({matching(plan.distinct, scene.touchpoints[hit]) for hit in hits}) < plan.at_least:
        return []  # the usual case, without a look at windows
    groups = alike(plan.same, hits, scene.touchpoints).values() if plan.same else [hits]
    return numbered(broken for group in groups for broken in _violations(plan, group, scene))


def _violations(plan: CountPlan, hits: Sequence[Position], scene: Scene) -> Iterable[Broken]:
    window = _Window(plan, scene)
    ends = deque(scene.found[plan.until])
    for hit in hits:
        while ends and ends[0] < hit:
            ends.popleft()
            window.clear()
        if window.add(hit) >= plan.at_least:
            yield Broken(hit, None, scene.at[hit], None, [(position, "of") for position in window.newest(plan.at_least)])
            if plan.resets:
                window.clear()


class _Window:
    """The hits that still count, by the values that are told apart: without `distinct` each is one of its own."""

    def __init__(self, plan: CountPlan, scene: Scene) -> None:
        self._plan, self._scene = plan, scene
        self._kept: dict[Hashable, tuple[int, Position]] = {}  # value -> (until when, its last hit), oldest hit first
        self._first_end_ms = ENDLESS_MS

    def clear(self) -> None:
        self._kept = {}
        self._first_end_ms = ENDLESS_MS

    def newest(self, count: int) -> list[Position]:
        return [position for _, position in islice(reversed(self._kept.values()), count)][::-1]

    def add(self, hit: Position) -> int:
        """-> how many count at this hit; none if it does not count itself."""
        plan, scene = self._plan, self._scene
        value: Hashable = hit if plan.distinct is None else matching(plan.distinct, scene.touchpoints[hit])
        if value == ABSENT:
            return 0
        now_ms = scene.at[hit]
        if self._first_end_ms < now_ms:
            self._kept = {each: kept for each, kept in self._kept.items() if kept[0] >= now_ms}
            self._first_end_ms = min((end_ms for end_ms, _ in self._kept.values()), default=ENDLESS_MS)
        end_ms = ENDLESS_MS if plan.within is None else plan.within.after(now_ms, scene.touchpoints[hit].region)
        self._kept.pop(value, None)
        self._kept[value] = end_ms, hit
        self._first_end_ms = min(self._first_end_ms, end_ms)
        return len(self._kept)
