"""Who is too large is left out, with one receipt, in any order of what comes; everybody else is as if they had never been."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.core.definition import bundle_of
from streams.core.definition.length import ENDLESS_MS
from streams.core.journey import judge
from streams.core.journey.person import concerns_person, looks_at
from streams.core.log import (
    Activation,
    Erased,
    IdentityClock,
    IntakeClock,
    Move,
    MovedFacts,
    Redirect,
    Redirects,
    Touchpoints,
    pack,
    unpack_log,
)
from streams.core.moving import records as moving
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Outcome, Partition
from streams.core.stitch.quarantine import MOST_KEPT_BYTES
from streams.core.stitch.state import BUCKET, POSITION, bucket_key, split_bucket_key, unpack_bucket
from streams.core.stitch.store import MemoryStore
from streams.core.suppressed import Suppressed
from streams.core.touchpoint import Touchpoint, content_hash, id_of, order_of
from streams.core.verdict import NEVER, Clock
from streams.settings import Settings
from tests.core.test_stitch_forgets import KEEPS_S, act_and_forget, rest
from tests.core.test_stitch_world import STEPS, no_double, visible_equals_truth
from tests.core.world import BUNDLE, SECOND_MS, World, gathered, kept_bytes

SMALL = (3, 8, 20)  # touchpoints; an address of these worlds has about eight, a person up to a hundred
SMALL_BYTES = (600, 2_000, 8_000)


@given(st.integers(0, 1 << 32), st.sampled_from(SMALL), st.sampled_from([ENDLESS_MS, KEEPS_S * SECOND_MS]))
@settings(max_examples=80, deadline=None)
def test_rows_are_those_of_a_batch_without_giants(seed: int, most: int, keeps_ms: int) -> None:
    """Copies, crashes, merges, splits, forgotten touchpoints: who is quarantined follows from the set of touchpoints alone."""
    world = World(Random(seed), keeps_ms=keeps_ms, most_touchpoints=most)
    clock = _live(world, _nothing_is_too_large)
    _who_is_too_large_has_a_receipt(world, clock)
    visible_equals_truth(world, clock)


@given(st.integers(0, 1 << 32), st.sampled_from(SMALL_BYTES), st.sampled_from([ENDLESS_MS, KEEPS_S * SECOND_MS]))
@settings(max_examples=40, deadline=None)
def test_no_state_is_larger_than_allowed_and_others_are_as_in_a_batch(seed: int, most_kept_bytes: int, keeps_ms: int) -> None:
    """The same by bytes: whatever is written stays below the limit at every moment, but for the receipts of who was above."""
    world = World(Random(seed), keeps_ms=keeps_ms, most_kept_bytes=most_kept_bytes)
    clock = _live(world, _nothing_takes_more)
    _nothing_takes_more(world)
    assert all(kept_bytes(row) > most_kept_bytes for row in world.receipts())
    visible_equals_truth(world, clock)


def _live(world: World, holds: Callable[[World], None]) -> Clock:
    """A life by chance, in which that holds at every moment, to its end.  -> the last clock."""
    now_s = 0
    for number in range(STEPS):
        now_s = rest(world, world.rng, now_s)
        act_and_forget(world, world.rng, number, now_s)
        no_double(world)
        _one_receipt_each(world)
        holds(world)
    end_ms = (now_s + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    return Clock(end_ms, end_ms)


def _nothing_takes_more(world: World) -> None:
    for state in world.committed:
        for key, value in state.items():
            if key[:1] == BUCKET and len(value) > world.most_kept_bytes:
                bucket = unpack_bucket(value)
                assert bucket.quarantined
                assert len(bucket.entries) == 1, "the receipt"


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
            addresses.add((id_of(root), f"{address.split(':')[0]}:{id_of(address)}"))
            continue
        verdicts = [
            judge(definition, address.split(":")[1], sorted(found.values(), key=order_of), clock)
            for definition in BUNDLE.by_instance_type.get(address.split(":")[0], [])
        ]
        broken = [each for verdict in verdicts for each in verdict.breakages if looks_at(BUNDLE, each)]
        facts = [one for one in found.values() if not one.copied and concerns_person(BUNDLE, one)]
        held = len(facts) + len(broken) + sum(bool(verdict.lived) for verdict in verdicts)
        wholes[id_of(root)] = wholes.get(id_of(root), 0) + held
    receipts = {(row["person_id"], row["instance"]) for row in world.receipts()}
    assert {receipt for receipt in receipts if ":" in receipt[1]} == addresses
    told = {person for person, instance in receipts if person == instance}
    assert told >= {person for person, held in wholes.items() if held > world.most_touchpoints}
    assert all(wholes.get(person) for person in told), "a whole that nothing is given to is as new"


# step by step -----------------------------------------------------------------------------------------------------------

MOST = 3
HOUR_MS = 3_600_000
CASE = """
journey: case
version: 1
instance: case
opens: ask
closes: {solved: solved}
breakages: {unanswered: {absence: {after: ask, of: answer, within: 2h, waits: each}, per: occurrence}}
"""
TALK = """
journey: talk
version: 1
instance: {episode: {gap: 6h}}
opens: call
"""
Said = set[tuple[str, str]]


class Alone:
    """A single partition, fed record by record; facts are kept for 10 hours."""

    def __init__(self, *texts: str, most: int = MOST) -> None:
        bundle = bundle_of((f"{number}.yaml", text) for number, text in enumerate(texts))
        self.bundles, self.log, self.store = {bundle.content_hash: bundle}, list[bytes](), MemoryStore()
        self.outcome: Outcome
        self.restart(most)
        self.take(Activation(bundle.content_hash, NEVER))

    def restart(self, most: int = MOST, most_kept_bytes: int = MOST_KEPT_BYTES) -> None:
        judge, suppressed = Judge(self.bundles.__getitem__), Suppressed(b"a secret of the tests")
        self.partition = Partition(0, 1, self.store, judge, 2, 10 * HOUR_MS, suppressed, most, most_kept_bytes)
        self.partition.restore("life")

    def take(self, record: Any) -> Said:
        """-> (person, definition or rule, state) of every row that is said; receipts have no definition."""
        self.log.append(pack(record))
        said: Said = set()
        while self.partition.position.offset < len(self.log):
            offset = self.partition.position.offset
            self.outcome = self.partition.step([(offset, self.log[offset])], now_ms=77)
            self.rows = [*self.outcome.rows.journeys, *self.outcome.rows.breakages]
            said |= {(row.get("rule", row["definition"]), row["state"]) for row in self.rows}
        return said

    def happen(self, *facts: Touchpoint) -> Said:
        return self.take(Touchpoints(list(facts)))

    def clock(self, hour: float) -> Said:
        ms = round(hour * HOUR_MS)
        return self.take(IdentityClock(ms, NEVER, 9)) | self.take(IntakeClock(1, {0: ms}, {0: NEVER}))

    def kept(self) -> set[bytes]:
        """Of which buckets there is anything."""
        return {key for key, _ in self.store.items() if key[:1] == BUCKET}


def touch(hour: float, action: str, address: str = "case:k", by: str = "", note: str = "") -> Touchpoint:
    at_ms, pairs = round(hour * HOUR_MS), tuple(tuple(each.split(":")) for each in (address, by) if each)
    content = (at_ms, 0, f"{action}@{hour}", "s", "human", "phone", action, "", pairs, {"note": note}, "", "", "", "")
    return Touchpoint(*content, address, content_hash(content))


def asks(*hours: float) -> list[Touchpoint]:
    return [touch(hour, "ask") for hour in hours]


RECEIPT_SAID, MOVED, OPEN = ("", "quarantined"), ("", "moved"), ("case", "open")


def test_one_touchpoint_more_than_there_may_be_takes_it_all_away_once() -> None:
    """Copies are no more; what stood goes as moved, and whatever comes afterwards costs and changes nothing."""
    alone = Alone(CASE)
    alone.happen(*asks(1, 2, 0))
    alone.clock(9)
    assert alone.happen(*asks(1, 2, 0), touch(9.5, "answer", "case:j")) == set(), "copies"
    assert alone.happen(*asks(3)) == {("case", "moved"), ("unanswered", "moved"), RECEIPT_SAID}
    (receipt,) = [row for row in alone.rows if row["state"] == "quarantined"]
    assert (receipt["person_id"], receipt["address_id"]) == (id_of("case:k"), id_of("case:k"))
    assert (receipt["touchpoints"], receipt["first_at"], receipt["last_at"], receipt["clock_at"]) == (
        MOST + 1, 0, 3 * HOUR_MS, 9 * HOUR_MS,
    )  # fmt: skip
    assert [(each.name, each.value) for each in receipt["facts"]] == [("most_touchpoints", MOST), ("quarantined_at", 77)]
    assert [(each.person_id, each.quarantined.count) for each in alone.outcome.quarantined] == [(id_of("case:k"), MOST + 1)]
    assert alone.happen(*asks(4, 5, 6, 7, 8)) == set()
    assert (alone.outcome.left_out, list(alone.outcome.state)) == (5, [POSITION])
    alone.restart()
    assert alone.happen(*asks(9)) == set()
    assert alone.outcome.left_out == 1
    assert alone.clock(99) == set()
    assert OPEN in alone.happen(touch(99, "ask", "case:i"))


def test_few_large_touchpoints_are_too_much_and_nothing_was_said_of_them() -> None:
    """The third one opens, breaks and is too much in one step; what was said before goes, and a larger limit brings it back."""
    alone, large = Alone(CASE, TALK, most=50), "x" * 10_000
    alone.restart(50, most_kept_bytes=25_000)
    assert OPEN in alone.happen(touch(0, "ask", note=large))
    alone.happen(touch(1, "call", note=large))
    alone.clock(9)
    assert alone.happen(touch(2, "ask", note=large), *asks(3)) == {
        ("case", "moved"),
        ("talk", "moved"),
        ("unanswered", "moved"),
        RECEIPT_SAID,
    }
    (receipt,) = [row for row in alone.rows if row["state"] == "quarantined"]
    said = {each.name: each.value for each in receipt["facts"]}
    assert (receipt["touchpoints"], receipt["first_at"], receipt["last_at"]) == (4, 0, 3 * HOUR_MS)
    assert (said["most_touchpoints"], said["most_kept_bytes"], 30_000 < said["kept_bytes"] < 35_000) == (50, 25_000, True)
    assert alone.happen(*asks(4)) == set()
    assert (alone.outcome.left_out, list(alone.outcome.state)) == (1, [POSITION])
    assert sum(map(len, alone.kept())) + sum(len(value) for _, value in alone.store.items()) < 1_000

    alone.store = MemoryStore()  # a rebuild
    alone.restart(50)
    log, alone.log = alone.log, []
    said_again = [alone.take(unpack_log(record)) for record in log]
    assert (RECEIPT_SAID in set.union(*said_again), OPEN in said_again[1]) == (False, True)
    (bucket,) = [unpack_bucket(value) for key, value in alone.store.items() if key == bucket_key("case:k", "case:k")]
    assert [each.occurred_at for each in bucket.facts] == [hour * HOUR_MS for hour in range(5)]


def test_fewer_bytes_that_are_allowed_take_effect_at_the_next_start() -> None:
    """For an address of which nothing comes any more, and for a person as a whole; without touchpoints nothing is unpacked."""
    alone, large = Alone(CASE, TALK, most=50), "x" * 10_000
    alone.take(Redirects([Redirect(f"case:{n}", "customer:c", n + 1) for n in range(3)]))
    alone.happen(*(touch(n, "call", f"case:{n}", note=large) for n in range(3)), touch(5, "ask"))
    assert ("talk", "open") in {(row["definition"], row["state"]) for row in alone.rows}
    alone.restart(50, most_kept_bytes=25_000)
    assert alone.clock(0.1) == {("talk", "moved"), RECEIPT_SAID}
    assert _receipts(alone) == {"customer:c whole": "customer:c"}
    alone.restart(50, most_kept_bytes=9_000)
    assert alone.clock(0.2) == {MOVED, RECEIPT_SAID}
    assert _receipts(alone) == {f"case:{n}": "customer:c" for n in range(3)}, "none gives anything, so the whole is as new"
    assert OPEN in alone.happen(touch(1, "ask", "case:j"))


def test_a_limit_near_the_largest_record_of_a_topic_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"most_kept_bytes: topics take records of 8,388,608 bytes.*raise max_record_bytes"):
        Settings(most_kept_bytes=7 << 20)
    assert Settings(most_kept_bytes=7 << 20, max_record_bytes=5 << 20).largest_bytes == 10 << 20


def test_quarantine_goes_where_the_address_goes() -> None:
    alone = Alone(CASE, TALK)
    alone.happen(*asks(0, 1, 2, 3))
    assert alone.take(Redirects([Redirect("case:k", "customer:c", 1)])) == {MOVED, RECEIPT_SAID}
    assert {(row["person_id"], row["state"], row["redirects"]) for row in alone.rows} == {
        (id_of("case:k"), "moved", 0), (id_of("customer:c"), "quarantined", 1),
    }  # fmt: skip
    assert {row["address_id"] for row in alone.rows} == {id_of("case:k")}
    assert alone.kept() == {bucket_key("customer:c", "case:k")}
    assert alone.happen(*asks(4)) == set()
    assert alone.take(Redirects([Redirect("case:k", "case:k", 2)])) == {MOVED, RECEIPT_SAID}
    assert alone.kept() == {bucket_key("case:k", "case:k")}


def test_it_reaches_another_home_before_what_follows_it() -> None:
    """What came there first goes, and no touchpoint is carried there."""
    alone = Alone(CASE)
    alone.happen(*asks(0, 1, 2, 3))
    (bucket,) = [unpack_bucket(value) for key, value in alone.store.items() if key == bucket_key("case:k", "case:k")]
    other, redirect = Alone(CASE), Redirect("case:k", "customer:c", 1)
    assert OPEN in other.take(MovedFacts([Move(redirect, asks(5))]))
    first, *rest = moving([Move(redirect, asks(6), quarantined=bucket.quarantined)])
    assert other.take(first) == {("case", "moved"), RECEIPT_SAID}
    assert [other.take(record) for record in rest] == [set()]
    assert other.take(first) == set(), "twice is once"


def test_less_that_is_allowed_takes_effect_at_the_next_start_and_more_with_a_rebuild() -> None:
    """For buckets of which nothing comes any more too, in bounded steps, and persons as a whole."""
    alone = Alone(CASE, TALK, most=50)
    for name in "abcde":
        alone.happen(*(touch(hour, "ask", f"case:{name}") for hour in range(4)), touch(4, "call", f"customer:{name}"))
    alone.happen(*(touch(hour, "call", "customer:a") for hour in range(5, 9)))
    alone.take(Redirects([Redirect(f"case:{name}", "customer:b", 1) for name in "xy"]))
    alone.happen(*(touch(hour, "call", f"case:{name}") for name in "xy" for hour in range(3)))
    alone.restart(most=4)
    assert alone.clock(0.1) == {RECEIPT_SAID, ("talk", "moved")}
    found = {"customer:a": "customer:a", "customer:b whole": "customer:b"}
    assert _receipts(alone) == found
    alone.restart(most=3)
    assert alone.clock(0.2) == {RECEIPT_SAID, ("case", "moved")}
    assert _receipts(alone) == {**found, **{f"case:{name}": f"case:{name}" for name in "abcde"}}
    alone.restart(most=50)
    assert alone.happen(touch(5, "ask", "case:a")) == set()
    assert alone.outcome.left_out == 1


def _receipts(alone: Alone) -> dict[str, str]:
    """Address -> its person, of buckets that are quarantined."""
    buckets = {split_bucket_key(key): unpack_bucket(value) for key, value in alone.store.items() if key[:1] == BUCKET}
    return {key or f"{person} whole": person for (person, key), bucket in buckets.items() if bucket.quarantined}


def test_a_person_as_a_whole_is_too_large_by_what_its_addresses_give() -> None:
    """Its episodes go, its cases stay; once no address gives anything any more it is as new."""
    alone, most = Alone(CASE, TALK, most=4), 4
    calls = [touch(n, "call", f"case:{n}") for n in range(5)]
    alone.take(Redirects([Redirect(f"case:{n}", "customer:c", n + 1) for n in range(5)]))
    assert ("talk", "open") in alone.happen(*calls[:4], touch(0.5, "ask", "case:0"))
    assert alone.happen(calls[4]) == {("talk", "moved"), RECEIPT_SAID}
    (receipt,) = [row for row in alone.rows if row["state"] == "quarantined"]
    assert (receipt["instance"], receipt["address_id"], receipt["touchpoints"]) == (*[id_of("customer:c")] * 2, most + 1)
    assert _receipts(alone) == {"customer:c whole": "customer:c"}
    assert alone.happen(touch(5, "solved", "case:0")) == {("case", "closed")}
    alone.restart(most)
    assert alone.happen(touch(9, "call", "case:0")) == {("case", "closed")}
    for number in range(4):
        assert MOVED not in alone.take(Redirects([Redirect(f"case:{number}", f"case:{number}", 10 + number)]))
    assert MOVED in alone.take(Redirects([Redirect("case:4", "case:4", 20)]))
    assert ("talk", "open") in alone.take(Redirects([Redirect("case:4", "customer:c", 30)]))
    assert _receipts(alone) == {}


def test_a_receipt_does_not_wait_for_what_is_read_back() -> None:
    """One of the person's cases has forgotten its touchpoints and wants them, while others make the person too large."""
    alone = Alone(CASE, TALK)
    alone.take(Redirects([Redirect(f"case:{name}", "customer:c", 1) for name in "k0123"]))
    alone.happen(touch(0, "ask"), touch(1, "answer"), touch(2, "solved"))
    alone.clock(60)
    assert alone.happen(touch(61, "ask")) == set()
    assert len(alone.outcome.wanted) == 1
    assert alone.happen(*(touch(61 + n, "call", f"case:{n}") for n in range(MOST + 1))) == {RECEIPT_SAID}


