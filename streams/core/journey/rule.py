"""One rule, whichever primitive it has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streams.core.definition.compiled import (
    AbsencePlan,
    CountPlan,
    OrderPlan,
    PromiseRulePlan,
    RulePlan,
    StepsPlan,
    ThresholdPlan,
)
from streams.core.journey.absence import broken_absences
from streams.core.journey.broken import Broken
from streams.core.journey.count import broken_counts
from streams.core.journey.promise_rule import broken_promises
from streams.core.journey.scene import Scene
from streams.core.journey.steps import broken_orders, broken_sequences
from streams.core.journey.threshold import broken_thresholds
from streams.core.touchpoint import Scalar
from streams.core.verdict import Journey


def broken_in(rule: RulePlan, scene: Scene) -> list[Broken]:
    """What a rule, one that is not over journeys, finds broken among the touchpoints of a scene."""
    return _FINDS[type(rule.primitive)](rule.primitive, scene)


_FINDS: Mapping[type, Callable[[Any, Scene], list[Broken]]] = {
    AbsencePlan: broken_absences,
    PromiseRulePlan: broken_promises,
    CountPlan: broken_counts,
    StepsPlan: broken_sequences,
    ThresholdPlan: broken_thresholds,
    OrderPlan: broken_orders,
}


def holds(rule: RulePlan, journey: Journey, scene: Scene) -> bool:
    """Whether all conditions hold over the whole journey.  Of several promises of a name, one that satisfies is enough."""
    for kind, name, meets in rule.conditions:
        values: Sequence[Scalar | None] = [journey.outcome or None]
        if kind == "promise":
            values = [each.state for each in journey.promises if each.name == name] or [None]
        elif kind == "keeps":
            values = [scene.facts.get(name)]
        if not any(meets(value) for value in values):
            return False
    return True
