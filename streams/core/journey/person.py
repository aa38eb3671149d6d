"""What is judged over all of a person: its own journeys and episodes, and the rules that look beyond one journey."""

from collections.abc import Iterator, Sequence

import msgspec

from streams.core.definition import Bundle, Compiled
from streams.core.definition.compiled import CountJourneysPlan, JourneysPlan, RulePlan
from streams.core.definition.levels import names_it
from streams.core.journey.broken import About, Broken, breakages, numbered
from streams.core.journey.judge import judge
from streams.core.journey.over_journeys import Violation, in_order, too_many, too_soon
from streams.core.journey.pairs import matching
from streams.core.journey.rule import broken_in
from streams.core.journey.scene import Scene
from streams.core.touchpoint import Touchpoint, order_of
from streams.core.verdict import Breakage, Clock, Journey, Lived, Verdict


class Personal(msgspec.Struct):
    """The verdict over a person: its journeys, each with its breakages, and what rules over all of it found.

    `next_deadline`: see Verdict.
    """

    lives: list[Verdict] = []
    over: list[Breakage] = []
    next_deadline: int | None = None

    @property
    def journeys(self) -> list[Journey]:
        return [verdict.journey for verdict in self.lives if verdict.journey]

    @property
    def breakages(self) -> list[Breakage]:
        return [*(breakage for verdict in self.lives for breakage in verdict.breakages), *self.over]


def looks_at(bundle: Bundle, breakage: Breakage) -> bool:
    """Whether a rule over a person may look at a breakage of one of its journeys."""
    name = f"{breakage.definition}.{breakage.rule}"
    return any(names_it(each, name) for each in bundle.breaks)


def concerns_person(bundle: Bundle, touchpoint: Touchpoint) -> bool:
    """Whether anything that is judged over a person may look at it."""
    return any(_belongs(definition, touchpoint) or _is_watched(definition, touchpoint) for definition in bundle.of_person)


def judge_person(
    bundle: Bundle, person: str, touchpoints: Sequence[Touchpoint], lived: Sequence[Lived], broken: Sequence[Breakage], clock: Clock
) -> Personal:
    """Pure.  `person`: its id, the instance of what is judged over all of it.

    `touchpoints`: at least those that `concerns_person`, in order.  `lived` and `broken`: what the person's objects gave.
    """
    return _Person(bundle, person, touchpoints, lived, broken, clock).judged()


def episodes(definition: Compiled, touchpoints: Sequence[Touchpoint]) -> Iterator[tuple[str, list[Touchpoint]]]:
    """(instance, touchpoints): from silence to silence, one for each value of `by`; an episode is called by its first touchpoint.

    Those without a value are alike.
    """
    gap, by = definition.instances.gap, definition.instances.by
    assert gap is not None  # noqa: S101 - asked of episodes only
    open_: dict[object, list[Touchpoint]] = {}
    for touchpoint in touchpoints:
        value = matching(by, touchpoint) if by else None
        before = open_.get(value)
        if before is not None and touchpoint.occurred_at <= gap.after(before[-1].occurred_at, before[-1].region):
            before.append(touchpoint)
            continue
        if before is not None:
            yield episode_name(before[0]), before
        open_[value] = [touchpoint]
    for last in open_.values():
        yield episode_name(last[0]), last


def episode_name(first: Touchpoint) -> str:
    """The instance of the episode that a touchpoint begins."""
    return f"{first.source}/{first.event_id}"


def _belongs(definition: Compiled, touchpoint: Touchpoint) -> bool:
    """A journey of the person takes what one of its selectors may select."""
    if definition.instances.kind:
        return False
    return definition.classifier.may_select(touchpoint, definition.adopts) or definition.changes.carries(touchpoint)


def _is_watched(definition: Compiled, touchpoint: Touchpoint) -> bool:
    if not definition.person_rules:
        return False
    if definition.watches_all or definition.classifier.may_select(touchpoint, definition.watched):
        return True
    return definition.watches_changes and definition.changes.carries(touchpoint)


