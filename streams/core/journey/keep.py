"""Facts of a journey: one named value each, taken from its touchpoints."""

from collections.abc import Callable
from math import isfinite

from streams.core.definition.compiled import KeepPlan
from streams.core.definition.condition import kind_of
from streams.core.journey.scene import Scene
from streams.core.touchpoint import Scalar


def kept_fact(plan: KeepPlan, scene: Scene) -> Scalar | None:
    """The value of a fact.  Other facts than counts are there when a touchpoint brings a value."""
    values = _values(plan, scene)
    return _TAKES[plan.take](values) if values else plan.at_first


def _values(plan: KeepPlan, scene: Scene) -> list[Scalar]:
    """Values in the journey's order; without a path, one for each touchpoint.  Infinite ones are left out."""
    touchpoints, read = scene.touchpoints, plan.read
    if read is None:
        return [True] * len(scene.found[plan.of])
    values = [read(touchpoints[position]) for position in scene.found[plan.of]]
    present = [value for value in values if value is not None and (isinstance(value, str) or isfinite(value))]
    if plan.take in ("sum", "min", "max"):
        numbers = [value for value in present if kind_of(value) == "number"]
        return numbers if numbers or plan.take == "sum" else [value for value in present if isinstance(value, str)]
    return present


_TAKES: dict[str, Callable[[list[Scalar]], Scalar]] = {
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "min": min,
    "max": max,
    "sum": lambda values: float(sum(values)),  # type: ignore[arg-type]  # numbers only
    "count": len,
    "distinct": lambda values: len({(kind_of(value), value) for value in values}),
}
