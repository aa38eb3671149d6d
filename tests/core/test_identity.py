"""Who is one person, and whose an object is: a function of the set of links and unlinks, never of their order."""

from itertools import permutations
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.identifiers import Identifiers, IdentifierType
from streams.core.identity import Decided, Identity, expiry, known
from streams.core.log import LINKED, SEEN, UNLINKED, Link, home
from tests.core.owners import in_time, standing
from tests.core.owners import owners as truth

PARTITIONS = 4
IDENTIFIERS = Identifiers(
    {
        "customer": IdentifierType("person", most=2),
        "email": IdentifierType("person", never=("test@*",)),
        "phone": IdentifierType("person", partners={"customer": 1, "email": 2}, expires="4ms"),
        "cookie": IdentifierType("person", partners=3, expires="2ms"),
        "order": "object",
        "case": "object",
        "parcel": "object",
    },
    most=6,
)
PERSONS = [
    "customer:a", "customer:b", "customer:c", "email:m", "email:n", "email:test@x", "phone:1", "phone:2", "cookie:1", "cookie:2",
]  # fmt: skip
OBJECTS = ["order:1", "order:2", "case:1", "parcel:1"]


def link(of: str, to: str, at: int = 0, says: int = SEEN) -> Link:
    return Link(of, to, (at, 0, f"{of}>{to}@{at}/{says}", "src"), says)


@st.composite
def one_link(draw: st.DrawFn) -> Link:
    keys = draw(st.lists(st.sampled_from(PERSONS + OBJECTS), min_size=2, max_size=2, unique=True))
    pairs = tuple((key.partition(":")[0], key.partition(":")[2]) for key in keys)
    action = draw(st.sampled_from(["seen", "seen", "seen", "seen", "identity.linked", "identity.unlinked", "identity.unlinked"]))
    said = IDENTIFIERS.links(pairs, action)
    weaker, stronger, says = draw(st.sampled_from(said)) if said else ("order:1", "customer:a", SEEN)
    return link(weaker, stronger, draw(st.integers(0, 9)), says)


links = st.lists(one_link(), max_size=40)


def after(batches: list[list[Link]], identifiers: Identifiers = IDENTIFIERS) -> Identity:
    identity = Identity(identifiers, PARTITIONS)
    for batch in batches:
        identity.take(batch)
        identity.memory.flush()
    return identity


def roots(*batches: list[Link], identifiers: Identifiers = IDENTIFIERS) -> dict[str, str]:
    return after([*batches], identifiers).roots()


