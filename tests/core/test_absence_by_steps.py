"""Absences found at once equal those of somebody who lives through the journey, one touchpoint after the other."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.definition import Compiled
from streams.core.journey import judge
from streams.core.journey.running import Running
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Clock, Verdict
from tests.core.story import define, touch
from tests.core.worlds import HOUR_MS, always

WITHIN_H = 4
ROLES = ("asked", "told", "no", "closed", "both", "paid")  # `both` is told and asked


@dataclass
class Wait:
    begun: Touchpoint
    met: Touchpoint | None = None

    def in_time(self, touchpoint: Touchpoint) -> bool:
        return touchpoint.occurred_at <= self.deadline_ms

    @property
    def deadline_ms(self) -> int:
        return self.begun.occurred_at + WITHIN_H * HOUR_MS


def concerns(touchpoint: Touchpoint, begun: Touchpoint, *, same: bool) -> bool:
    return not same or touchpoint.team in ("", begun.team)


def drops(touchpoint: Touchpoint, wait: Wait, before: list[Touchpoint], *, same: bool) -> bool:
    """Whether it excuses a wait, or ends it for good and is the first to do so."""
    first = not any(concerns(each, wait.begun, same=same) for each in before)
    return wait.met is None and wait.in_time(touchpoint) and first and concerns(touchpoint, wait.begun, same=same)


def lived(story: list[Touchpoint], waits: str, same: bool, clock_ms: int) -> list[tuple[str, str]]:
    """(event id of the beginning, state) of what is broken, found by walking through the story."""
    waiting: list[Wait] = []
    closed: list[Touchpoint] = []

    for touchpoint in story:
        alike = [wait for wait in waiting if wait.met is None and (not same or wait.begun.team == touchpoint.team)]
        if touchpoint.action in ("told", "both"):
            for wait in alike:
                wait.met = touchpoint
            alike = []
        if touchpoint.action in ("no", "closed"):
            before = closed if touchpoint.action == "closed" else []
            waiting = [wait for wait in waiting if not drops(touchpoint, wait, before, same=same)]
        if touchpoint.action == "closed":
            closed.append(touchpoint)
        if touchpoint.action in ("asked", "both") and not any(concerns(each, touchpoint, same=same) for each in closed):
            if waits == "last":
                waiting = [wait for wait in waiting if wait not in alike or not wait.in_time(touchpoint)]
            if waits != "first" or not alike:
                waiting.append(Wait(touchpoint))
    broken = [wait for wait in waiting if not (wait.met and wait.in_time(wait.met)) and clock_ms > wait.deadline_ms]
    return [(f"test/{wait.begun.event_id}", "recovered" if wait.met else "open") for wait in broken]


def by_rule(waits: str, same: bool) -> Compiled:
    rule: dict[str, Any] = {"after": ["asked", "both"], "of": ["told", "both"], "unless": "no", "until": "closed"}
    rule |= {"within": f"{WITHIN_H}h", "waits": waits, "same": ["team"] if same else []}
    return define(f"breakages: {{quiet: {{absence: {rule}, per: occurrence}}}}")


def told(steps: list[tuple[int, str, str]]) -> list[Touchpoint]:
    found = [touch(hour, action, team=team, event_id=f"{index}") for index, (hour, action, team) in enumerate(steps)]
    return [touch(-1, "opened"), *sorted(found, key=lambda each: (each.occurred_at, each.event_id))]


def broken_in(verdict: Verdict) -> list[tuple[str, str]]:
    return [(each.occurrence, each.state) for each in verdict.breakages]


stories = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(ROLES), st.sampled_from(["x", "y", ""])), max_size=9).map(told)
ways = st.sampled_from(["first", "each", "last"])


@settings(always, max_examples=300)
@given(stories, ways, st.booleans(), st.integers(0, 20))
def test_walking_through_a_journey_finds_the_same(story: list[Touchpoint], waits: str, same: bool, clock_h: int) -> None:
    verdict = judge(by_rule(waits, same), "o", story, Clock(clock_h * HOUR_MS, NEVER))
    assert broken_in(verdict) == lived(story, waits, same, clock_h * HOUR_MS)


@settings(always, max_examples=300)
@given(stories, ways, st.booleans(), st.integers(-1, 8))
def test_a_journey_that_goes_on_finds_the_same_at_every_touchpoint(
    story: list[Touchpoint], waits: str, same: bool, behind_h: int
) -> None:
    """`behind_h`: how far the clock is from the newest touchpoint, so that waits are also missed while the journey goes on."""
    running = Running(by_rule(waits, same), "o")
    for number, newest in enumerate(story, 1):
        clock_ms = newest.occurred_at + behind_h * HOUR_MS
        verdict = running.judge(story[:number], Clock(clock_ms, NEVER), continued=True)
        assert broken_in(verdict) == lived(story[:number], waits, same, clock_ms)


def test_a_wait_as_long_as_the_journey_is_the_only_one_also_as_the_journey_goes_on() -> None:
    """It was met: what is asked behind that is nothing to wait for, though the books are closed over it."""
    rule = "{after: asked, of: told, within: journey, waits: first}"
    running = Running(define(f"breakages: {{quiet: {{absence: {rule}, per: occurrence}}}}"), "o")
    story = [touch(hour, action) for hour, action in enumerate(["opened", "asked", "told", "asked"])]
    for number, expected in ((2, 1), (3, 0), (4, 0)):
        verdict = running.judge(story[:number], Clock(9 * HOUR_MS, 9 * HOUR_MS), continued=True)
        assert len(verdict.breakages) == expected
