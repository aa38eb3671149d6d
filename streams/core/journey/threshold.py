"""Thresholds: a value that is too high, too low, or one that should not be."""

from collections.abc import Callable, Sequence

from streams.core.definition.compiled import ThresholdPlan
from streams.core.definition.condition import kind_of
from streams.core.journey.broken import Broken
from streams.core.journey.scene import Position, Scene
from streams.core.touchpoint import Scalar

Values = list[tuple[Position, Scalar]]


def broken_thresholds(plan: ThresholdPlan, scene: Scene) -> list[Broken]:
    """`take: each`: one for each touchpoint whose value meets the condition.

    `first`, `last`, `min`, `max`, `sum`: at most one, if that value of the whole journey meets it; broken since the touchpoint from
    which on it did.  Touchpoints without a value do not count; min, max and sum are of numbers.
    """
    touchpoints, read = scene.touchpoints, plan.read
    values = [(position, value) for position in scene.found[plan.of] if (value := read(touchpoints[position])) is not None]
    if plan.take != "each":
        values = _since(_so_far(plan.take, values), plan)
    return [Broken(position, None, scene.at[position], None, [(position, "of")]) for position, value in values if plan.holds(value)]


def _so_far(take: str, values: Values) -> Values:
    """What the journey's value was behind each touchpoint."""
    if take == "first":
        return values[:1]
    if take == "last":
        return values
    combine = _COMBINE[take]
    so_far: Values = []
    for position, value in values:
        if isinstance(value, str) or kind_of(value) != "number":
            continue
        so_far.append((position, combine([so_far[-1][1], value] if so_far else [value])))
    return so_far


def _since(so_far: Values, plan: ThresholdPlan) -> Values:
    """The first touchpoint of the last stretch in which the value meets the condition to the end."""
    start = len(so_far)
    while start and plan.holds(so_far[start - 1][1]):
        start -= 1
    return so_far[start : start + 1]


_COMBINE: dict[str, Callable[[Sequence[Scalar]], Scalar]] = {
    "min": min,
    "max": max,
    "sum": lambda values: sum(values),  # type: ignore[arg-type]  # numbers only
}
