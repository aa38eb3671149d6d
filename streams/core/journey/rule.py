"""One rule, whichever primitive it has."""

from collections.abc import Sequence

from streams.core.definition.compiled import (
    AbsencePlan,
    CountPlan,
    OrderPlan,
    PromiseRulePlan,
    RulePlan,
    StepsPlan,
    ThresholdPlan,
)
from streams.core.journey.absence import Ending, broken_absences
from streams.core.journey.broken import Broken
from streams.core.journey.count import broken_counts
from streams.core.journey.promise import made_in
from streams.core.journey.promise_rule import broken_promises
from streams.core.journey.scene import Scene
from streams.core.journey.steps import broken_orders, broken_sequences
from streams.core.journey.threshold import broken_thresholds
from streams.core.touchpoint import Scalar
from streams.core.verdict import Journey


def broken_in(rule: RulePlan, ending: Ending, scene: Scene) -> list[Broken]:
    """What a rule finds broken among the touchpoints of a scene."""
    match rule.primitive:
        case AbsencePlan() as plan:
            return broken_absences(plan, ending, scene)
        case PromiseRulePlan() as plan:
            return broken_promises(plan, made_in(scene, plan.of), scene)
        case CountPlan() as plan:
            return broken_counts(plan, scene)
        case StepsPlan() as plan:
            return broken_sequences(plan, scene)
        case ThresholdPlan() as plan:
            return broken_thresholds(plan, scene)
        case OrderPlan() as plan:
            return broken_orders(plan, scene)
    raise TypeError(f"{rule.name} is judged over journeys, not touchpoints")


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
