"""The model to what is judged by.  A selector that is written several times gets one number."""

from streams.core.definition.classify import Classifier
from streams.core.definition.compiled import (
    NOTHING,
    AbsencePlan,
    Compiled,
    KeepPlan,
    PromisePlan,
    PromiseRulePlan,
    RulePlan,
    Slot,
    StagePlan,
)
from streams.core.definition.condition import condition
from streams.core.definition.due import due_of, length_of
from streams.core.definition.model import Absence, Definition, Keep, Promise, PromiseRule, Rule, Stage
from streams.core.definition.select import Node, reader, selector
from streams.core.definition.selector import Selector

MISSED = frozenset({"kept_late", "overdue"})


def compile_definition(definition: Definition) -> Compiled:
    """Raises nothing: a definition that was loaded can be compiled."""
    slots = _Slots()
    opens = slots.number(definition.opens)
    closes = tuple((name, slots.number(each)) for name, each in definition.closes.items())
    keeps = tuple(_keep(name, each, slots) for name, each in definition.keeps.items())
    stages = tuple(_stage(name, each, slots) for name, each in definition.stages.items())
    promises = tuple(_promise(name, each, slots) for name, each in definition.promises.items())
    rules = tuple(_rule(name, each, slots) for name, each in definition.breakages.items())
    return Compiled(
        definition=definition,
        name=definition.journey,
        version=definition.version,
        instance_type=definition.instance,
        classifier=Classifier(slots.nodes, definition.effort),
        opens=opens,
        closes=closes,
        takes_first_outcome=definition.outcome == "first",
        reopens=definition.after_close == "reopen",
        ignores_after_close=definition.after_close == "ignore",
        expires_ms=definition.expires,
        keeps=keeps,
        stages=stages,
        promises=promises,
        rules=rules,
    )


class _Slots:
    """Numbers for selectors; equal ones share theirs."""

    def __init__(self) -> None:
        self.nodes: list[Node | None] = [None]
        self._numbers: dict[str, Slot] = {}

    def number(self, model: Selector | None) -> Slot:
        if model is None:
            return NOTHING
        text = model.model_dump_json(exclude_none=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.nodes)
            self.nodes.append(selector(model))
        return self._numbers[text]


def _keep(name: str, keep: Keep, slots: _Slots) -> KeepPlan:
    return KeepPlan(name, slots.number(keep.of), reader(keep.value) if keep.value else None, keep.take)


def _stage(name: str, stage: Stage, slots: _Slots) -> StagePlan:
    match = reader(stage.match) if stage.match else None
    return StagePlan(name, slots.number(stage.from_), slots.number(stage.to), stage.per == "occurrence", match)


def _promise(name: str, promise: Promise, slots: _Slots) -> PromisePlan:
    return PromisePlan(
        name,
        made=slots.number(promise.made_by),
        revised=slots.number(promise.revised_by),
        kept=slots.number(promise.kept_by),
        released=slots.number(promise.released_by),
        due=due_of(promise),
        each=promise.per == "occurrence",
        match=reader(promise.match) if promise.match else None,
    )


def _rule(name: str, rule: Rule, slots: _Slots) -> RulePlan:
    primitive = _absence(rule.absence, slots) if rule.absence else _promise_rule(rule.promise)
    return RulePlan(
        name,
        primitive,
        each=rule.per == "occurrence",
        conditions=tuple((*subject.partition(".")[::2], condition(each)) for subject, each in rule.if_.items()),
        severity=rule.severity,
        owner=rule.owner or "",
        runbook=rule.runbook,
        heals=slots.number(rule.heals),
        recovers_within_ms=rule.recovers_within,
    )


def _absence(absence: Absence, slots: _Slots) -> AbsencePlan:
    return AbsencePlan(
        after=slots.number(absence.after),
        of=slots.number(absence.of),
        within=None if isinstance(absence.within, str) else length_of(absence.within),
        waits=absence.waits,
        unless=slots.number(absence.unless),
        until=slots.number(absence.until),
        same=tuple(map(reader, absence.same)),
    )


def _promise_rule(rule: PromiseRule | None) -> PromiseRulePlan:
    assert rule, "a rule has one primitive"  # noqa: S101 - held by the model
    when = frozenset(rule.when) if rule.when else frozenset() if rule.revised else MISSED
    return PromiseRulePlan(rule.of, when, rule.against == "first", rule.revised or 0)
