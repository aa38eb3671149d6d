"""A journey while it runs: what a touchpoint or the clock leaves as it was is not judged again.

A touchpoint behind all others concerns the parts of a definition whose selectors select it, and those that look at what these
became.  Everything else stands: a touchpoint costs what its own action costs, not what the number of rules costs.
"""

from collections.abc import Sequence
from itertools import chain

from msgspec import structs

from streams.core.definition.compiled import Compiled
from streams.core.definition.concerns import CLOSING, Concerned
from streams.core.definition.length import ENDLESS_MS
from streams.core.definition.references import WITHOUT_DUE
from streams.core.journey.broken import About, breakages
from streams.core.journey.closing import Closing, closing, last_adopted
from streams.core.journey.keep import kept_fact
from streams.core.journey.promise import commitments, promise_state
from streams.core.journey.rule import broken_in, holds
from streams.core.journey.scene import Scene
from streams.core.journey.stage import entered
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import Breakage, Clock, Fact, Journey, Lived, PromiseState, Proof, Stage, Verdict

UNOPENED = Verdict(None, (), None)


class Running:
    """`judge` again and again, with what was found before."""

    __slots__ = (
        "_breakages", "_close", "_deadlines", "_facts", "_found", "_kept", "_next_ms", "_promised", "_promises", "_scene",
        "_staged", "_stages", "_without_due", "definition", "instance",
    )  # fmt: skip

    def __init__(self, definition: Compiled, instance: str) -> None:
        self.definition, self.instance = definition, instance
        self._scene: Scene | None = None

    def judge(self, touchpoints: Sequence[Touchpoint], clock: Clock, *, continued: bool = False) -> Verdict:
        """See `streams.core.journey.judge`.  `continued`: those of the last time, and maybe more behind them."""
        definition, scene = self.definition, self._scene
        if continued and scene is not None and definition.continues:
            scene.take(touchpoints[len(scene.at) :])
            scene.clock_ms = clock.ms
        else:
            scene = self._begin(touchpoints, clock.ms)
        openings = scene.found[definition.opens]
        if not openings:
            return UNOPENED
        if definition.ignores_after_close and (end := last_adopted(definition, openings[0], scene) + 1) < len(scene.at):
            scene = self._begin(touchpoints[:end], clock.ms)
        return self._judged(scene, scene.touchpoints[openings[0]], clock)

    def _begin(self, touchpoints: Sequence[Touchpoint], clock_ms: int) -> Scene:
        """As if nothing had happened yet: what these touchpoints do not concern is judged with that."""
        definition = self.definition
        self._scene = scene = Scene(definition, touchpoints, clock_ms)
        self._deadlines: dict[int, int] = {}
        self._next_ms = ENDLESS_MS
        self._close: Closing | None = None
        self._kept = [plan.at_first for plan in definition.keeps]
        self._without_due = [0] * len(definition.promises)
        self._promises: list[Sequence[PromiseState]] = [()] * len(definition.promises)
        self._promised: tuple[PromiseState, ...] = ()
        self._stages: list[Sequence[Stage]] = [()] * len(definition.stages)
        self._staged: tuple[Stage, ...] = ()
        self._found: list[Sequence[Breakage]] = [()] * len(definition.journey_rules)
        self._breakages: tuple[Breakage, ...] = ()
        self._facts: tuple[Fact, ...] = ()
        if self._kept.count(None) < len(self._kept):
            self._tell_facts(scene)
        return scene

    def _judged(self, scene: Scene, opening: Touchpoint, clock: Clock) -> Verdict:
        definition = self.definition
        concerned = definition.concerns.of(frozenset(scene.touched))
        scene.touched.clear()
        if self._next_ms < clock.ms:
            concerned = self._with_overdue(concerned, clock.ms)
        told = bool(concerned.keeps) and self._keep(concerned.keeps, scene)
        if told and definition.concerns.facts:
            concerned = concerned.joined(definition.concerns.facts)
        if concerned.promises:
            told |= self._promise(concerned.promises, scene)
        if concerned.closing:
            self._close = closing(definition, scene.found[definition.opens][0], scene)
            self._wait(CLOSING, scene)
        if concerned.stages:
            self._stage(concerned.stages, scene)
        journey = self._journey(scene, opening)
        if told or concerned.rules:
            self._break(concerned.rules, journey, clock, scene, told=told)
        next_ms = self._next_ms = min(self._deadlines.values()) if self._deadlines else ENDLESS_MS
        lived = lived_of(journey, opening) if definition.compares_journeys else None
        return Verdict(journey, self._breakages, None if next_ms == ENDLESS_MS else next_ms, lived)

    def _with_overdue(self, concerned: Concerned, clock_ms: int) -> Concerned:
        """What the clock concerns as well: it is past what a part waited for."""
        at = self.definition.concerns.at
        for place, due_ms in self._deadlines.items():
            if due_ms < clock_ms:
                concerned = concerned.joined(at(place))
        return concerned

    def _keep(self, numbers: Sequence[int], scene: Scene) -> bool:
        """-> whether a fact has another value."""
        news = False
        for number in numbers:
            value, before = kept_fact(self.definition.keeps[number], scene), self._kept[number]
            if value != before or type(value) is not type(before):
                self._kept[number], news = value, True
        if news:
            self._tell_facts(scene)
        return news

    def _promise(self, numbers: Sequence[int], scene: Scene) -> bool:
        """-> whether a fact came of it: more of them are without a due, or fewer."""
        before = sum(self._without_due)
        for number in numbers:
            plan = self.definition.promises[number]
            made, self._without_due[number] = commitments(plan, scene)
            scene.made[plan.name] = made
            self._promises[number] = [promise_state(plan, each, scene) for each in made]
            self._wait(number, scene)
        self._promised = tuple(chain.from_iterable(self._promises))
        news = sum(self._without_due) != before
        if news:
            self._tell_facts(scene)
        return news

    def _tell_facts(self, scene: Scene) -> None:
        """What is kept; a making or revision without a usable due is counted as well."""
        facts = {plan.name: value for plan, value in zip(self.definition.keeps, self._kept, strict=True) if value is not None}
        if without_due := sum(self._without_due):
            facts[WITHOUT_DUE] = without_due
        scene.facts = facts
        self._facts = tuple([Fact(name, value) for name, value in facts.items()])

    def _stage(self, numbers: Sequence[int], scene: Scene) -> None:
        for number in numbers:
            self._stages[number] = entered(self.definition.stages[number], scene)
        self._staged = tuple(chain.from_iterable(self._stages))

    def _break(self, numbers: Sequence[int], journey: Journey, clock: Clock, scene: Scene, *, told: bool) -> None:
        scene.ending = journey.closed_at, clock.final_ms >= journey.opened_at, journey.last_at
        rules, found, behind = self.definition.journey_rules, self._found, len(self._promises)
        level, news = 0, told and self._retell()
        for number in numbers:
            rule = rules[number]
            if rule.level > level:
                scene, level = scene.among_breakages([*chain.from_iterable(found[:number])]), rule.level
            broken = broken_in(rule, scene)
            if scene.pending or behind + number in self._deadlines:
                self._wait(behind + number, scene)
            if broken or found[number]:
                stands = broken and holds(rule, journey, scene)
                found[number] = breakages(rule, broken, about_of(journey), scene) if stands else ()
                news = True
        if news:
            self._breakages = tuple(chain.from_iterable(found))

    def _retell(self) -> bool:
        """Every breakage carries the facts of its journey.  -> whether there is one."""
        for number, found in enumerate(self._found):
            if found:
                self._found[number] = [structs.replace(each, facts=self._facts) for each in found]
        return any(self._found)

    def _wait(self, place: int, scene: Scene) -> None:
        if scene.pending:
            self._deadlines[place] = min(scene.pending)
            scene.pending.clear()
        else:
            self._deadlines.pop(place, None)

    def _journey(self, scene: Scene, opened: Touchpoint) -> Journey:
        close = self._close
        return Journey(
            self.definition.name,
            self.definition.version,
            self.instance,
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
            self._staged,
            self._promised,
            self._facts,
        )


def lived_of(journey: Journey, opening: Touchpoint) -> Lived:
    opened = Proof(opening.source, opening.event_id, opening.occurred_at, opening.action, "opened")
    return Lived(
        journey.definition, journey.instance, opened, opening.sequence, journey.closed_at,
        journey.region, journey.channel, journey.backfilled, journey.facts,
    )  # fmt: skip


def about_of(journey: Journey) -> About:
    return About(
        journey.definition, journey.definition_version, journey.instance,
        journey.region, journey.channel, journey.backfilled, journey.facts,
    )  # fmt: skip
