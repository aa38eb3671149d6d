"""Everything that is true of one person, at once: what the stream finds step by step."""

from collections.abc import Sequence

from streams.core.definition import Bundle
from streams.core.journey.judge import instances_of, judge
from streams.core.journey.person import Personal, judge_person
from streams.core.touchpoint import Touchpoint, order_of
from streams.core.verdict import Clock, Lived


def judge_story(bundle: Bundle, person: str, touchpoints: Sequence[Touchpoint], clock: Clock) -> Personal:
    """Pure.  `touchpoints`: all of one person, one copy each, none of them too late."""
    in_order = sorted(touchpoints, key=order_of)
    whole, lived, deadlines = Personal(), list[Lived](), list[int | None]()
    for kind, definitions in bundle.by_instance_type.items():
        for instance, mine in _by_instance(kind, in_order).items():
            for definition in definitions:
                verdict = judge(definition, instance, mine, clock)
                if verdict.journey is None:
                    continue
                whole.lives.append(verdict)
                lived += [verdict.lived] if verdict.lived else []
                deadlines.append(verdict.next_deadline)
    personal = judge_person(bundle, person, in_order, lived, whole.breakages, clock)
    deadlines.append(personal.next_deadline)
    next_deadline = min((each for each in deadlines if each is not None), default=None)
    return Personal([*whole.lives, *personal.lives], personal.over, next_deadline)


def _by_instance(kind: str, touchpoints: Sequence[Touchpoint]) -> dict[str, list[Touchpoint]]:
    found: dict[str, list[Touchpoint]] = {}
    for touchpoint in touchpoints:
        for instance in instances_of(kind, touchpoint):
            found.setdefault(instance, []).append(touchpoint)
    return found
