"""The judgement: one instance of a definition, its touchpoints and the clock, to its journey and its breakages."""

from collections.abc import Sequence

from streams.core.definition.compiled import Compiled
from streams.core.journey.running import Running
from streams.core.touchpoint import Touchpoint, identifiers_of
from streams.core.verdict import Clock, Verdict


def instances_of(kind: str, touchpoint: Touchpoint) -> tuple[str, ...]:
    """The instances of an identifier type that a touchpoint belongs to: all values of that type that it carries."""
    return tuple(dict.fromkeys(value for each, value in identifiers_of(touchpoint) if each == kind))


def judge(definition: Compiled, instance: str, touchpoints: Sequence[Touchpoint], clock: Clock) -> Verdict:
    """What is true of one instance, as a function of its touchpoints and the clock.  Pure.

    `touchpoints`: all that carry the instance's identifier, in order (`order_of`), one copy each (`better_copy`), none
    of them too late.  Facts count when they are present, also beyond the clock; absences are true when the clock is
    past their deadline.  The verdict is the same for every clock up to and including `next_deadline`.
    """
    return Running(definition, instance).judge(touchpoints, clock)
