"""The judgement: one instance of a definition, its touchpoints and the clock, to its journey and its breakages."""

from collections.abc import Sequence

from streams.core.definition.compiled import AbsencePlan, Compiled, RulePlan
from streams.core.definition.references import WITHOUT_DUE
from streams.core.journey.absence import Ending, broken_absences
from streams.core.journey.broken import Broken, breakages
from streams.core.journey.closing import Closing, closing, last_adopted
from streams.core.journey.keep import kept_facts
from streams.core.journey.promise import Commitment, commitments, promise_state
from streams.core.journey.promise_rule import broken_promises
from streams.core.journey.scene import Position, Scene
from streams.core.journey.stage import stages
from streams.core.touchpoint import Scalar, Touchpoint, identifiers_of
from streams.core.verdict import Breakage, Clock, Fact, Journey, PromiseState, Verdict

UNOPENED = Verdict(None, (), None)
Made = dict[str, list[Commitment]]


def instances_of(definition: Compiled, touchpoint: Touchpoint) -> tuple[str, ...]:
    """The instances of a definition that a touchpoint belongs to: all its identifiers of the instance's type."""
    wanted = definition.instance_type
    return tuple(dict.fromkeys(value for kind, value in identifiers_of(touchpoint) if kind == wanted))


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
    made, promises = _promises(definition, facts, scene)
    journey = _journey(definition, instance, openings[0], close, promises, facts, scene)
    found = _breakages(definition, journey, made, clock, scene)
    return Verdict(journey, found, min(scene.pending) if scene.pending else None)


def _promises(definition: Compiled, facts: dict[str, Scalar], scene: Scene) -> tuple[Made, tuple[PromiseState, ...]]:
    """Commitments by promise, and their rows.  A making or revision without a usable due is counted as a fact."""
    made: Made = {}
    states: list[PromiseState] = []
    without_due = 0
    for plan in definition.promises:
        made[plan.name], unusable = commitments(plan, scene)
        without_due += unusable
        states += [promise_state(plan, each, scene) for each in made[plan.name]]
    if without_due:
        facts[WITHOUT_DUE] = without_due
    return made, tuple(states)


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


def _breakages(definition: Compiled, journey: Journey, made: Made, clock: Clock, scene: Scene) -> tuple[Breakage, ...]:
    if not definition.rules:
        return ()
    books_closed = clock.final_ms >= journey.opened_at
    ending = Ending(journey.closed_at, books_closed, journey.last_at)
    found: list[Breakage] = []
    for rule in definition.rules:
        broken = _broken(rule, made, ending, scene)
        if broken and _holds(rule, journey, scene):
            found += breakages(rule, broken, journey, scene)
    return tuple(found)


def _broken(rule: RulePlan, made: Made, ending: Ending, scene: Scene) -> list[Broken]:
    primitive = rule.primitive
    if isinstance(primitive, AbsencePlan):
        return broken_absences(primitive, ending, scene)
    return broken_promises(primitive, made[primitive.of], scene)


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
