"""Rules to what they are judged by."""

from collections.abc import Callable, Iterator, Mapping

from streams.core.calendar import Calendar
from streams.core.definition.compiled import (
    AbsencePlan,
    CountJourneysPlan,
    CountPlan,
    JourneysPlan,
    OrderPlan,
    Primitive,
    PromiseRulePlan,
    RulePlan,
    Slot,
    StepsPlan,
    ThresholdPlan,
)
from streams.core.definition.condition import condition
from streams.core.definition.length import Length, length_by_region, length_of
from streams.core.definition.model import Definition, Rule
from streams.core.definition.primitives import Absence, Count, Gap, PromiseRule, Sequence, Threshold
from streams.core.definition.read import reader
from streams.core.definition.select import full_name
from streams.core.definition.selector import Cond, Selector
from streams.core.definition.values import Span

MISSED = frozenset({"kept_late", "overdue"})
Number = Callable[[Selector | None], Slot]


class RuleCompiler:
    """`watched`: the selectors of the rules over a person that were compiled."""

    def __init__(self, definition: Definition, calendar: Calendar, number: Number, stages: Mapping[str, Slot]) -> None:
        self._definition, self._calendar, self._stages = definition, calendar, stages
        self._number_of = number
        self._seen: set[Slot] = set()
        self.watched: frozenset[Slot] = frozenset()
        self.watches_all = False
        self.watches_changes = False

    def plan(self, name: str) -> RulePlan:
        rule = self._definition.breakages[name]
        self._seen = set()
        primitive = self._primitive(rule)
        heals = self._number(rule.heals)
        if rule.scope == "person":
            self.watched |= self._seen
            self.watches_all |= isinstance(primitive, StepsPlan) and primitive.next
            self.watches_changes |= any(each.changes for each in _selectors(rule))
        return RulePlan(
            name,
            primitive,
            each=rule.per == "occurrence",
            conditions=tuple((*subject.partition(".")[::2], condition(each)) for subject, each in rule.if_.items()),
            severity=rule.severity,
            owner=rule.owner or "",
            runbook=rule.runbook,
            heals=heals,
            recovers_within=length_of(rule.recovers_within, self._calendar) if rule.recovers_within else None,
            slots=frozenset(self._seen),
            promise=primitive.of if isinstance(primitive, PromiseRulePlan) else None,
            level=0,
            always=bool(rule.if_) or (isinstance(primitive, AbsencePlan) and primitive.within is None),
            breaks=tuple(dict.fromkeys(full_name(each, self._definition.journey) for each in _breaks(rule))),
        )

    def _number(self, selector: Selector | None) -> Slot:
        slot = self._number_of(selector)
        self._seen.add(slot)
        return slot

    def _primitive(self, rule: Rule) -> Primitive:
        match rule.primitive:
            case Absence() as absence:
                return self._absence(absence)
            case PromiseRule() as promise:
                return _promise_rule(promise)
            case Count() as count:
                return self._count(count, rule)
            case Sequence() as sequence:
                return self._sequence(sequence, rule)
            case Threshold() as threshold:
                compared = Cond.model_construct(
                    threshold.model_fields_set & set(Cond.model_fields),
                    **{name: getattr(threshold, name) for name in Cond.model_fields},
                )
                return ThresholdPlan(self._number(threshold.of), reader(threshold.value), condition(compared), threshold.take)

    def _absence(self, absence: Absence) -> AbsencePlan:
        return AbsencePlan(
            after=self._number(absence.after),
            of=self._number(absence.of),
            within=None if isinstance(absence.within, str) else length_by_region(absence.within, self._calendar),
            waits=absence.waits,
            unless=self._number(absence.unless),
            until=self._number(absence.until),
            same=tuple(map(reader, absence.same)),
            paused=absence.paused,
        )

    def _count(self, count: Count, rule: Rule) -> CountPlan | CountJourneysPlan:
        within, resets = self._within(count.within, rule), count.then == "reset"
        if count.over == "journeys":
            return CountJourneysPlan(count.at_least, within, tuple(count.same), resets)
        return CountPlan(
            of=self._number(count.of),
            at_least=count.at_least,
            within=within,
            distinct=reader(count.distinct) if count.distinct else None,
            same=tuple(map(reader, count.same)),
            until=self._number(count.until),
            resets=resets,
        )

    def _sequence(self, sequence: Sequence, rule: Rule) -> StepsPlan | OrderPlan | JourneysPlan:
        if sequence.order:
            self._seen |= {self._stages[name] for name in sequence.order}
            return OrderPlan(tuple(self._stages[name] for name in sequence.order))
        if sequence.over:
            return self._journeys(sequence)
        return StepsPlan(
            steps=tuple(self._number(step) for step in sequence.steps or ()),
            within=self._within(sequence.within, rule),
            without=self._number(sequence.without),
            same=tuple(map(reader, sequence.same)),
            next=sequence.next,
            counts_first=sequence.counts == "first",
        )

    def _journeys(self, sequence: Sequence) -> JourneysPlan:
        gap = sequence.gap or Gap.model_validate({"from": "opened", "to": "opened"})
        return JourneysPlan(
            tuple(sequence.same),
            sequence.next,
            from_closed=gap.from_ == "closed",
            to_closed=gap.to == "closed",
            at_least=length_of(gap.at_least, self._calendar) if gap.at_least else None,
            at_most=length_of(gap.at_most, self._calendar) if gap.at_most else None,
        )

    def _within(self, spans: Mapping[str, Span] | None, rule: Rule) -> Length | None:
        """A rule over a person that has no bound of its own looks back as far as its definition says."""
        if spans is not None:
            return length_by_region(spans, self._calendar)
        look_back = self._definition.look_back if rule.scope == "person" else None
        return length_of(look_back, self._calendar) if look_back else None


def _promise_rule(rule: PromiseRule) -> PromiseRulePlan:
    when = frozenset(rule.when) if rule.when else frozenset() if rule.revised else MISSED
    return PromiseRulePlan(rule.of, when, rule.against == "first", rule.revised or 0)


def _breaks(rule: Rule) -> Iterator[str]:
    """What the selectors of a rule look at among breakages."""
    return (each.breaks for each in _selectors(rule) if each.breaks)


def _selectors(rule: Rule) -> Iterator[Selector]:
    """Those of a rule, and those within them."""
    for part in (rule.primitive, rule):
        for name in type(part).model_fields:
            value = getattr(part, name)
            for selector in value if isinstance(value, list) else [value]:
                if isinstance(selector, Selector):
                    yield from _within(selector)


def _within(selector: Selector) -> Iterator[Selector]:
    yield selector
    for each in [*(selector.any or []), *([selector.not_] if selector.not_ else [])]:
        yield from _within(each)
