"""What nothing is to be expected of is forgotten, and comes back when it is needed: nobody can tell by the rows."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.definition import bundle_of
from streams.core.stitch.judging import Judge
from streams.core.stitch.state import BUCKET, WHOLE, split_bucket_key, unpack_bucket
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Clock
from streams.core.whole.again import judged_again
from tests.core.owners import owners
from tests.core.test_stitch_world import STEPS, act, no_double, visible_equals_truth
from tests.core.world import IDENTIFIERS, SECOND_MS, World, copies, links_of, touchpoint

KEEPS_S = 30  # nothing in these worlds comes later than that and still counts


def rest(world: World, rng: Random, now_s: int) -> int:
    """Now and then so long goes by that much is forgotten.  -> what time it is."""
    if rng.random() > 0.03:
        return now_s + rng.choice([0, 0, 1, 2])
    now_s += 2 * KEEPS_S
    world.tick(now_s * SECOND_MS, [0, 1])
    for _ in range(rng.randint(0, 60)):
        world.step_identity(8)
        world.step(rng.randrange(world.partitions), 20)
        world.land_touchpoints(4)
    return now_s


def act_and_forget(world: World, rng: Random, number: int, now_s: int) -> None:
    chance = rng.random()
    if chance < 0.1:
        world.land_touchpoints(rng.randint(1, 20))
        world.answer()
    elif chance < 0.13:
        kind = rng.choice(["order", "case"])
        world.happen(too_late(touchpoint(number, max(0, now_s - 99) * SECOND_MS, "ask", ((kind, str(rng.randrange(4))),))))
    else:
        act(world, rng, number, now_s)


def too_late(one: Touchpoint) -> Touchpoint:
    one.late_ms, one.too_late = 99 * SECOND_MS, True
    return one


def lived(seed: int, steps: int = STEPS, keeps_ms: int = KEEPS_S * SECOND_MS) -> tuple[World, int]:
    rng = Random(seed)
    world, now_s = World(rng, keeps_ms=keeps_ms), 0
    for number in range(steps):
        now_s = rest(world, rng, now_s)
        act_and_forget(world, rng, number, now_s)
        no_double(world)
    return world, now_s


@given(st.integers(0, 1 << 32))
@settings(max_examples=60, deadline=None)
def test_rows_equal_a_batch_whatever_was_forgotten(seed: int) -> None:
    """Redirects, late and too late touchpoints, crashes, answers late, in any order and twice."""
    world, now_s = lived(seed)
    end_ms = (now_s + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    visible_equals_truth(world, Clock(end_ms, end_ms))


PARCEL = "journey: parcel\nversion: 1\ninstance: parcel\nopens: ask\ncloses: {solved: solved}\n"
ORDER = "journey: order\nversion: 2\ninstance: order\nopens: answer\ncloses: {solved: solved}\n"
TALK = """
journey: talk
version: 2
instance: {episode: {gap: 12s}}
opens: [ask, answer]
breakages: {many: {count: {of: answer, at_least: 2, within: 20s}, scope: person, per: occurrence}}
"""
LIFE = "journey: life\nversion: 2\ninstance: person\nopens: answer\n"
OTHERS = [
    bundle_of([(f"{number}.yaml", text) for number, text in enumerate(texts)])
    for texts in ((PARCEL, ORDER), (TALK, PARCEL), (LIFE,))
]


@given(st.integers(0, 1 << 32))
@settings(max_examples=40, deadline=None)
def test_definitions_that_reach_back_judge_what_was_forgotten(seed: int) -> None:
    """Applied and rejudged at any time, effective from any time."""
    rng = Random(seed)
    world, now_s = World(rng, keeps_ms=KEEPS_S * SECOND_MS), 0
    for number in range(STEPS):
        now_s = rest(world, rng, now_s)
        act_and_forget(world, rng, number, now_s)
        if rng.random() < 0.01:
            world.activate(rng.choice([*OTHERS, *world.bundles.values()]), rng.choice([NEVER, now_s * SECOND_MS]))
    end_ms = (now_s + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    for table, expected in zip((world.journeys, world.breakages), all_again(world, Clock(end_ms, end_ms)), strict=True):
        assert shown(world.visible(table)) == shown(expected)


def all_again(world: World, clock: Clock) -> tuple[list[dict], list[dict]]:
    """As `throughline verify` does."""
    judge = Judge(world.bundles.__getitem__)
    roots = owners(IDENTIFIERS, [link for one in world.delivered for link in links_of(one)])
    judge.activate(world.activations)
    people: dict[str, list[Touchpoint]] = {}
    for one in world.delivered:
        for copy in copies(one):
            people.setdefault(roots.get(copy.address, copy.address), []).append(copy)
    found = [judged_again(judge, root, touchpoints, clock)[0] for root, touchpoints in people.items()]
    return [row for rows in found for row in rows.journeys], [row for rows in found for row in rows.breakages]


def shown(rows: list[dict]) -> dict:
    names = ("person_id", "definition", "instance", "rule", "occurrence")
    pure = (
        "definition_version", "state", "outcome", "touchpoints", "opened_at", "closed_at", "due_at", "broken_at", "recovered_at",
    )  # fmt: skip
    return {tuple(row.get(name) for name in names): tuple(row.get(name) for name in pure) for row in rows}


@given(st.integers(0, 1 << 32))
@settings(max_examples=10, deadline=None)
def test_of_what_rests_only_a_stub_is_left(seed: int) -> None:
    """Once everything is over, touchpoints are kept for journeys alone that stand open."""
    world, now_s = lived(seed)
    for later_s in (100, 200):  # what was read back is kept for a while again
        world.tick((now_s + later_s) * SECOND_MS, [0, 1])
        world.drain()
    forgotten = 0
    for state in world.committed:
        for key, value in state.items():
            if key[:1] == BUCKET and split_bucket_key(key)[1] != WHOLE:
                bucket = unpack_bucket(value)
                assert bucket.asked is None
                stands_open = any(entry.journey and entry.journey.state == "open" for entry in bucket.entries)
                assert bool(bucket.facts) == stands_open
                forgotten += bucket.forgotten.count if bucket.forgotten else 0
    assert forgotten > 0
    assert world.reduced > 0
