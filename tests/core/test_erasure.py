"""Who is erased is forgotten by identity and stitch, wherever they were when it came, and stays so; others live on as if alone."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.identity import Identity
from streams.core.log import LINKED, SEEN, UNLINKED, Erased, Link, pack
from streams.core.stitch.state import BUCKET, packed_bucket
from streams.core.suppressed import ERASED, NoErasureSecret, Suppressed
from streams.core.touchpoint import Touchpoint, identifier_key
from streams.core.verdict import Clock
from tests.core.owners import owners
from tests.core.test_stitch_forgets import KEEPS_S, act_and_forget, rest
from tests.core.test_stitch_world import STEPS, _pure, _pure_journey, act, no_double
from tests.core.world import IDENTIFIERS, SECOND_MS, SECRET, World, touchpoint, truth


def test_without_a_secret_nothing_can_be_erased_or_looked_up() -> None:
    with pytest.raises(NoErasureSecret, match="THROUGHLINE_ERASURE_SECRET"):
        Suppressed(b"short").add_keys(["customer:1"])
    assert not Suppressed().carried(touchpoint(1, 0, "ask", (("customer", "1"),)))


def test_another_secret_knows_nobody() -> None:
    mine, other = Suppressed(SECRET), Suppressed(SECRET + b"!")
    other.add(*mine.add_keys(["customer:1"]))
    assert mine.has("customer:1")
    assert not mine.has("customer:2")
    assert not other.has("customer:1")


# identity ---------------------------------------------------------------------------------------------------------------

keys = st.sampled_from([f"{kind}:{number}" for kind in ("customer", "cookie", "order", "case") for number in range(4)])


@st.composite
def links(draw: Any) -> Link:
    one, other = draw(st.lists(keys, min_size=2, max_size=2, unique_by=lambda key: key.partition(":")[0]) | _persons)
    weaker, stronger = sorted((one, other), key=IDENTIFIERS.rank_of, reverse=True)
    at = draw(st.integers(0, 9))  # a cookie lasts for four of them
    return Link(weaker, stronger, (at * 10 * SECOND_MS, 0, f"e{at}", "s"), draw(st.sampled_from([SEEN, SEEN, LINKED, UNLINKED])))


_persons = st.lists(keys.filter(IDENTIFIERS.is_person), min_size=2, max_size=2, unique=True)


@given(st.lists(links(), max_size=40), keys, st.lists(links(), max_size=10))
@settings(max_examples=300)
def test_who_is_left_is_as_if_there_had_never_been_links_of_who_went(before: list[Link], erased: str, after: list[Link]) -> None:
    identity, kept = Identity(IDENTIFIERS, 3, Suppressed(SECRET)), dict[bytes, bytes | None]()
    identity.take(before)
    kept |= identity.memory.flush()
    known = identity.roots()
    erasure, decided = identity.erase([erased])
    kept |= identity.memory.flush()
    theirs = {key for key, root in known.items() if root == known.get(erased, erased)} | {erased}
    assert set(erasure.keys) == theirs
    kept |= {ERASED + digest: b"1" for digest in erasure.digests}
    identity.take(after)
    kept |= identity.memory.flush()
    others = [link for link in before + after if not theirs & {link.weaker, link.stronger}]
    expected = owners(IDENTIFIERS, others)
    assert {key: root for key, root in identity.roots().items() if root != key} == {k: r for k, r in expected.items() if r != k}
    assert not theirs & {key for change in decided.changes for key in (change.redirect.address, change.redirect.root)}
    _holds_nothing({key: value for key, value in kept.items() if value is not None}, theirs)
    _comes_back(kept, identity)


def _comes_back(kept: dict[bytes, bytes | None], identity: Identity) -> None:
    """From what was written, tombstones too, also where both are still there."""
    again = Identity(IDENTIFIERS, 3, Suppressed(SECRET))
    for entry, value in kept.items():
        again.load(entry, b"\x94\xa0\x00\x90\x80" if value is None else value)
        again.load(entry, value)
    assert again.roots() == identity.roots()
    assert again.suppressed.digests == identity.suppressed.digests
    for key in identity.memory:
        assert sorted(again.memory.neighbours(key)) == sorted(identity.memory.neighbours(key))
        assert +again.memory.counts(key) == +identity.memory.counts(key)


def _holds_nothing(kept: dict[bytes, bytes], gone: set[str]) -> None:
    for key in gone:
        assert not [entry for entry, value in kept.items() if key.encode() in entry + value and entry[:1] != ERASED], key


def test_a_crowd_of_partners_is_forgotten_one_by_one() -> None:
    """Also where partners lie in entries of their own, on either side."""
    identity, kept = Identity(IDENTIFIERS, 3, Suppressed(SECRET)), dict[bytes, bytes | None]()
    identity.take([Link("cookie:x", f"customer:{number:03}", (number, 0, "e", "s")) for number in range(40)])
    kept |= identity.memory.flush()
    erasure, _ = identity.erase([f"customer:{number:03}" for number in range(39)])
    kept |= identity.memory.flush()
    assert len(erasure.keys) == 39
    assert identity.root("cookie:x") == "customer:039"
    _holds_nothing({key: value for key, value in kept.items() if value is not None}, set(erasure.keys))
    identity.erase(["cookie:x"])
    assert identity.roots() == {}


def test_whoever_began_the_time_of_a_cookie_is_forgotten_with_it() -> None:
    """The customer that was refused because of that is linked."""
    identity = Identity(IDENTIFIERS, 3, Suppressed(SECRET))
    shared = [Link("cookie:y", other, (0, 0, "e", "s")) for other in ("cookie:x", "customer:1", "customer:2")]
    identity.take([*shared, Link("cookie:x", "customer:3", (50 * SECOND_MS, 0, "e", "s"))])
    identity.take([Link("order:1", "cookie:x", (50 * SECOND_MS, 0, "e", "s"))])
    assert (identity.root("cookie:x"), identity.root("order:1")) == ("cookie:x", "order:1")
    identity.erase(["cookie:y"])
    assert (identity.root("cookie:x"), identity.root("order:1")) == ("customer:3", "customer:3")


def test_an_order_is_a_cookies_again_when_whoever_began_its_time_is_forgotten() -> None:
    identity = Identity(IDENTIFIERS, 3, Suppressed(SECRET))
    shared = [Link("cookie:y", other, (0, 0, "e", "s")) for other in ("cookie:x", "customer:1", "customer:2")]
    identity.take([*shared, Link("order:1", "cookie:x", (50 * SECOND_MS, 0, "e", "s"))])
    assert identity.root("order:1") == "order:1"
    identity.erase(["cookie:y"])
    assert identity.root("order:1") == "cookie:x"


# the whole protocol -----------------------------------------------------------------------------------------------------


class Erasing(World):
    """A world in which people are erased: what comes to identity as a record of its own goes on to every partition of the log."""

    gone: frozenset[str] = frozenset()

    def erase(self, key: str) -> None:
        while self.identity_at < len(self.links):
            self.step_identity(5)
        erasure, decided = self.identity.erase([key])
        self.identity_kept |= self.identity.memory.flush() | {ERASED + digest: b"1" for digest in erasure.digests}
        self._announce(decided.changes)
        for log in self.logs:
            log.append(pack(Erased("an erasure", erasure.keys, beside=self._beside(erasure.keys))))
        self.gone |= set(erasure.keys)

    def _beside(self, keys: list[str]) -> list[str]:
        """As the database tells it."""
        carried = [{identifier_key(*pair) for pair in one.identifiers} for one in self.delivered]
        return sorted({key for each in carried if each & set(keys) for key in each} - set(keys))

    def is_of_gone(self, one: Touchpoint) -> bool:
        return bool(self.gone & {identifier_key(*pair) for pair in one.identifiers})

    def says_more_than_it_may(self) -> bool:
        """What an erased touchpoint said of two others stays known: it was not only about who is erased."""
        carried = [{identifier_key(*pair) for pair in one.identifiers} for one in self.delivered if self.is_of_gone(one)]
        return any(len(each - self.gone) > 1 for each in carried)


@given(st.integers(0, 1 << 32))
@settings(max_examples=40, deadline=None)
def test_the_world_goes_on_as_if_who_was_erased_had_never_been(seed: int) -> None:
    """Wherever their touchpoints were, in front of or behind the erasure, in one's own buckets or in those of others."""
    rng = Random(seed)
    _lives_on(Erasing(rng), rng, act, lambda _, now_s: now_s + rng.randint(0, 2))


