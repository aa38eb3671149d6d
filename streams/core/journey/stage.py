"""Stages: how long it took from one touchpoint to another."""

from collections.abc import Callable

from streams.core.definition.compiled import StagePlan
from streams.core.definition.length import Pauses
from streams.core.journey.pairs import pair_all, pair_first
from streams.core.journey.scene import Position, Scene
from streams.core.verdict import Stage


def entered(plan: StagePlan, scene: Scene) -> list[Stage]:
    """A stage, as often as it was entered.

    Per journey: from the first `from` to the first `to` of the journey, which may lie before it: then the duration is
    negative.  Per occurrence: each `from` enters; a `to` ends all that are entered and not ended; an entry that none
    follows ends with an earlier `to` that ended and began nothing.  With `match` only equal values belong together.
    `paused`: without the time in the journey's pauses.
    """
    begins = scene.found[plan.begins]
    if not begins:
        return []
    pairs = (pair_all if plan.each else pair_first)(begins, scene.found[plan.ends], plan.match, scene)
    return [_stage(plan, entry, begin, end, scene) for entry, (begin, end) in enumerate(pairs, 1)]


def _stage(plan: StagePlan, entry: int, begin: Position, end: Position | None, scene: Scene) -> Stage:
    touchpoints, started_at = scene.touchpoints, scene.at[begin]
    if end is None:
        return Stage(plan.name, entry, started_at, None, None, None, touchpoints[begin].event_id, "")
    ended_at = scene.at[end]
    pauses = scene.pauses if plan.paused else []
    duration_s = _spent_s(started_at, ended_at, pauses, _elapsed_ms)
    working_s = duration_s
    if (working_ms := plan.working_ms) is not None:
        region = touchpoints[begin].region
        working_s = _spent_s(started_at, ended_at, pauses, lambda from_ms, to_ms: working_ms(from_ms, to_ms, region))
    started_by, ended_by = touchpoints[begin].event_id, touchpoints[end].event_id
    return Stage(plan.name, entry, started_at, ended_at, duration_s, working_s, started_by, ended_by)


def _elapsed_ms(from_ms: int, to_ms: int) -> int:
    return to_ms - from_ms


def _spent_s(from_ms: int, to_ms: int, pauses: Pauses, measure: Callable[[int, int], int]) -> float:
    """What of the time between counts, without what of it was paused."""
    spent_ms = measure(from_ms, to_ms)
    for paused_ms, resumed_ms in pauses:
        begin_ms, end_ms = max(from_ms, paused_ms), to_ms if resumed_ms is None else min(to_ms, resumed_ms)
        if begin_ms < end_ms:
            spent_ms -= measure(begin_ms, end_ms)
    return spent_ms / 1000
