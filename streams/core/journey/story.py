"""Everything that is true of one person, at once: what the stream finds step by step."""

from collections.abc import Mapping, Sequence

from streams.core.definition import Bundle
from streams.core.journey.judge import instances_of, judge
from streams.core.journey.person import Personal, judge_person
from streams.core.touchpoint import Touchpoint, identifier_key, order_of
from streams.core.verdict import Clock, Lived


def judge_story(bundle: Bundle, person: str, touchpoints: Sequence[Touchpoint], clock: Clock) -> Personal:
    """Pure.  `touchpoints`: all of one person, one copy each, none of them too late."""
    in_order = sorted(touchpoints, key=order_of)
    objects: dict[str, list[Touchpoint]] = {}
    for kind in bundle.by_instance_type:
        for touchpoint in in_order:
            for instance in instances_of(kind, touchpoint):
                objects.setdefault(identifier_key(kind, instance), []).append(touchpoint)
    return judge_parts(bundle, person, objects, in_order, clock)


def judge_parts(
    bundle: Bundle, person: str, objects: Mapping[str, Sequence[Touchpoint]], touchpoints: Sequence[Touchpoint], clock: Clock
) -> Personal:
    """Pure.  `objects`: `type:value` -> what carries it; `touchpoints`: all that the person itself is judged by.  Both in order."""
    whole, lived, deadlines = Personal(), list[Lived](), list[int | None]()
    for key, mine in objects.items():
        kind, _, instance = key.partition(":")
        for definition in bundle.by_instance_type.get(kind, ()):
            verdict = judge(definition, instance, mine, clock)
            if verdict.journey is None:
                continue
            whole.lives.append(verdict)
            lived += [verdict.lived] if verdict.lived else []
            deadlines.append(verdict.next_deadline)
    personal = judge_person(bundle, person, touchpoints, lived, whole.breakages, clock)
    deadlines.append(personal.next_deadline)
    next_deadline = min((each for each in deadlines if each is not None), default=None)
    return Personal([*whole.lives, *personal.lives], personal.over, next_deadline)