@given(st.integers(0, 1 << 32))
@example(485249)  # of somebody only the memory of a withdrawn breakage is left
@settings(max_examples=40, deadline=None)
def test_stubs_of_others_forget_who_was_erased_as_well(seed: int) -> None:
    """What they have forgotten is read back without."""
    rng = Random(seed)
    _lives_on(Erasing(rng, keeps_ms=KEEPS_S * SECOND_MS), rng, act_and_forget, lambda world, now_s: rest(world, rng, now_s))


Act = Callable[[World, Random, int, int], None]


def _lives_on(world: Erasing, rng: Random, act: Act, later: Callable[[World, int], int]) -> None:
    now_s = 0
    for number in range(STEPS):
        now_s = later(world, now_s)
        act(world, rng, number, now_s)
        if number in (STEPS // 3, STEPS // 2, STEPS - 1):
            world.erase(rng.choice(["customer:1", "order:2", "cookie:0", "case:3"]))
        no_double(world)
    end_ms = (now_s + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    _forgotten(world)
    if world.says_more_than_it_may():
        return
    world.delivered = [one for one in world.delivered if not world.is_of_gone(one)]
    journeys, breakages = truth(world, Clock(end_ms, end_ms))
    found = {(r["person_id"], r["definition"], r["instance"]): r for r in world.visible(world.journeys)}
    assert {key: _pure(row) for key, row in found.items()} == {key: _pure_journey(row) for key, row in journeys.items()}
    broken = {(r["person_id"], r["definition"], r["instance"], r["rule"], r["occurrence"]) for r in world.visible(world.breakages)}
    assert broken == set(breakages)


def _forgotten(world: Erasing) -> None:
    """No entry of any state, though none of them was ever restarted or all were."""
    _holds_nothing({key: value for key, value in world.identity_kept.items() if value is not None}, set(world.gone))
    for kept in world.committed:
        _holds_nothing({key: _plain(key, value) for key, value in kept.items() if value is not None}, set(world.gone))
    for number, part in enumerate(world.parts):
        assert part.suppressed.digests == world.identity.suppressed.digests, number


def _plain(entry: bytes, value: bytes) -> bytes:
    """What is squeezed, as it is."""
    return packed_bucket(value) if entry[:1] == BUCKET else value
