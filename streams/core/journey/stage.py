"""Stages: how long it took from one touchpoint to another."""

from collections.abc import Sequence

from streams.core.definition.compiled import StagePlan
from streams.core.journey.pairs import pair_all, pair_first
from streams.core.journey.scene import Position, Scene
from streams.core.verdict import Stage


def stages(plans: Sequence[StagePlan], scene: Scene) -> tuple[Stage, ...]:
    """The stages that were entered.

    Per journey: from the first `from` to the first `to` of the journey, which may lie before it: then the duration is
    negative.  Per occurrence: each `from` enters; a `to` ends all that are entered and not ended; an entry that none
    follows ends with an earlier `to` that ended and began nothing.  With `match` only equal values belong together.
    """
    entered: list[Stage] = []
    for plan in plans:
        if begins := scene.found[plan.begins]:
            pairs = (pair_all if plan.each else pair_first)(begins, scene.found[plan.ends], plan.match, scene)
            for entry, (begin, end) in enumerate(pairs, 1):
                entered.append(_stage(plan.name, entry, begin, end, scene))
    return tuple(entered)


def _stage(name: str, entry: int, begin: Position, end: Position | None, scene: Scene) -> Stage:
    touchpoints, started_at = scene.touchpoints, scene.at[begin]
    if end is None:
        return Stage(name, entry, started_at, None, None, None, touchpoints[begin].event_id, "")
    ended_at = scene.at[end]
    duration_s = (ended_at - started_at) / 1000
    started_by, ended_by = touchpoints[begin].event_id, touchpoints[end].event_id
    return Stage(name, entry, started_at, ended_at, duration_s, duration_s, started_by, ended_by)
