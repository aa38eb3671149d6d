"""The protocol of the person log converges: whatever order, pace and crashes, visible rows equal a batch computation."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.touchpoint import Touchpoint
from streams.core.verdict import Clock
from tests.core.world import SECOND_MS, World, touchpoint, truth

STEPS = 250


def anything(rng: Random, number: int, now_s: int) -> Touchpoint:
    """A touchpoint of a few people and things, on time or late; parcels are known by their order, orders by their customer, who is
    known by cookies, too, and is sometimes taken for somebody else."""
    if rng.random() < 0.15:
        return linking(rng, number, now_s)
    kind = rng.choice(["order", "case", "case", "parcel"])
    pairs = [(kind, str(rng.randrange(4)))]
    if rng.random() < 0.3:
        pairs.append((rng.choice(["customer", "cookie"]), str(rng.randrange(3))))
    if kind != "order" and rng.random() < 0.3:
        pairs.append(("order", str(rng.randrange(4))))
    at_s = max(0, now_s - rng.choice([0, 0, 1, 5, 30]))
    return touchpoint(number, at_s * SECOND_MS, rng.choice(["ask", "ask", "answer", "solved"]), tuple(pairs))


def linking(rng: Random, number: int, now_s: int) -> Touchpoint:
    """Two identifiers of a person, seen together or linked or unlinked on purpose."""
    action = rng.choice(["ask", "answer", "identity.unlinked", "identity.unlinked", "identity.linked"])
    keys = [*(("customer", str(each)) for each in range(3)), *(("cookie", str(each)) for each in range(3))]
    return touchpoint(number, max(0, now_s - rng.choice([0, 1, 5])) * SECOND_MS, action, tuple(rng.sample(keys, 2)))


def act(world: World, rng: Random, number: int, now_s: int) -> None:
    chance = rng.random()
    if chance < 0.4:
        one = anything(rng, number, now_s)
        for _ in range(rng.choice([1, 1, 1, 2])):
            world.happen(one)
        if rng.random() < 0.1:  # the same event id again with other content
            world.happen(touchpoint(number, one.occurred_at, one.action, one.identifiers, note="other"))
    elif chance < 0.5:
        world.tick(now_s * SECOND_MS, rng.choice([[0], [1], [0, 1]]))
    elif chance < 0.6:
        world.step_identity(rng.randint(1, 4), crash=rng.random() < 0.2)
    elif chance < 0.85:
        world.step(rng.randrange(world.partitions), rng.randint(1, 10), crash=rng.random() < 0.2)
    else:
        world.land(rng.randrange(world.partitions + 1), rng.randint(1, 10))


def no_double(world: World) -> None:
    seen = [(row["definition"], row["instance"]) for row in world.visible(world.journeys)]
    assert len(seen) == len(set(seen)), "a journey is visible twice"
    seen = [row["cause_key"] for row in world.visible(world.breakages)]
    assert len(seen) == len(set(seen)), "a breakage is visible twice"


@given(st.integers(0, 1 << 32))
@settings(max_examples=60, deadline=None)
def test_visible_rows_equal_a_batch_computation(seed: int) -> None:
    """Any interleaving, duplicates, late and conflicting copies, crashes: at the end the rows are those of the batch."""
    rng = Random(seed)
    world, now_s = World(rng), 0
    for number in range(STEPS):
        now_s += rng.randint(0, 2)
        act(world, rng, number, now_s)
    end_ms = (now_s + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    visible_equals_truth(world, Clock(end_ms, end_ms))


def visible_equals_truth(world: World, clock: Clock) -> None:
    journeys, breakages = truth(world, clock)
    found = {(r["person_id"], r["definition"], r["instance"]): r for r in world.visible(world.journeys)}
    assert {key: _pure(row) for key, row in found.items()} == {key: _pure_journey(row) for key, row in journeys.items()}
    broken = {
        (r["person_id"], r["definition"], r["instance"], r["rule"], r["occurrence"]): (r["state"], r["due_at"], r["recovered_at"])
        for r in world.visible(world.breakages)
    }
    assert broken == {key: (row.state, row.due_at, row.recovered_at) for key, row in breakages.items()}


def _pure(row: dict) -> tuple:
    promises = [(promise.name, promise.state, promise.due_at) for promise in row["promises"]]
    return row["state"], row["outcome"], row["opened_at"], row["closed_at"], row["touchpoints"], promises


def _pure_journey(row) -> tuple:
    promises = [(promise.name, promise.state, promise.due_at) for promise in row.promises]
    return row.state, row.outcome, row.opened_at, row.closed_at, row.touchpoints, promises


@given(st.integers(0, 1 << 32))
@settings(max_examples=40, deadline=None)
def test_no_row_is_visible_twice_at_any_moment(seed: int) -> None:
    """While persons merge and topics land at their own pace a journey may be missing for a moment, never double."""
    rng = Random(seed)
    world, now_s = World(rng), 0
    for number in range(STEPS):
        now_s += rng.randint(0, 2)
        act(world, rng, number, now_s)
        no_double(world)
    world.tick((now_s + 100) * SECOND_MS, [0, 1])
    while world._work_left() or any(world.landing):
        world.step_identity(3)
        world.step(rng.randrange(3), 5)
        world.land(rng.randrange(4), 3)
        no_double(world)