class _Person:
    def __init__(
        self,
        bundle: Bundle,
        person: str,
        touchpoints: Sequence[Touchpoint],
        lived: Sequence[Lived],
        broken: Sequence[Breakage],
        clock: Clock,
    ) -> None:
        self.bundle, self.person, self.touchpoints, self.clock = bundle, person, touchpoints, clock
        self.lived, self.broken = list(lived), list(broken)
        self.verdict = Personal()
        self.deadlines: list[int] = []
        self.scenes: dict[str, Scene] = {}

    def judged(self) -> Personal:
        for definition in self.bundle.of_person:
            if not definition.instances.kind:
                self._journeys(definition)
        for level in self.bundle.person_levels:
            found = [breakage for definition, rule in level for breakage in self._broken(definition, rule)]
            self.broken += found
            self.verdict.over += found
        pending = [deadline for scene in self.scenes.values() for deadline in scene.pending]
        self.verdict.next_deadline = min([*self.deadlines, *pending], default=None)
        return self.verdict

    def _journeys(self, definition: Compiled) -> None:
        mine = [each for each in self.touchpoints if _belongs(definition, each)]
        parts = episodes(definition, mine) if definition.instances.gap else [(self.person, mine)]
        for instance, touchpoints in parts:
            verdict = judge(definition, instance, touchpoints, self.clock)
            if verdict.journey is None:
                continue
            self.verdict.lives.append(verdict)
            self.broken += verdict.breakages
            if verdict.lived:
                self.lived.append(verdict.lived)
            if verdict.next_deadline is not None:
                self.deadlines.append(verdict.next_deadline)

    def _broken(self, definition: Compiled, rule: RulePlan) -> list[Breakage]:
        if isinstance(rule.primitive, CountJourneysPlan | JourneysPlan):
            return self._over_journeys(definition, rule, rule.primitive)
        scene = self._scene(definition, rule)
        about = About(definition.name, definition.version, self.person, "", "", False, (), of_person=True)
        return breakages(rule, broken_in(rule, scene), about, scene)

    def _scene(self, definition: Compiled, rule: RulePlan) -> Scene:
        """What the rules of a definition look at; among breakages for a rule that looks at those."""
        key = definition.name
        if key not in self.scenes:
            watched = [each for each in self.touchpoints if _is_watched(definition, each)]
            self.scenes[key] = Scene(definition, watched, self.clock.ms)
        return self.scenes[key].among_breakages(self.broken) if rule.breaks else self.scenes[key]

    def _over_journeys(self, definition: Compiled, rule: RulePlan, plan: CountJourneysPlan | JourneysPlan) -> list[Breakage]:
        mine = in_order([each for each in self.lived if each.definition == definition.name])
        violations = too_many(plan, mine) if isinstance(plan, CountJourneysPlan) else too_soon(plan, mine)
        if not violations:
            return []
        scene, broken = _openings(violations, self._scene(definition, rule))
        numbers = numbered(broken) if rule.each else broken
        found = []
        for each, violation in zip(numbers, violations, strict=True) if rule.each else [(None, violations[0])]:
            last = violation[-1]
            about = About(definition.name, definition.version, self.person, last.region, last.channel, last.backfilled, last.facts)
            found += breakages(rule, [each] if each else broken, about, scene)
        return found


def _openings(violations: list[Violation], scene: Scene) -> tuple[Scene, list[Broken]]:
    """Violations by the touchpoints that opened their journeys, and a scene in which these are."""
    known = {(each.source, each.event_id): each for each in scene.touchpoints}
    for violation in violations:
        for lived in violation:
            known.setdefault((lived.opened.source, lived.opened.event_id), _opening(lived))
    touchpoints = sorted(known.values(), key=order_of)
    at = {(each.source, each.event_id): position for position, each in enumerate(touchpoints)}
    whole = Scene(scene.definition, touchpoints, scene.clock_ms)
    whole.pending = scene.pending
    broken = []
    for violation in violations:
        proofs = [at[each.opened.source, each.opened.event_id] for each in violation]
        broken.append(Broken(proofs[-1], None, whole.at[proofs[-1]], None, [(each, "journey") for each in proofs]))
    return whole, broken


def _opening(lived: Lived) -> Touchpoint:
    """What is known of the touchpoint that opened a journey."""
    opened = lived.opened
    return Touchpoint(
        opened.occurred_at, lived.sequence, opened.event_id, opened.source, "", lived.channel, opened.action, "",
        (), {}, lived.region, "", "", "", "", 0, load="backfilled" if lived.backfilled else "",
    )  # fmt: skip