def test_what_was_forgotten_is_counted_once_it_is_back() -> None:
    """A customer's touchpoints of which no journey is made: copies of forgotten ones may make them look like too many."""
    alone = Alone(CASE)
    calls = [touch(hour, "call", "customer:c") for hour in (0, 1, 2)]
    alone.happen(*calls)
    alone.clock(60)
    assert alone.outcome.reduced or b"call" not in dict(alone.store.items())[bucket_key("customer:c", "customer:c")]
    alone.happen(calls[0])
    (wanted,) = alone.outcome.wanted
    assert alone.take(MovedFacts([Move(wanted.redirect, calls, answers=wanted.number)])) == set()
    assert _receipts(alone) == {}
    alone.clock(200)
    alone.happen(touch(201, "call", "customer:c"))
    (wanted,) = alone.outcome.wanted
    assert alone.take(MovedFacts([Move(wanted.redirect, calls, answers=wanted.number)])) == {RECEIPT_SAID}
    assert (alone.partition.forgetting.awaited(), _receipts(alone)) == ([], {"customer:c": "customer:c"})


def test_who_is_erased_is_not_quarantined_any_more() -> None:
    """Neither is anything of them left; their receipt goes, as a tombstone, like all that was said of them."""
    alone = Alone(CASE, TALK)
    alone.take(Redirects([Redirect("case:k", "customer:c", 1)]))
    alone.happen(*(touch(hour, "call") for hour in range(4)))
    alone.happen(*(touch(hour, "call", "customer:c") for hour in range(3)), touch(4, "call", "case:j", by="customer:c"))
    assert _receipts(alone) == {"case:k": "customer:c"}
    alone.happen(touch(5, "call", "customer:c"))
    assert set(_receipts(alone)) == {"case:k", "customer:c"}
    assert MOVED in alone.take(Erased("an erasure", ["customer:c", "case:k"]))
    assert {(row["definition"], row["state"]) for row in alone.rows} >= {MOVED}
    assert alone.kept() == set()
    assert alone.happen(*asks(1, 2, 3, 4, 5)) == set()
    assert (alone.kept(), alone.outcome.left_out, alone.outcome.suppressed) == (set(), 0, 5)


@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "in any order"])
def test_a_hundred_thousand_touchpoints_cost_no_more_state_than_there_may_be(shuffled: bool) -> None:
    """Of one address, among others: what is written is bounded by the limit, and behind it nothing is written at all."""
    alone, count, most, batch = Alone(CASE, TALK, most=1_000), 100_000, 1_000, 200
    facts = [touch(hour / 1_000, "ask") for hour in range(count)]
    if shuffled:
        Random(1).shuffle(facts)
    written = list[int]()
    for at in range(0, count, batch):
        alone.happen(*facts[at : at + batch])
        written.append(sum(len(value or b"") for key, value in alone.outcome.state.items() if key != POSITION))
    each = len(pack(facts[0])) + 100
    assert max(written) <= 3 * most * each, "touchpoints, and what each of them broke"
    assert sum(written[most // batch + 1 :]) == 0
    assert sum(written) <= (most // batch) * max(written)
    assert OPEN in alone.happen(touch(1, "ask", "case:j"))
