"""Who is too large is left out, with one receipt, in any order of what comes; everybody else is as if they had never been."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.definition.length import ENDLESS_MS
from streams.core.journey import judge
from streams.core.journey.person import concerns_person, looks_at
from streams.core.stitch.state import BUCKET, unpack_bucket
from streams.core.touchpoint import order_of
from streams.core.verdict import Clock
from tests.core.test_stitch_forgets import KEEPS_S, act_and_forget, rest
from tests.core.test_stitch_world import STEPS, no_double, visible_equals_truth
from tests.core.world import BUNDLE, SECOND_MS, World, gathered, person_id

SMALL = (3, 8, 20)  # touchpoints; an address of these worlds has about eight, a person up to a hundred


@given(st.integers(0, 1 << 32), st.sampled_from(SMALL), st.sampled_from([ENDLESS_MS, KEEPS_S * SECOND_MS]))
@settings(max_examples=80, deadline=None)
def test_rows_are_those_of_a_batch_without_giants(seed: int, most: int, keeps_ms: int) -> None:
    """Copies, crashes, merges, splits, forgotten touchpoints: who is quarantined follows from the set of touchpoints alone."""
    rng = Random(seed)
    world, now_s = World(rng, keeps_ms=keeps_ms, most_touchpoints=most), 0
    for number in range(STEPS):
        now_s = rest(world, rng, now_s)
        act_and_forget(world, rng, number, now_s)
        no_double(world)
        _one_receipt_each(world)
        _nothing_is_too_large(world)
    end_ms = (now_s + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    _who_is_too_large_has_a_receipt(world, Clock(end_ms, end_ms))
    visible_equals_truth(world, Clock(end_ms, end_ms))


def _one_receipt_each(world: World) -> None:
    seen = [row["instance"] for row in world.receipts()]
    assert len(seen) == len(set(seen))


def _nothing_is_too_large(world: World) -> None:
    for state in world.committed:
        for key, value in state.items():
            if key[:1] == BUCKET:
                bucket = unpack_bucket(value)
                assert len(bucket.facts) <= world.most_touchpoints
                assert not (bucket.quarantined and (bucket.facts or bucket.parts or bucket.forgotten))


def _who_is_too_large_has_a_receipt(world: World, clock: Clock) -> None:
    """Of addresses these and no others; of wholes those that are too large now, and some that were."""
    addresses, wholes = set(), dict[str, int]()
    for root, address, found in gathered(world):
        if len(found) > world.most_touchpoints:
            addresses.add((person_id(root), f"{address.split(':')[0]}:{person_id(address)}"))
            continue
        verdicts = [
            judge(definition, address.split(":")[1], sorted(found.values(), key=order_of), clock)
            for definition in BUNDLE.by_instance_type.get(address.split(":")[0], [])
        ]
        broken = [each for verdict in verdicts for each in verdict.breakages if looks_at(BUNDLE, each)]
        facts = [one for one in found.values() if not one.copied and concerns_person(BUNDLE, one)]
        held = len(facts) + len(broken) + sum(bool(verdict.lived) for verdict in verdicts)
        wholes[person_id(root)] = wholes.get(person_id(root), 0) + held
    receipts = {(row["person_id"], row["instance"]) for row in world.receipts()}
    assert {receipt for receipt in receipts if ":" in receipt[1]} == addresses
    told = {person for person, instance in receipts if person == instance}
    assert told >= {person for person, held in wholes.items() if held > world.most_touchpoints}
    assert all(wholes.get(person) for person in told), "a whole that nothing is given to is as new"
