"""Cases: small stories beside a definition, with the breakages that they must lead to."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.core.definition import Bundle, Compiled
from streams.core.definition.model import Case, Given
from streams.core.definition.values import DIMENSIONS, duration_ms
from streams.core.journey.person import Personal
from streams.core.journey.story import judge_story
from streams.core.touchpoint import Scalar, Touchpoint
from streams.core.verdict import NEVER, Breakage, Clock

MONDAY_MS = 1_704_672_000_000  # 2024-01-08T00:00:00Z
INSTANCE = "case"
PERSON = "person"


class CaseFailure(NamedTuple):
    """A case that does not hold: what a rule was to show, and what it shows."""

    definition: str
    case: str
    rule: str
    expected: int | str
    found: int | str

    def __str__(self) -> str:
        return f"{self.definition}: {self.case}: {self.rule}: expected {self.expected}, found {self.found}"


def run_cases(bundle: Bundle, definition: Compiled) -> list[CaseFailure]:
    """The failures of all cases of a definition, judged together with the others of its bundle.

    A case begins at the first opening of the definition's calendar from Monday 2024-01-08 on, so that working hours run at once.
    A touchpoint arrives when it happens unless `arrives` says later.  The clock follows the arrivals, up to `at`.  All of them
    are of one person, and of one object of the instance's type unless they name another one.
    Fields named like a dimension are dimensions, `identifiers.TYPE` are identifiers, all others are attributes; the
    due of a promise may be given as a duration from the start.
    """
    return [failure for case in definition.definition.cases for failure in _failures(bundle, definition, case)]


def _failures(bundle: Bundle, definition: Compiled, case: Case) -> Iterable[CaseFailure]:
    verdicts = [_of(definition, verdict) for verdict in _verdicts(bundle, definition, case)]
    for rule, expected in case.expect.items():
        found = _count(verdicts[-1], rule) if isinstance(expected, int) else _state(verdicts, rule)
        if found != expected:
            yield CaseFailure(definition.name, case.name, rule, expected, found)


def _of(definition: Compiled, verdict: Personal) -> list[Breakage]:
    return [breakage for breakage in verdict.breakages if breakage.definition == definition.name]


def told(bundle: Bundle, definition: Compiled, case: Case) -> tuple[list[tuple[int, Touchpoint]], int]:
    """The touchpoints that have come by the end of a case, each behind its arrival and in the order of these, and that end.

    Times are epoch milliseconds.
    """
    start_ms = bundle.calendars[definition.definition.calendar].after_hours(MONDAY_MS, 1) - 1
    arrivals = sorted((max(given.arrives_ms or 0, given.at_ms), number) for number, given in enumerate(case.given))
    return [
        (start_ms + arrives_ms, _touchpoint(definition, case.given[number], number, start_ms))
        for arrives_ms, number in arrivals
        if arrives_ms <= case.at
    ], start_ms + case.at


def _verdicts(bundle: Bundle, definition: Compiled, case: Case) -> list[Personal]:
    """The judgements right before each arrival and at the end."""
    arrivals, end_ms = told(bundle, definition, case)
    touchpoints: list[Touchpoint] = []
    verdicts = []
    for arrives_ms, touchpoint in arrivals:
        verdicts.append(_judge(bundle, touchpoints, arrives_ms))
        touchpoints.append(touchpoint)
    return [*verdicts, _judge(bundle, touchpoints, end_ms)]


def _judge(bundle: Bundle, touchpoints: list[Touchpoint], clock_ms: int) -> Personal:
    return judge_story(bundle, PERSON, touchpoints, Clock(clock_ms, NEVER))


def _count(found: list[Breakage], rule: str) -> int:
    return sum(breakage.rule == rule for breakage in found)


def _state(steps: list[list[Breakage]], rule: str) -> str:
    """What became of a rule: open as soon as one of its breakages is."""
    if states := {breakage.state for breakage in steps[-1] if breakage.rule == rule}:
        return "open" if "open" in states else "recovered"
    return "withdrawn" if any(_count(found, rule) for found in steps) else "none"


def _touchpoint(definition: Compiled, given: Given, number: int, start_ms: int) -> Touchpoint:
    dimensions = {name: str(value) for name, value in given.fields.items() if name in DIMENSIONS}
    identifiers = [
        (path.removeprefix("identifiers."), str(value)) for path, value in given.fields.items() if path.startswith("identifiers.")
    ]
    dues = _due_attributes(definition)
    attributes: dict[str, Scalar] = {
        name: start_ms + duration_ms(value) if name in dues and _is_duration(value) else value
        for name, value in given.fields.items()
        if name not in DIMENSIONS and not name.startswith("identifiers.")
    }
    return Touchpoint(
        occurred_at=start_ms + given.at_ms,
        sequence=number,
        event_id=f"given-{number + 1}",
        source=dimensions.get("source", "case"),
        origin=dimensions.get("origin", "product"),
        channel=dimensions.get("channel", ""),
        action=given.action,
        direction=dimensions.get("direction", ""),
        identifiers=_identifiers(definition.instances.kind, identifiers),
        attributes=attributes,
        region=dimensions.get("region", ""),
        locale="",
        agent=dimensions.get("agent", ""),
        team=dimensions.get("team", ""),
        address="",
        content_hash=number,
    )


def _identifiers(kind: str, given: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    named = any(each == kind for each, _ in given)
    return tuple(given) if named or not kind else ((kind, INSTANCE), *given)


def _due_attributes(definition: Compiled) -> frozenset[str]:
    paths = [promise.due for promise in definition.definition.promises.values() if isinstance(promise.due, str)]
    return frozenset(path.removeprefix("attributes.") for path in paths if path.startswith("attributes."))


def _is_duration(value: Scalar) -> bool:
    try:
        return duration_ms(value) >= 0
    except ValueError:
        return False
