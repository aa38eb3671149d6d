"""A journey while it runs: what a touchpoint or the clock leaves as it was is not judged again.

A touchpoint behind all others concerns the parts of a definition whose selectors select it, and those that look at what these
became.  Everything else stands: a touchpoint costs what its own action costs, not what the number of rules costs.
"""

from collections.abc import Collection, Sequence

from msgspec import structs

from streams.core.definition.compiled import Compiled, Slot
from streams.core.definition.length import ENDLESS_MS
from streams.core.definition.references import WITHOUT_DUE
from streams.core.journey.absence import Ending
from streams.core.journey.broken import About, breakages
from streams.core.journey.closing import Closing, closing, last_adopted
from streams.core.journey.keep import kept_fact
from streams.core.journey.promise import commitments, promise_state
from streams.core.journey.rule import broken_in, holds
from streams.core.journey.scene import Scene
from streams.core.journey.stage import stages
from streams.core.touchpoint import Scalar, Touchpoint
from streams.core.verdict import Breakage, Clock, Fact, Journey, Lived, PromiseState, Proof, Stage, Verdict

UNOPENED = Verdict(None, (), None)
CLOSING = -1  # its place among what waits for the clock, beside the numbers of promises and rules


class Running:
    """`judge` again and again, with what was found before."""

    def __init__(self, definition: Compiled, instance: str) -> None:
        self.definition, self.instance = definition, instance
        self._scene: Scene | None = None
        self._touched: set[Slot] = set()  # selectors that selected something since the last time

    def judge(self, touchpoints: Sequence[Touchpoint], clock: Clock, *, continued: bool = False) -> Verdict:
        """See `streams.core.journey.judge`.  `continued`: those of the last time, and maybe more behind them."""
        scene = self._scene
        if continued and scene is not None and self.definition.continues:
            self._touched |= scene.take(touchpoints[len(scene.at) :])
            scene.clock_ms = clock.ms
        else:
            scene = self._begin(touchpoints, clock.ms)
        openings = scene.found[self.definition.opens]
        if not openings:
            return UNOPENED
        if self.definition.ignores_after_close and (end := last_adopted(self.definition, openings[0], scene) + 1) < len(scene.at):
            scene = self._begin(touchpoints[:end], clock.ms)
        verdict = self._judged(scene, scene.touchpoints[openings[0]], clock)
        self._fresh, self._touched = False, set()
        return verdict

    def _begin(self, touchpoints: Sequence[Touchpoint], clock_ms: int) -> Scene:
        definition = self.definition
        self._scene = scene = Scene(definition, touchpoints, clock_ms)
        self._fresh = True  # everything is to be judged
        self._touched = set()
        self._deadlines: dict[int, int] = {}
        self._close: Closing | None = None
        self._kept: list[Scalar | None] = [None] * len(definition.keeps)
        self._facts: tuple[Fact, ...] = ()
        self._without_due: list[int] = [0] * len(definition.promises)
        self._promises: list[list[PromiseState]] = [[]] * len(definition.promises)
        self._stages: tuple[Stage, ...] = ()
        self._found: list[list[Breakage]] = [[]] * len(definition.journey_rules)
        return scene

    def _judged(self, scene: Scene, opening: Touchpoint, clock: Clock) -> Verdict:
        definition, before = self.definition, self._facts
        kept = self._keep(scene)
        promised = self._promise(scene, kept=kept)
        if kept or promised or self._fresh:
            self._tell_facts(scene)
        self._end(scene)
        if self._fresh or not definition.stage_slots.isdisjoint(self._touched):
            self._stages = stages(definition.stages, scene)
        journey = self._journey(scene, opening)
        if definition.journey_rules:
            self._break(journey, promised, clock, scene, told=self._facts != before)
        lived = lived_of(journey, opening) if definition.compares_journeys else None
        found = tuple([breakage for several in self._found for breakage in several])
        return Verdict(journey, found, min(self._deadlines.values(), default=None), lived)

    def _keep(self, scene: Scene) -> bool:
        """-> whether a fact has another value."""
        news = False
        for number, plan in enumerate(self.definition.keeps):
            if self._fresh or plan.of in self._touched:
                value, before = kept_fact(plan, scene), self._kept[number]
                if value != before or type(value) is not type(before):
                    self._kept[number], news = value, True
        if news:
            values = zip(self.definition.keeps, self._kept, strict=True)
            scene.facts = {plan.name: value for plan, value in values if value is not None}
        return news

    def _promise(self, scene: Scene, *, kept: bool) -> set[str]:
        """-> the promises that were looked at again."""
        again = set()
        for number, plan in enumerate(self.definition.promises):
            if self._concerned(number, plan.slots, scene) or (kept and plan.due_from_facts):
                scene.made[plan.name], self._without_due[number] = commitments(plan, scene)
                self._promises[number] = [promise_state(plan, each, scene) for each in scene.made[plan.name]]
                self._wait(number, scene)
                again.add(plan.name)
        return again

    def _tell_facts(self, scene: Scene) -> None:
        """A making or revision without a usable due is counted as a fact."""
        facts = {name: value for name, value in scene.facts.items() if name != WITHOUT_DUE}
        if without_due := sum(self._without_due):
            facts[WITHOUT_DUE] = without_due
        scene.facts = facts
        self._facts = tuple([Fact(name, value) for name, value in facts.items()])

    def _end(self, scene: Scene) -> None:
        definition = self.definition
        if self._fresh or definition.expires or not definition.closing_slots.isdisjoint(self._touched):
            self._close = closing(definition, scene.found[definition.opens][0], scene)
            self._wait(CLOSING, scene)

    def _break(self, journey: Journey, promised: set[str], clock: Clock, scene: Scene, *, told: bool) -> None:
        ending = Ending(journey.closed_at, clock.final_ms >= journey.opened_at, journey.last_at)
        asked = self._asked(promised, clock.ms)
        if told:
            for number, found in enumerate(self._found):
                if found and number not in asked:
                    self._found[number] = [structs.replace(each, facts=self._facts) for each in found]
        level = 0
        for number in sorted(asked):
            rule = self.definition.journey_rules[number]
            if rule.level > level:
                scene, level = scene.among_breakages([each for found in self._found[:number] for each in found]), rule.level
            broken = broken_in(rule, ending, scene)
            self._wait(len(self._promises) + number, scene)
            self._found[number] = (
                breakages(rule, broken, about_of(journey), scene) if broken and holds(rule, journey, scene) else []
            )

    def _asked(self, promised: set[str], clock_ms: int) -> Collection[int]:
        """Numbers of the rules that a touchpoint, a promise or the clock concerns."""
        concerns, promises = self.definition.concerns, len(self._promises)
        if self._fresh:
            return concerns.every
        asked = {number for slot in self._touched for number in concerns.by_slot.get(slot, ())}
        asked |= concerns.always
        for name in promised:
            asked.update(concerns.by_promise.get(name, ()))
        if self._deadlines and min(self._deadlines.values()) < clock_ms:
            asked.update(place - promises for place, due_ms in self._deadlines.items() if due_ms < clock_ms and place >= promises)
        return asked

    def _concerned(self, place: int, slots: frozenset[Slot], scene: Scene) -> bool:
        """Whether a touchpoint came that a part looks at, or the clock is past what it waited for."""
        if self._fresh or not slots.isdisjoint(self._touched):
            return True
        return self._deadlines.get(place, ENDLESS_MS) < scene.clock_ms

    def _wait(self, place: int, scene: Scene) -> None:
        pending = scene.pending
        if pending:
            self._deadlines[place] = min(pending)
            pending.clear()
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
            self._stages,
            tuple([state for several in self._promises for state in several]),
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
