"""Recorded touchpoints judged in process: the same as the batch that the stream is held against."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from streams.core.touchpoint import Touchpoint
from streams.core.verdict import Clock
from streams.history import judge_recorded, people_of
from tests.core.test_stitch_world import anything
from tests.core.world import BUNDLE, IDENTIFIERS, SECOND_MS, World, touchpoint, truth


def recorded(rng: Random) -> list[Touchpoint]:
    """Touchpoints of a few people and things, some twice, some with other content under the same event id."""
    found, now_s = [], 0
    for number in range(60):
        now_s += rng.randint(0, 2)
        one = anything(rng, number, now_s)
        found += [one] * rng.choice([1, 1, 2])
        if rng.random() < 0.1:
            found.append(touchpoint(number, one.occurred_at, one.action, one.identifiers, note="other"))
    rng.shuffle(found)
    return found


@given(st.integers(0, 1 << 32), st.sampled_from([20, 60, 400]))
@settings(max_examples=60, deadline=None)
def test_people_and_verdicts_are_those_of_the_batch(seed: int, clock_s: int) -> None:
    rng = Random(seed)
    touchpoints = recorded(rng)
    world, clock = World(rng), Clock(clock_s * SECOND_MS, clock_s * SECOND_MS)
    world.delivered = touchpoints
    journeys, breakages = truth(world, clock)
    people = people_of(touchpoints, IDENTIFIERS)
    found = [(person.id, judge_recorded(BUNDLE, person, clock)) for person in people]
    assert {(person, each.definition, each.instance): each for person, verdict in found for each in verdict.journeys} == journeys
    assert {
        (person, each.definition, each.instance, each.rule, each.occurrence): each
        for person, verdict in found
        for each in verdict.breakages
    } == breakages
    assert len({person.id for person in people}) == len(people)


def test_what_came_too_late_changes_nothing() -> None:
    on_time, late = (touchpoint(number, number, "ask", (("case", "1"), ("customer", str(number)))) for number in (1, 0))
    assert people_of([structs.replace(late, too_late=True), on_time], IDENTIFIERS) == people_of([on_time], IDENTIFIERS)
    assert people_of([late, on_time], IDENTIFIERS)[0].id != people_of([on_time], IDENTIFIERS)[0].id
