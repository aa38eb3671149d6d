"""The model to what is judged by.  A selector that is written several times gets one number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from streams.core.calendar import Calendar, Hours
from streams.core.calendar.hours import DAY_MINUTES
from streams.core.definition.change import Changes
from streams.core.definition.classify import Classifier
from streams.core.definition.compile_rule import RuleCompiler
from streams.core.definition.compiled import (
    NOTHING,
    Compiled,
    CountJourneysPlan,
    Instances,
    JourneysPlan,
    KeepPlan,
    PromisePlan,
    RulePlan,
    Slot,
    StagePlan,
)
from streams.core.definition.concerns import Concerned, Concerns
from streams.core.definition.due import due_of
from streams.core.definition.length import ELAPSED, Length, earliest, length_by_region, length_of
from streams.core.definition.levels import levels
from streams.core.definition.model import Definition, Episode, Keep, Promise, Stage
from streams.core.definition.read import reader
from streams.core.definition.select import Node, Words
from streams.core.definition.selector import Selector
from streams.core.definition.values import ALWAYS

ROUND_THE_CLOCK = Calendar({"": Hours("UTC", tuple((day * DAY_MINUTES, (day + 1) * DAY_MINUTES) for day in range(7)))})


class Slots:
    """Numbers for selectors; equal ones share theirs."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.nodes: list[Node | None] = [None]
        self._numbers: dict[str, Slot] = {}

    def number(self, model: Selector | None) -> Slot:
        if model is None:
            return NOTHING
        text = model.model_dump_json(exclude_none=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.nodes)
            self.nodes.append(self.words.selector(model))
        return self._numbers[text]


def known_calendars(calendars: Mapping[str, Calendar] | None) -> dict[str, Calendar]:
    """These, and `always`, which is ours."""
    return {**(calendars or {}), ALWAYS: ROUND_THE_CLOCK}


def compile_definition(definition: Definition, calendars: Mapping[str, Calendar] | None = None) -> Compiled:
    """`calendars` by name, with all that the definition names.  Raises nothing: what was loaded can be compiled."""
    return _Compiler(definition, known_calendars(calendars)).compiled()


def _concerns(
    closing: frozenset[Slot],
    keeps: Sequence[KeepPlan],
    stages: Sequence[StagePlan],
    promises: Sequence[PromisePlan],
    rules: Sequence[RulePlan],
    *,
    expires: bool,
) -> Concerns:
    return Concerns(
        [frozenset((each.of,)) for each in keeps],
        [frozenset((each.begins, each.ends)) for each in stages],
        [each.slots for each in promises],
        [each.slots for each in rules],
        closing,
        rules_of=[_numbers(rule.promise == each.name for rule in rules) for each in promises],
        due_by_facts=_numbers(each.due_by_facts for each in promises),
        always=Concerned(rules=_numbers(rule.always for rule in rules), closing=expires),
    )


def _numbers(holds: Iterable[bool]) -> tuple[int, ...]:
    return tuple(number for number, each in enumerate(holds) if each)


