"""Absences: after one touchpoint another was to come, and did not."""

from bisect import bisect_left
from collections.abc import Sequence

from streams.core.definition.compiled import AbsencePlan
from streams.core.definition.length import ENDLESS_MS, with_pauses
from streams.core.journey.broken import Broken
from streams.core.journey.pairs import alike, concerning
from streams.core.journey.scene import Position, Scene, following

Positions = Sequence[Position]


def broken_absences(plan: AbsencePlan, scene: Scene) -> list[Broken]:
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
    found, since = scene.found, scene.settled.get(plan, 0)
    after, excuses, stops = found[plan.after], found[plan.unless], found[plan.until]
    if not after or after[-1] < since:
        return []
    if plan.same:
        return _by_values(plan, scene)
    begins = _beginnings(after, excuses, stops, since) if since or excuses or stops else after
    broken, scene.settled[plan] = _broken(plan, begins, found[plan.of], excuses, stops[:1], scene)
    return broken


def _by_values(plan: AbsencePlan, scene: Scene) -> list[Broken]:
    """Waits with equal values, among themselves."""
    found, touchpoints = scene.found, scene.touchpoints
    waiting, meeting = (alike(plan.same, found[slot], touchpoints) for slot in (plan.after, plan.of))
    broken = []
    for values, group in waiting.items():
        excuses, stops = (concerning(plan.same, found[slot], values, touchpoints) for slot in (plan.unless, plan.until))
        begins = _beginnings(group, excuses, stops, 0)
        broken += _broken(plan, begins, meeting.get(values, ()), excuses, stops[:1], scene)[0]
    return sorted(broken, key=lambda each: each.position)


def _beginnings(begins: Positions, excuses: Positions, stops: Positions, since: Position) -> Positions:
    """Those that begin a wait, from `since` on."""
    if since or stops:
        begins = begins[bisect_left(begins, since) : bisect_left(begins, stops[0]) if stops else None]
    if excuses:
        excusing = frozenset(excuses)
        begins = [begin for begin in begins if begin not in excusing]
    return begins


def _broken(
    plan: AbsencePlan, begins: Positions, meets: Positions, excuses: Positions, stop: Positions, scene: Scene
) -> tuple[list[Broken], Position]:
    """-> the missed ones, and where the first wait begins that is missed, or may yet be by what comes behind.

    What is behind a wait that is over does not change it: it is not looked at again while the journey goes on.
    """
    at, newest, busy_until = scene.at, len(scene.at) - 1, -1
    broken: list[Broken] = []
    unsettled: list[Position] = []
    first, last = plan.waits == "first", plan.waits == "last"
    for index, begin in enumerate(begins):
        if begin < busy_until:
            continue
        deadline_ms = _deadline_ms(plan, begin, scene)
        met = following(meets, begin) if begin < newest else None
        in_time = met is not None and at[met] <= deadline_ms
        if in_time and not first:
            continue  # most waits: whatever else would end this one ends it as well
        if last and index + 1 < len(begins) and _anew(begins[index + 1], met, deadline_ms, scene):
            continue
        if (excuses or stop) and (dropped := _dropped(begin, met, deadline_ms, excuses, stop, scene)) is not None:
            busy_until = dropped if first else -1
            continue
        if not in_time:
            unsettled.append(begin)
            if missed := _missed(plan, begin, met, deadline_ms, scene):
                broken.append(missed)
        if first:
            if met is None or plan.within is None:
                unsettled.append(begin)
                break
            busy_until = met
    return broken, unsettled[0] if unsettled else len(at)


def _deadline_ms(plan: AbsencePlan, begin: Position, scene: Scene) -> int:
    within, start_ms = plan.within, scene.at[begin]
    if within is None:
        return ENDLESS_MS
    region = scene.touchpoints[begin].region
    deadline_ms = within.after(start_ms, region)
    return with_pauses(within, start_ms, deadline_ms, region, scene.pauses) if plan.paused else deadline_ms


def _anew(following_begin: Position, met: Position | None, deadline_ms: int, scene: Scene) -> bool:
    """Whether the next beginning takes the place of this one."""
    return scene.at[following_begin] <= deadline_ms and (met is None or following_begin < met)


def _dropped(
    begin: Position, met: Position | None, deadline_ms: int, excuses: Positions, stop: Positions, scene: Scene
) -> Position | None:
    """The touchpoint that excuses a wait or stops the rule, if it comes in time and before the wait is met."""
    excuse, stopped = following(excuses, begin), following(stop, begin)
    first = min((each for each in (excuse, stopped) if each is not None), default=None)
    if first is None or scene.at[first] > deadline_ms or (met is not None and met < first):
        return None
    return first


def _missed(plan: AbsencePlan, begin: Position, met: Position | None, deadline_ms: int, scene: Scene) -> Broken | None:
    if plan.within is None:
        return _unmet(begin, scene)
    if deadline_ms == ENDLESS_MS or not scene.passed(deadline_ms):
        return None
    if met is None:
        return Broken(begin, deadline_ms, deadline_ms, None, [(begin, "after")])
    return Broken(begin, deadline_ms, deadline_ms, scene.at[met], [(begin, "after"), (met, "of")])


def _unmet(begin: Position, scene: Scene) -> Broken | None:
    (closed_ms, books_closed, last_ms), proofs = scene.ending, [(begin, "after")]
    if closed_ms is None:
        return Broken(begin, None, last_ms, None, proofs) if books_closed else None
    deadline_ms = max(closed_ms, scene.at[begin])
    if books_closed or scene.passed(deadline_ms):
        return Broken(begin, deadline_ms, deadline_ms, None, proofs)
    return None
