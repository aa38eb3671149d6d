"""Absences: after one touchpoint another was to come, and did not."""

from bisect import bisect_left
from collections.abc import Sequence

from streams.core.definition.compiled import AbsencePlan
from streams.core.definition.length import ENDLESS_MS, with_pauses
from streams.core.journey.broken import Broken, Proofs
from streams.core.journey.pairs import alike, concerning
from streams.core.journey.scene import Position, Scene, following


class Ending:
    """How far a journey is for `within: journey`: when it was closed, and whether the books are closed over it."""

    __slots__ = ("books_closed", "closed_ms", "last_ms")

    def __init__(self, closed_ms: int | None, books_closed: bool, last_ms: int) -> None:
        self.closed_ms = closed_ms
        self.books_closed = books_closed
        self.last_ms = last_ms


def broken_absences(plan: AbsencePlan, ending: Ending, scene: Scene) -> list[Broken]:
    """The waits that were not met by their deadline (inclusive), in the order of their beginnings.

    A wait begins with a touchpoint of `after`.  It ends with the first of
    - one of `of`, with the same values at the paths of `same`: met if in time, else broken and recovered;
    - one of `unless` up to the deadline: excused (such a touchpoint begins no wait itself);
    - the first one of `until` up to the deadline: from there on the rule waits for nothing more;
    both with the same values, or with none.
    A touchpoint never ends the wait that it begins, but may end one and begin the next.

    `waits: first`: while one lasts, also beyond its deadline, a further `after` changes nothing.  `each`: all wait on
    their own.  `last`: a further `after` up to the deadline begins the wait anew; one behind it begins another.

    `paused`: the time of a wait stands still in the journey's pauses.

    `within: journey`: the wait is as long as the journey, so with `waits: first` there is one, whatever `after` comes behind it
    is met.  Met by any `of` of the journey that follows, and excused likewise.  Broken at the closing (or at
    the beginning of a wait that comes after it), when the clock is past that or the books are closed.  When the books are
    closed over a journey that is open, it is broken as of the journey's last touchpoint, without a due.
    """
    begins, meets = scene.found[plan.after], scene.found[plan.of]
    if not begins:
        return []
    if not plan.same:
        return _broken(plan, _Waits(begins, meets, scene.found[plan.unless], scene.found[plan.until]), ending, scene)
    waiting, meeting = alike(plan.same, begins, scene.touchpoints), alike(plan.same, meets, scene.touchpoints)
    broken = []
    for values, group in waiting.items():
        drops = (concerning(plan.same, scene.found[slot], values, scene.touchpoints) for slot in (plan.unless, plan.until))
        broken += _broken(plan, _Waits(group, meeting.get(values, ()), *drops), ending, scene)
    return sorted(broken, key=lambda each: each.position)


class _Waits:
    """The waits that may end one another, and what ends them: positions."""

    __slots__ = ("begins", "excuses", "meets", "stop")

    def __init__(
        self, begins: Sequence[Position], meets: Sequence[Position], excuses: Sequence[Position], stops: Sequence[Position]
    ) -> None:
        self.meets, self.excuses, self.stop = meets, excuses, stops[:1]
        if stops:
            begins = begins[: bisect_left(begins, stops[0])]
        if excuses:
            excusing = frozenset(excuses)
            begins = [begin for begin in begins if begin not in excusing]
        self.begins = begins


def _broken(plan: AbsencePlan, waits: _Waits, ending: Ending, scene: Scene) -> list[Broken]:
    """The missed ones."""
    begins, meets = waits.begins, waits.meets
    at, broken, busy_until = scene.at, [], -1
    may_drop = waits.excuses or waits.stop
    first, last = plan.waits == "first", plan.waits == "last"
    for index, begin in enumerate(begins):
        if begin < busy_until:
            continue
        deadline_ms = _deadline_ms(plan, begin, scene)
        met = following(meets, begin)
        if not first and met is not None and at[met] <= deadline_ms:
            continue  # most waits: whatever else would end this one ends it as well
        if last and _anew(index, begins, met, deadline_ms, scene):
            continue
        if may_drop and (dropped := _dropped(waits, begin, met, deadline_ms, scene)) is not None:
            busy_until = dropped if first else -1
            continue
        if (met is None or at[met] > deadline_ms) and (missed := _missed(plan, begin, met, deadline_ms, ending, scene)):
            broken.append(missed)
        if first:
            if met is None or plan.within is None:
                break
            busy_until = met
    return broken


def _deadline_ms(plan: AbsencePlan, begin: Position, scene: Scene) -> int:
    if plan.within is None:
        return ENDLESS_MS
    start_ms, region = scene.at[begin], scene.touchpoints[begin].region
    deadline_ms = plan.within.after(start_ms, region)
    return with_pauses(plan.within, start_ms, deadline_ms, region, scene.pauses) if plan.paused else deadline_ms


def _anew(index: int, begins: Sequence[Position], met: Position | None, deadline_ms: int, scene: Scene) -> bool:
    """Whether the next beginning takes the place of this one."""
    if index + 1 == len(begins):
        return False
    following_begin = begins[index + 1]
    return scene.at[following_begin] <= deadline_ms and (met is None or following_begin < met)


def _dropped(waits: _Waits, begin: Position, met: Position | None, deadline_ms: int, scene: Scene) -> Position | None:
    """The touchpoint that excuses a wait or stops the rule, if it comes in time and before the wait is met."""
    excuse, stop = following(waits.excuses, begin), following(waits.stop, begin)
    first = min((each for each in (excuse, stop) if each is not None), default=None)
    if first is None or scene.at[first] > deadline_ms or (met is not None and met < first):
        return None
    return first


def _missed(
    plan: AbsencePlan, begin: Position, met: Position | None, deadline_ms: int, ending: Ending, scene: Scene
) -> Broken | None:
    proofs = [(begin, "after")]
    if plan.within is None:
        return _unmet(begin, ending, proofs, scene)
    if deadline_ms == ENDLESS_MS or not scene.passed(deadline_ms):
        return None
    if met is None:
        return Broken(begin, deadline_ms, deadline_ms, None, proofs)
    return Broken(begin, deadline_ms, deadline_ms, scene.at[met], [*proofs, (met, "of")])


def _unmet(begin: Position, ending: Ending, proofs: Proofs, scene: Scene) -> Broken | None:
    if ending.closed_ms is None:
        return Broken(begin, None, ending.last_ms, None, proofs) if ending.books_closed else None
    deadline_ms = max(ending.closed_ms, scene.at[begin])
    if ending.books_closed or scene.passed(deadline_ms):
        return Broken(begin, deadline_ms, deadline_ms, None, proofs)
    return None