class _Compiler:
    def __init__(self, definition: Definition, calendars: Mapping[str, Calendar]) -> None:
        self.definition, self.calendars = definition, calendars
        self.calendar = calendars[definition.calendar]
        self.words = Words(definition.journey, calendars, Changes(), {definition.calendar})
        self.slots = Slots(self.words)

    def compiled(self) -> Compiled:
        definition, number = self.definition, self.slots.number
        opens = number(definition.opens)
        closes = tuple((name, number(each)) for name, each in definition.closes.items())
        keeps = tuple(self._keep(name, each) for name, each in definition.keeps.items())
        pauses = (number(definition.pauses.from_), number(definition.pauses.to)) if definition.pauses else None
        stages = tuple(self._stage(name, each) for name, each in definition.stages.items())
        promises = tuple(self._promise(name, each) for name, each in definition.promises.items())
        rules = RuleCompiler(definition, self.calendar, number, {each.name: each.begins for each in stages})
        of_journeys = {name: rules.plan(name) for name, rule in definition.breakages.items() if rule.scope == "journey"}
        adopts = frozenset(range(1, len(self.slots.nodes)))
        person_rules = tuple(rules.plan(name) for name, rule in definition.breakages.items() if rule.scope == "person")
        order = levels({f"{definition.journey}.{name}": plan.breaks for name, plan in of_journeys.items()})
        journey_rules = tuple(
            replace(plan, level=number, always=plan.always or number > 0)
            for number, level in enumerate(order)
            for plan in (of_journeys[name.partition(".")[2]] for name in level)
        )
        closing = frozenset((opens, *(slot for _, slot in closes)))
        expires = self._expires()
        return Compiled(
            definition=definition,
            name=definition.journey,
            version=definition.version,
            instances=self._instances(),
            calendars=frozenset(self.words.calendars_used),
            classifier=Classifier(self.slots.nodes, definition.effort),
            changes=self.words.changes,
            opens=opens,
            closes=closes,
            takes_first_outcome=definition.outcome == "first",
            reopens=definition.after_close == "reopen",
            ignores_after_close=definition.after_close == "ignore",
            expires=expires,
            pauses=pauses,
            keeps=keeps,
            stages=stages,
            promises=promises,
            continues=not (pauses or definition.after_close == "ignore"),
            journey_rules=journey_rules,
            concerns=_concerns(closing, keeps, stages, promises, journey_rules, expires=expires is not None),
            person_rules=person_rules,
            rules=(*journey_rules, *person_rules),
            adopts=adopts,
            watched=rules.watched,
            watches_all=rules.watches_all,
            watches_changes=rules.watches_changes,
            compares_journeys=any(isinstance(each.primitive, CountJourneysPlan | JourneysPlan) for each in person_rules),
        )

    def _instances(self) -> Instances:
        instance = self.definition.instance
        if isinstance(instance, Episode):
            silence = instance.episode
            return Instances("", length_of(silence.gap, self.calendar), reader(silence.by) if silence.by else None)
        return Instances("" if self.definition.of_person else instance)

    def _expires(self) -> Length | None:
        """An episode is over, at the latest, when the silence that ends it has lasted."""
        instance, span = self.definition.instance, self.definition.expires
        lengths = [
            length_of(each, self.calendar) for each in (span, isinstance(instance, Episode) and instance.episode.gap) if each
        ]
        return earliest(lengths) if lengths else None

    def _keep(self, name: str, keep: Keep) -> KeepPlan:
        """Counts are there from the start."""
        read, at_first = reader(keep.value) if keep.value else None, 0 if keep.take in ("count", "distinct") else None
        return KeepPlan(name, self.slots.number(keep.of), read, keep.take, at_first)

    def _stage(self, name: str, stage: Stage) -> StagePlan:
        number, calendar = self.slots.number, stage.calendar or self.definition.calendar
        self.words.calendars_used.add(calendar)
        return StagePlan(
            name,
            begins=number(stage.from_),
            ends=number(stage.to),
            each=stage.per == "occurrence",
            match=reader(stage.match) if stage.match else None,
            working_ms=None if calendar == ALWAYS else self.calendars[calendar].working_ms,
            paused=stage.paused,
        )

    def _promise(self, name: str, promise: Promise) -> PromisePlan:
        number = self.slots.number
        length = ELAPSED if isinstance(promise.due, str) else length_by_region(promise.due, self.calendar)
        selectors = (promise.made_by, promise.revised_by, promise.kept_by, promise.released_by)
        made, revised, kept, released = map(number, selectors)
        return PromisePlan(
            name,
            made=made,
            revised=revised,
            kept=kept,
            released=released,
            due=due_of(promise, self.calendar),
            each=promise.per == "occurrence",
            match=reader(promise.match) if promise.match else None,
            paused=length if promise.paused else None,
            slots=frozenset((made, revised, kept, released)),
            due_by_facts=isinstance(promise.due, str) and promise.due.startswith("keeps."),
        )
