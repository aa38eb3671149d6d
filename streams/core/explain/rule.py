"""Rules in English: when they break, what excuses, what heals."""

from collections.abc import Iterator
from functools import singledispatch

from streams.core.definition.model import Rule
from streams.core.definition.primitives import Absence, Count, Gap, PromiseRule, Sequence, Threshold
from streams.core.explain.words import condition, counted, length, lengths, listed, nothing, paths, quoted, times, touched

STATES = {"open": "open", "kept": "kept in time", "kept_late": "kept late", "overdue": "overdue", "released": "released"}
WAITS = {"first": "the first one waits", "each": "each one waits", "last": "the last one waits"}
TAKES = {"first": "the first", "last": "the last", "min": "the least", "max": "the greatest", "sum": "the sum of all"}


def breaks_when(rule: Rule) -> str:
    """All that decides whether and how often a rule breaks: sentences, the first begins with `breaks when`."""
    return " ".join(f"{each}." for each in _sentences(rule))


def _sentences(rule: Rule) -> Iterator[str]:
    yield f"breaks when{_broken(rule.primitive)}"
    if rule.scope == "person":
        yield "It looks at all touchpoints of a person" if not _over_journeys(rule) else "It looks at all journeys of a person"
    if rule.per != "journey":
        yield {"occurrence": "Each time is a breakage of its own", "person": "All of a person is one breakage"}[rule.per]
    if rule.if_:
        yield "It counts only if " + listed([f"{_subject(name)} {condition(cond)}" for name, cond in rule.if_.items()])
    if rule.heals:
        yield f"It recovers with {touched(rule.heals)}"
    if rule.recovers_within:
        yield f"It recovers only within {length(rule.recovers_within)} of breaking"


def _over_journeys(rule: Rule) -> bool:
    return "journeys" in (rule.count and rule.count.over, rule.sequence and rule.sequence.over)


def _subject(name: str) -> str:
    kind, _, of = name.partition(".")
    return {"promise": f"the promise {quoted(of)}", "keeps": f"the fact {quoted(of)}"}.get(kind, "the outcome")


@singledispatch
def _broken(primitive: object) -> str:
    raise TypeError(f"{type(primitive).__name__} is no primitive")


@_broken.register
def _absence(absence: Absence) -> str:
    within = "before the journey ends" if isinstance(absence.within, str) else f"within {lengths(absence.within)}"
    said = f", after {touched(absence.after)}, {nothing(absence.of)} comes {within}{_same(absence.same)}"
    return f"{said}; {WAITS[absence.waits]}{_ends(absence)}"


def _ends(absence: Absence) -> str:
    said = f"; {touched(absence.unless)} in time excuses it" if absence.unless else ""
    said += f"; from {touched(absence.until)} on nothing waits any more" if absence.until else ""
    return said + ("; the clock stands still in pauses" if absence.paused else "")


def _same(found: list[str], what: str = "the same") -> str:
    return f" with {what} {paths(found)}" if found else ""


@_broken.register
def _promise(rule: PromiseRule) -> str:
    said = []
    if rule.when or not rule.revised:
        states = rule.when or ["kept_late", "overdue"]
        said.append(f"is {listed([STATES[each] for each in states], 'or')}, judged against its {rule.against} due")
    if rule.revised:
        first = " (its first due is what counts)" if rule.against == "first" and not said else ""
        said.append(f"has been revised at least {times(rule.revised)}{first}")
    return f" the promise {quoted(rule.of)} {' and '.join(said)}"


@_broken.register
def _count(count: Count) -> str:
    within = f" within {lengths(count.within)}" if count.within else ""
    if count.over == "journeys":
        said = f" a person has at least {counted(count.at_least, 'journey')}{_same(count.same)}{within}"
    else:
        assert count.of is not None  # noqa: S101 - held by the model
        what = f" with different {quoted(count.distinct)}" if count.distinct else ""
        said = f" {touched(count.of)} comes at least {times(count.at_least)}{what}{_same(count.same)}{within}"
    said += f"; {touched(count.until)} ends the counting" if count.until else ""
    return said + ("; what was counted then counts no more" if count.then == "reset" else "")


@_broken.register
def _sequence(sequence: Sequence) -> str:
    if sequence.order:
        return f" the stages {listed([quoted(each) for each in sequence.order])} are not entered in this order"
    if sequence.over:
        return _journeys(sequence)
    directly = " directly" if sequence.next else ""
    said = f",{directly} followed by ".join(touched(step) for step in sequence.steps or ())
    said += f" within {lengths(sequence.within)}" if sequence.within else ""
    said += f", without {touched(sequence.without)} in between" if sequence.without else ""
    counts = "; each beginning counts" if sequence.counts == "first" else ""
    return f" there is {said}{_same(sequence.same)}{counts}"


def _journeys(sequence: Sequence) -> str:
    after = "directly after" if sequence.next else "after"
    return f" a person has a journey {after} another one{_same(sequence.same)}{_gap(sequence.gap)}"


def _gap(gap: Gap | None) -> str:
    if gap is None:
        return ""
    bounds = [f"at {word} {length(span)}" for word, span in (("least", gap.at_least), ("most", gap.at_most)) if span]
    return f", {' and '.join(bounds) or 'any time'} from when the earlier {gap.from_} to when the later {gap.to}"


@_broken.register
def _threshold(threshold: Threshold) -> str:
    of, compared = touched(threshold.of), condition(threshold)
    if threshold.take == "each":
        return f" {quoted(threshold.value)} of {of} {compared}"
    return f" {TAKES[threshold.take]} {quoted(threshold.value)} of {of} in the journey {compared}"
