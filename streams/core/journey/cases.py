"""Cases: small stories beside a definition, with the breakages that they must lead to."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.core.definition import Compiled
from streams.core.definition.model import Case, Given
from streams.core.definition.values import DIMENSIONS, duration_ms
from streams.core.journey.judge import judge
from streams.core.touchpoint import Scalar, Touchpoint, order_of
from streams.core.verdict import NEVER, Clock, Verdict

START_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z, a Monday
INSTANCE = "case"


class CaseFailure(NamedTuple):
    """A case that does not hold: what a rule was to show, and what it shows."""

    definition: str
    case: str
    rule: str
    expected: int | str
    found: int | str

    def __str__(self) -> str:
        return f"{self.definition}: {self.case}: {self.rule}: expected {self.expected}, found {self.found}"


def run_cases(definition: Compiled) -> list[CaseFailure]:
    """The failures of all cases of a definition.

    A touchpoint arrives when it happens unless `arrives` says later.  The clock follows the arrivals, up to `at`.
    Fields named like a dimension are dimensions, `identifiers.TYPE` are identifiers, all others are attributes; the
    due of a promise may be given as a duration from the start.
    """
    return [failure for case in definition.definition.cases for failure in _failures(definition, case)]


def _failures(definition: Compiled, case: Case) -> Iterable[CaseFailure]:
    verdicts = _verdicts(definition, case)
    for rule, expected in case.expect.items():
        found = _count(verdicts[-1], rule) if isinstance(expected, int) else _state(verdicts, rule)
        if found != expected:
            yield CaseFailure(definition.name, case.name, rule, expected, found)


def _verdicts(definition: Compiled, case: Case) -> list[Verdict]:
    """The judgements right before each arrival and at the end."""
    arrivals = sorted((max(given.arrives_ms or 0, given.at_ms), number) for number, given in enumerate(case.given))
    touchpoints: list[Touchpoint] = []
    verdicts = []
    for arrives_ms, number in arrivals:
        if arrives_ms <= case.at:
            verdicts.append(_judge(definition, touchpoints, arrives_ms))
            touchpoints.append(_touchpoint(definition, case.given[number], number))
    return [*verdicts, _judge(definition, touchpoints, case.at)]


def _judge(definition: Compiled, touchpoints: list[Touchpoint], clock_ms: int) -> Verdict:
    return judge(definition, INSTANCE, sorted(touchpoints, key=order_of), Clock(START_MS + clock_ms, NEVER))


def _count(verdict: Verdict, rule: str) -> int:
    return sum(breakage.rule == rule for breakage in verdict.breakages)


def _state(verdicts: list[Verdict], rule: str) -> str:
    """What became of a rule: open as soon as one of its breakages is."""
    if states := {breakage.state for breakage in verdicts[-1].breakages if breakage.rule == rule}:
        return "open" if "open" in states else "recovered"
    return "withdrawn" if any(_count(verdict, rule) for verdict in verdicts) else "none"


def _touchpoint(definition: Compiled, given: Given, number: int) -> Touchpoint:
    dimensions = {name: str(value) for name, value in given.fields.items() if name in DIMENSIONS}
    identifiers = [
        (path.removeprefix("identifiers."), str(value)) for path, value in given.fields.items() if path.startswith("identifiers.")
    ]
    dues = _due_attributes(definition)
    attributes: dict[str, Scalar] = {
        name: START_MS + duration_ms(value) if name in dues and _is_duration(value) else value
        for name, value in given.fields.items()
        if name not in DIMENSIONS and not name.startswith("identifiers.")
    }
    return Touchpoint(
        occurred_at=START_MS + given.at_ms,
        sequence=number,
        event_id=f"given-{number + 1}",
        source=dimensions.get("source", "case"),
        origin=dimensions.get("origin", "product"),
        channel=dimensions.get("channel", ""),
        action=given.action,
        direction=dimensions.get("direction", ""),
        identifiers=((definition.instance_type, INSTANCE), *identifiers),
        attributes=attributes,
        region=dimensions.get("region", ""),
        locale="",
        agent=dimensions.get("agent", ""),
        team=dimensions.get("team", ""),
        address=f"{definition.instance_type}:{INSTANCE}",
        content_hash=number,
    )


def _due_attributes(definition: Compiled) -> frozenset[str]:
    paths = [promise.due for promise in definition.definition.promises.values() if isinstance(promise.due, str)]
    return frozenset(path.removeprefix("attributes.") for path in paths if path.startswith("attributes."))


def _is_duration(value: Scalar) -> bool:
    try:
        return duration_ms(value) >= 0
    except ValueError:
        return False
