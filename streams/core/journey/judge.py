"""The judgement: one instance of a definition, its touchpoints and the clock, to its journey and its breakages."""

from collections.abc import Sequence

from streams.core.definition.compiled import (
    AbsencePlan,
    Compiled,
    CountPlan,
    OrderPlan,
    PromiseRulePlan,
    RulePlan,
    StepsPlan,
    ThresholdPlan,
)
from streams.core.definition.references import WITHOUT_DUE
from streams.core.journey.absence import Ending, broken_absences
from streams.core.journey.broken import About, Broken, breakages
from streams.core.journey.closing import Closing, closing, last_adopted
from streams.core.journey.count import broken_counts
from streams.core.journey.keep import kept_facts
from streams.core.journey.promise import commitments, made_in, promise_state
from streams.core.journey.promise_rule import broken_promises
from streams.core.journey.scene import Position, Scene
from streams.core.journey.stage import stages
from streams.core.journey.steps import broken_orders, broken_sequences
from streams.core.journey.threshold import broken_thresholds
from streams.core.touchpoint import Scalar, Touchpoint, identifiers_of
from streams.core.verdict import Breakage, Clock, Fact, Journey, Lived, PromiseState, Proof, Verdict

UNOPENED = Verdict(None, (), None)


def instances_of(kind: str, touchpoint: Touchpoint) -> tuple[str, ...]:
    """The instances of an identifier type that a touchpoint belongs to: all values of that type that it carries."""
    return tuple(dict.fromkeys(value for each, value in identifiers_of(touchpoint) if each == kind))


def judge(definition: Compiled, instance: str, touchpoints: Sequence[Touchpoint], clock: Clock) -> Verdict:
    """What is true of one instance, as a function of its touchpoints and the clock.  Pure.

    `touchpoints`: all that carry the instance's identifier, in order (`order_of`), one copy each (`better_copy`), none
    of them too late.  Facts count when they are present, also beyond the clock; absences are true when the clock is
    past their deadline.  The verdict is the same for every clock up to and including `next_deadline`.
    """
    scene = Scene(definition, touchpoints, clock.ms)
    openings = scene.found[definition.opens]
    if not openings:
        return UNOPENED
    if definition.ignores_after_close and (end := last_adopted(definition, openings[0], scene) + 1) < len(touchpoints):
        return judge(definition, instance, touchpoints[:end], clock)
    close = closing(definition, openings[0], scene)
    facts = scene.facts = kept_facts(definition.keeps, scene)
    promises = _promises(definition, facts, scene)
    journey = _journey(definition, instance, openings[0], close, promises, facts, scene)
    found = _breakages(definition, journey, clock, scene)
    lived = lived_of(journey, scene.touchpoints[openings[0]]) if definition.compares_journeys else None
    return Verdict(journey, found, min(scene.pending) if scene.pending else None, lived)


def _promises(definition: Compiled, facts: dict[str, Scalar], scene: Scene) -> tuple[PromiseState, ...]:
    """Their rows, one for each commitment.  A making or revision without a usable due is counted as a fact."""
    states: list[PromiseState] = []
    without_due = 0
    for plan in definition.promises:
        scene.made[plan.name], unusable = commitments(plan, scene)
        without_due += unusable
        states += [promise_state(plan, each, scene) for each in scene.made[plan.name]]
    if without_due:
        facts[WITHOUT_DUE] = without_due
    return tuple(states)


def _journey(
    definition: Compiled,
    instance: str,
    opening: Position,
    close: Closing | None,
    promises: tuple[PromiseState, ...],
    facts: dict[str, Scalar],
    scene: Scene,
) -> Journey:
    opened = scene.touchpoints[opening]
    return Journey(
        definition.name,
        definition.version,
        instance,
        "closed" if close else "open",
        close.outcome if close else "",
        opened.occurred_at,
        close.at_ms if close else None,
        scene.at[0],
        scene.at[-1],
        len(scene.at),
        opened.event_id,
        opened.region,
        opened.channel,
        scene.effort,
        bool(opened.load),
        stages(definition.stages, scene),
        promises,
        tuple([Fact(name, value) for name, value in facts.items()]),
    )


def lived_of(journey: Journey, opening: Touchpoint) -> Lived:
    opened = Proof(opening.source, opening.event_id, opening.occurred_at, opening.action, "opened")
    return Lived(
        journey.definition, journey.instance, opened, opening.sequence, journey.closed_at,
        journey.region, journey.channel, journey.backfilled, journey.facts,
    )  # fmt: skip


def _breakages(definition: Compiled, journey: Journey, clock: Clock, scene: Scene) -> tuple[Breakage, ...]:
    ending = Ending(journey.closed_at, clock.final_ms >= journey.opened_at, journey.last_at)
    about = None
    found: list[Breakage] = []
    for level, rules in enumerate(definition.rule_levels):
        if level:
            scene = scene.among_breakages(found)
        for rule in rules:
            broken = broken_in(rule, ending, scene)
            if broken and _holds(rule, journey, scene):
                about = about or _about(journey)
                found += breakages(rule, broken, about, scene)
    return tuple(found)


def _about(journey: Journey) -> About:
    return About(
        journey.definition, journey.definition_version, journey.instance,
        journey.region, journey.channel, journey.backfilled, journey.facts,
    )  # fmt: skip


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


def _holds(rule: RulePlan, journey: Journey, scene: Scene) -> bool:
    """Whether all conditions hold over the whole journey.  Of several promises of a name, one that satisfies is enough."""
    for kind, name, holds in rule.conditions:
        values: Sequence[Scalar | None] = [journey.outcome or None]
        if kind == "promise":
            values = [each.state for each in journey.promises if each.name == name] or [None]
        elif kind == "keeps":
            values = [scene.facts.get(name)]
        if not any(holds(value) for value in values):
            return False
    return True