@given(links, st.randoms(use_true_random=False), st.integers(1, 9))
@settings(max_examples=250)
def test_any_order_and_any_batching_gives_the_persons_of_the_set(found: list[Link], rng: Random, size: int) -> None:
    """Shuffled, doubled and cut otherwise, with every guard on: what the plainest computation over all of them gives."""
    shuffled = found + found[: len(found) // 2]
    rng.shuffle(shuffled)
    batches = [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
    assert roots(*batches) == truth(IDENTIFIERS, found)


@given(links, st.integers(1, 5), st.integers(0, 6))
def test_many_partners_in_entries_of_their_own_change_nothing(found: list[Link], size: int, inline: int) -> None:
    with patch.object(known, "MOST_INLINE", inline):
        assert roots(*(found[at : at + size] for at in range(0, len(found), size))) == truth(IDENTIFIERS, found)


@given(links, links, st.sampled_from(PERSONS), st.sampled_from(PERSONS))
def test_linked_and_then_unlinked_is_never_linked(some: list[Link], rest: list[Link], one: str, other: str) -> None:
    weaker, stronger = sorted((one, other), key=IDENTIFIERS.rank_of, reverse=True)
    some, rest = ([each for each in part if (each.weaker, each.stronger) != (weaker, stronger)] for part in (some, rest))
    if weaker != stronger:
        found = roots(some, [link(weaker, stronger, 3)], rest, [link(weaker, stronger, 5, UNLINKED)])
        never = roots(some, rest)
        assert found == {weaker: weaker, stronger: stronger} | never


@given(links, st.integers(1, 6))
def test_what_is_said_of_pairs_and_roots_adds_up(found: list[Link], size: int) -> None:
    """Changes, standings and receipts, taken one after the other, lead to what stands in the end; numbers only grow."""
    identity, told, states = Identity(IDENTIFIERS, PARTITIONS), dict[str, str](), dict[tuple[str, str], tuple[str, str]]()
    highest = 0
    for at in range(0, len(found), size):
        decided = identity.take(found[at : at + size])
        identity.memory.flush()
        for change in decided.changes:
            redirect = change.redirect
            if redirect.root != told.get(redirect.address, redirect.address):
                assert redirect.number > highest
                highest = redirect.number
            told[redirect.address] = redirect.root
        states.update(((each.weaker, each.stronger), (each.state, each.guard)) for each in decided.standings)
        assert_receipts(decided, told)
    assert told == identity.roots()
    assert states == again(identity)


def assert_receipts(decided: Decided, told: dict[str, str]) -> None:
    moved = [change.redirect for change in decided.changes if change.redirect.number and change.tell]
    moved = [each for each in moved if IDENTIFIERS.is_person(each.address)]
    assert sum(receipt.identifiers for receipt in decided.receipts) == len(moved)
    for receipt in decided.receipts:
        numbers = [change.redirect.number for change in decided.changes if change.redirect.root == receipt.joined]
        assert receipt.first_number in numbers
        assert receipt.first_number <= receipt.last_number <= max(numbers)
        assert receipt.kind == ("merged" if told[receipt.left] == receipt.joined else "split")
        assert receipt.identifiers <= receipt.left_size
        assert receipt.joined_size == sum(root == receipt.joined for key, root in told.items() if IDENTIFIERS.is_person(key))
        if receipt.why == "linked":
            assert told[receipt.weaker] == told[receipt.stronger] == receipt.joined
        else:
            assert told[receipt.weaker] != told[receipt.stronger]


def again(identity: Identity) -> dict[tuple[str, str], tuple[str, str]]:
    """Every pair of persons: state and guard, from what is kept."""
    found = {}
    for key in identity.memory:
        for partner, pair in identity.memory.pairs(key):
            if not isinstance(pair, bool) and IDENTIFIERS.is_person(key):
                state = "unlinked" if pair.since is None else "refused" if pair.refused else "linked"
                found[key, partner] = state, pair.refused
                together = identity.root(key) == identity.root(partner)
                assert state == "unlinked" or (state == "linked") == together or (pair.refused == "expired" and together)
    return found


@given(links)
def test_whoever_heard_of_an_identifier_hears_of_every_later_redirect(found: list[Link]) -> None:
    """That is what makes two turns of the clock enough."""
    identity = Identity(IDENTIFIERS, PARTITIONS)
    told: dict[str, set[int]] = {}
    for one in found:
        before = identity.roots()
        for change in identity.take([one]).changes:
            key = change.redirect.address
            if change.redirect.root != before.get(key, key):
                assert set(change.tell) >= told.get(key, set()) | {home(key, PARTITIONS), home(before.get(key, key), PARTITIONS)}
                told[key] = set(change.tell)
        identity.memory.flush()


@given(links, st.integers(0, 40), st.integers(0, 6))
def test_a_restart_goes_on_where_it_was(found: list[Link], at: int, inline: int) -> None:
    with patch.object(known, "MOST_INLINE", inline):
        whole, again = Identity(IDENTIFIERS, PARTITIONS), Identity(IDENTIFIERS, PARTITIONS)
        for part in (found[: at // 2], found[at // 2 : at]):
            whole.take(part)
            for entry, value in whole.memory.flush().items():
                again.load(entry, value)
        again.number = whole.number
        assert again.take(found[at:]) == whole.take(found[at:])
        assert again.memory.flush() == whole.memory.flush()


@given(links, st.sets(st.integers(0, 39)), st.sampled_from([1, 3, 9, 99]), st.integers(0, 5))
@settings(max_examples=250)
def test_what_a_lost_machine_told_is_told_anew(found: list[Link], undone: set[int], size: int, restart_at: int) -> None:
    """Everything is lost, and some is unlinked before it is rebuilt; of the redirects told then and now the highest number says the
    truth everywhere, also if the machine begins once more halfway."""
    lost, told = Identity(IDENTIFIERS, PARTITIONS), [dict[str, tuple[int, str]]() for _ in range(PARTITIONS)]
    for one in found:
        hear(told, lost.take([one]))
        lost.memory.flush()
    found = found + [link(one.weaker, one.stronger, 20, UNLINKED) for at, one in enumerate(found) if at in undone]
    identity, kept = Identity(IDENTIFIERS, PARTITIONS), dict[bytes, bytes]()
    identity.number = 1 << 40
    identity.rebuild({key: root for key, root in lost.roots().items() if key != root})
    for step, at in enumerate(range(0, len(found), size)):
        hear(told, identity.take(found[at : at + size]))
        kept |= identity.memory.flush()
        if step == restart_at:
            identity = begun_again(identity.number, kept, lost.roots() | identity.roots())
    expected = truth(IDENTIFIERS, found)
    assert identity.roots() == expected
    for partition, heard in enumerate(told):
        assert {key: root for key, (_, root) in heard.items()} == {key: expected[key] for key in heard}
        assert {key for key, root in expected.items() if root != key and home(key, PARTITIONS) == partition} <= set(heard)


def hear(told: list[dict[str, tuple[int, str]]], decided: Decided) -> None:
    for change in decided.changes:
        for partition in change.tell:
            known = told[partition].get(change.redirect.address, (0, ""))
            told[partition][change.redirect.address] = max(known, (change.redirect.number, change.redirect.root))


def begun_again(number: int, kept: dict[bytes, bytes], people: dict[str, str]) -> Identity:
    identity = Identity(IDENTIFIERS, PARTITIONS)
    for entry, value in kept.items():
        identity.load(entry, value)
    identity.number = number
    identity.rebuild({key: root for key, root in people.items() if key != root})
    return identity


def test_two_identifiers_of_a_person_in_one_touchpoint_are_one_person_with_the_stronger_as_root() -> None:
    assert roots([link("cookie:1", "customer:a", 5)]) == {"cookie:1": "customer:a", "customer:a": "customer:a"}


def test_an_order_follows_its_person_to_another_root() -> None:
    found = after([[link("order:1", "email:m", 1)], [link("email:m", "customer:a", 2)]])
    assert found.root("order:1") == "customer:a"


def test_a_family_phone_links_nobody_from_the_moment_it_has_one_customer_too_many() -> None:
    """Standing links included, and again when one of them is unlinked."""
    one, other = link("phone:1", "customer:a", 1), link("phone:1", "customer:b", 2)
    assert roots([one])["phone:1"] == "customer:a"
    shared = after([[one], [other]])
    assert shared.root("phone:1") == "phone:1"
    decided = shared.take([link("phone:1", "customer:b", 3, UNLINKED)])
    assert shared.root("phone:1") == "customer:a"
    assert {(each.stronger, each.state, each.guard) for each in decided.standings} == {
        ("customer:a", "linked", ""), ("customer:b", "unlinked", ""),
    }  # fmt: skip


def test_an_order_seen_with_a_shared_phone_belongs_to_the_customer_it_was_seen_with_later() -> None:
    shared = [link("phone:1", "customer:a", 1), link("phone:1", "customer:b", 2)]
    assert roots([link("order:1", "phone:1", 1), link("order:1", "customer:b", 7)], shared)["order:1"] == "customer:b"


def test_a_test_address_links_nobody_and_there_is_a_receipt() -> None:
    identity = Identity(IDENTIFIERS, PARTITIONS)
    decided = identity.take([link("email:test@x", "customer:a", 1), link("email:test@x", "customer:b", 2)])
    identity.memory.flush()
    assert identity.roots() == {key: key for key in ("email:test@x", "customer:a", "customer:b")}
    assert [(each.state, each.guard) for each in decided.standings] == [("refused", "denied")] * 2


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_who_would_have_too_many_customers_keeps_those_that_came_first_in_event_order(order: tuple[int, ...]) -> None:
    made = [link("email:m", f"customer:{name}", at) for name, at in (("a", 3), ("b", 1), ("c", 2))]
    identity = after([[made[at]] for at in order])
    assert {identity.root("customer:b"), identity.root("customer:c"), identity.root("email:m")} == {"customer:b"}
    assert identity.root("customer:a") == "customer:a"


def test_a_refused_link_is_judged_again_when_its_person_changes() -> None:
    """Refused when two earlier ones turn up, taken again when one of these is unlinked; each time there is a word about it."""
    identity = after([[link("email:m", "customer:c", 3)]])
    decided = identity.take([link("email:m", "customer:a", 1), link("email:m", "customer:b", 2)])
    assert ("customer:c", "refused", "too_many_customer") in {(each.stronger, each.state, each.guard) for each in decided.standings}
    assert [(each.left, each.kind, each.why) for each in decided.receipts if each.joined == "customer:a"] == [
        ("customer:c", "split", "linked"), ("customer:b", "merged", "linked"),
    ]  # fmt: skip
    decided = identity.take([link("email:m", "customer:a", 5, UNLINKED)])
    assert ("customer:c", "linked", "") in {(each.stronger, each.state, each.guard) for each in decided.standings}


def test_an_unlink_yields_only_to_a_later_link_on_purpose() -> None:
    seen, unlinked = link("email:m", "customer:a", 9), link("email:m", "customer:a", 5, UNLINKED)
    assert roots([seen], [unlinked])["email:m"] == "email:m"
    assert roots([seen, unlinked, link("email:m", "customer:a", 4, LINKED)])["email:m"] == "email:m"
    assert roots([seen, unlinked, link("email:m", "customer:a", 6, LINKED)])["email:m"] == "customer:a"


def test_an_order_that_was_unlinked_from_its_customer_belongs_to_nobody() -> None:
    found = [link("order:1", "customer:a", 1), link("order:1", "customer:a", 2, UNLINKED)]
    assert roots(found)["order:1"] == "order:1"


def test_the_first_person_in_event_order_has_it_whoever_came_first() -> None:
    assert roots([link("order:1", "customer:a", 5)], [link("order:1", "customer:b", 3)])["order:1"] == "customer:b"


def test_a_parcel_finds_its_customer_through_its_order() -> None:
    found = roots([link("parcel:1", "order:1", 1)], [link("order:1", "customer:a", 9)])
    assert found["parcel:1"] == "customer:a"


def test_an_order_without_a_customer_is_the_root_of_its_parcel() -> None:
    assert roots([link("parcel:1", "order:1", 1)])["parcel:1"] == "order:1"


def test_a_person_seen_directly_counts_before_an_order_that_nobody_owns() -> None:
    found = roots([link("parcel:1", "order:1", 1), link("parcel:1", "customer:b", 7)])
    assert found["parcel:1"] == "customer:b"


# expiry ---------------------------------------------------------------------------------------------------------------


def standings(decided: Decided) -> set[tuple[str, str, str, str]]:
    return {(each.weaker, each.stronger, each.state, each.guard) for each in decided.standings}


def test_a_phone_that_is_given_to_somebody_else_links_the_new_owner_to_nobody() -> None:
    """Four milliseconds after its first link are in time, five are not; and there is a word about it."""
    identity = after([[link("phone:1", "customer:a", 1), link("phone:1", "email:m", 5)]])
    decided = identity.take([link("phone:1", "email:n", 6)])
    assert (identity.root("email:m"), identity.root("email:n")) == ("customer:a", "email:n")
    assert standings(decided) == {("phone:1", "email:n", "refused", "expired")}


def test_whoever_keeps_a_phone_for_years_keeps_it() -> None:
    """A pair counts from the first touchpoint that shows it."""
    assert roots([link("phone:1", "customer:a", 1)], [link("phone:1", "customer:a", 9)])["phone:1"] == "customer:a"


def test_links_that_came_too_late_crowd_nobody() -> None:
    """With two customers in time the phone would link neither."""
    found = [link("phone:1", "customer:a", 1), link("phone:1", "customer:b", 6), link("phone:1", "customer:c", 7)]
    assert roots(found) == {
        "phone:1": "customer:a",
        "customer:a": "customer:a",
        "customer:b": "customer:b",
        "customer:c": "customer:c",
    }
    assert roots(found, [link("phone:1", "customer:b", 2)])["phone:1"] == "phone:1"


def test_who_was_crowded_by_links_that_turn_out_too_late_is_so_no_more() -> None:
    """Also where the time that ended earlier is another one's than its own."""
    crowd = [link("cookie:1", other, 5) for other in ("customer:a", "email:m", "email:n", "phone:1")]
    identity = after([crowd])
    assert identity.root("email:n") == "email:n"
    identity.take([link("phone:1", "customer:b", 0)])
    assert {identity.root(each) for each in ("cookie:1", "email:m", "email:n")} == {"customer:a"}
    identity.take([link("phone:1", "customer:b", 6, UNLINKED)])
    assert {key for key, root in identity.roots().items() if key != root} == set()


def test_an_earlier_first_link_that_comes_late_ends_the_time_earlier() -> None:
    """And there is a receipt for whoever is apart by that."""
    identity = after([[link("cookie:1", "customer:b", 3), link("cookie:1", "email:m", 3)]])
    decided = identity.take([link("cookie:1", "phone:1", 0)])
    assert (identity.root("cookie:1"), identity.root("email:m")) == ("phone:1", "email:m")
    refused = {("cookie:1", each, "refused", "expired") for each in ("customer:b", "email:m")}
    assert standings(decided) == refused | {("cookie:1", "phone:1", "linked", "")}
    assert ("split", "customer:b", "email:m", "expired") in {
        (each.kind, each.left, each.joined, each.why) for each in decided.receipts
    }


def test_an_unlink_of_the_old_owner_hands_the_phone_over() -> None:
    """With what was seen with it since."""
    identity = after([[link("phone:1", "customer:a", 1), link("phone:1", "customer:b", 6), link("order:1", "phone:1", 7)]])
    assert (identity.root("phone:1"), identity.root("order:1")) == ("customer:a", "order:1")
    decided = identity.take([link("phone:1", "customer:a", 8, UNLINKED)])
    assert (identity.root("phone:1"), identity.root("order:1")) == ("customer:b", "customer:b")
    assert ("phone:1", "customer:b", "linked", "") in standings(decided)


def test_what_is_linked_on_purpose_does_not_expire() -> None:
    late = link("phone:1", "email:m", 8)
    assert roots([link("phone:1", "customer:a", 1), late])["email:m"] == "email:m"
    assert roots([link("phone:1", "customer:a", 1), late], [link("phone:1", "email:m", 9, LINKED)])["email:m"] == "customer:a"


def test_a_denied_address_begins_no_time() -> None:
    assert roots([link("phone:1", "email:test@x", 0), link("phone:1", "customer:a", 9)])["phone:1"] == "customer:a"


def test_an_order_seen_with_a_phone_after_its_time_is_not_its_former_owners() -> None:
    old, new = link("phone:1", "customer:a", 1), link("order:1", "phone:1", 6)
    assert roots([old, new])["order:1"] == "order:1"
    assert roots([old, new], [link("order:1", "customer:b", 8)])["order:1"] == "customer:b"


def test_an_order_goes_when_the_time_of_its_phone_begins_earlier_than_was_known() -> None:
    """Also where the phone stays its own root."""
    identity = after([[link("order:1", "phone:1", 6)]])
    identity.take([link("cookie:1", "phone:1", 1)])
    assert (identity.root("phone:1"), identity.root("order:1")) == ("phone:1", "order:1")


@given(links, st.integers(1, 6), st.integers(0, 6))
def test_what_is_told_of_as_expired_is_what_came_too_late(found: list[Link], size: int, inline: int) -> None:
    with patch.object(known, "MOST_INLINE", inline), patch.object(expiry, "MOST_INLINE", inline):
        told = again(after([found[at : at + size] for at in range(0, len(found), size)]))
    pairs = {pair: since for pair, since in standing(found).items() if all(map(IDENTIFIERS.is_person, pair))}
    late = pairs.keys() - in_time(IDENTIFIERS, found, pairs).keys()
    assert {pair for pair, (_, guard) in told.items() if guard == "expired"} == {
        pair for pair in late if not any(map(IDENTIFIERS.denies, pair))
    }


@given(links, st.booleans())
def test_everybody_is_judged_again_when_expiry_changes(found: list[Link], begins: bool) -> None:
    types = {name: replace(its, expires="") for name, its in IDENTIFIERS.types.items()}
    rules = [Identifiers(types, most=6), IDENTIFIERS]
    before, now = rules if begins else reversed(rules)
    known, again = after([found], before), Identity(now, PARTITIONS)
    for key in known.memory:
        known.memory.touch(key)
    everything = known.memory.flush()
    for entry, value in everything.items():
        again.load(entry, value)
    again.number = known.number
    assert before.guards != now.guards
    again.judge_again()
    again.take([])
    assert again.roots() == truth(now, found)
