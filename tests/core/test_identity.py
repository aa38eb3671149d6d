"""Whose an object is: a function of the set of links, never of their order."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.core.identity import Identity, Known
from streams.core.log import Link, home
from tests.core.world import IDENTIFIERS

PARTITIONS = 4


def link(of: str, to: str, at: int = 0) -> Link:
    return Link(of, to, (at, 0, f"{of}>{to}", "src"))


def owners(batches: list[list[Link]]) -> dict[str, str]:
    identity = Identity(IDENTIFIERS.is_person, PARTITIONS)
    for batch in batches:
        identity.take(batch)
    return {key: known.root for key, known in identity.known.items()}


links = st.lists(
    st.builds(
        link,
        st.sampled_from(["order:1", "order:2", "case:1", "parcel:1"]),
        st.sampled_from(["customer:a", "customer:b", "customer:c"]),
        st.integers(0, 9),
    )
    | st.builds(link, st.sampled_from(["case:1", "case:2", "parcel:1"]), st.sampled_from(["order:1", "order:2"]), st.integers(0, 9))
    | st.builds(link, st.just("parcel:1"), st.sampled_from(["case:1", "case:2"]), st.integers(0, 9)),
    max_size=14,
)


@given(links, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_and_any_batching_gives_the_same_owners(found: list[Link], rng: Random, size: int) -> None:
    """Shuffled, doubled and cut otherwise: the same roots."""
    shuffled = found + found[: len(found) // 2]
    rng.shuffle(shuffled)
    batches = [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
    assert owners(batches) == owners([found])


@given(links)
def test_numbers_only_grow_and_a_root_changes_only_by_a_redirect(found: list[Link]) -> None:
    identity = Identity(IDENTIFIERS.is_person, PARTITIONS)
    highest, roots = 0, {}
    for one in found:
        for change in identity.take([one]):
            redirect = change.redirect
            if redirect.root != roots.get(redirect.address, redirect.address):
                assert redirect.number > highest
                highest = redirect.number
            roots[redirect.address] = redirect.root
    assert roots == {key: known.root for key, known in identity.known.items()}


@given(links)
def test_whoever_heard_of_an_identifier_hears_of_every_later_redirect(found: list[Link]) -> None:
    """That is what makes two turns of the clock enough."""
    identity = Identity(IDENTIFIERS.is_person, PARTITIONS)
    told: dict[str, set[int]] = {}
    for one in found:
        before = {key: known.root for key, known in identity.known.items()}
        for change in identity.take([one]):
            key = change.redirect.address
            if change.redirect.root != before.get(key, key):
                assert set(change.tell) >= told.get(key, set()) | {home(key, PARTITIONS), home(before.get(key, key), PARTITIONS)}
                told[key] = set(change.tell)


@given(links, st.integers(0, 14))
def test_a_restart_goes_on_where_it_was(found: list[Link], at: int) -> None:
    whole = Identity(IDENTIFIERS.is_person, PARTITIONS)
    whole.take(found[:at])
    again = Identity(IDENTIFIERS.is_person, PARTITIONS)
    for key, known in whole.known.items():
        again.restore(key, Known(known.root, known.number, dict(known.targets), list(known.told), known.proof))
    again.number = whole.number
    assert again.take(found[at:]) == whole.take(found[at:])


def test_the_first_person_in_event_order_has_it_whoever_came_first() -> None:
    assert owners([[link("order:1", "customer:late", 5)], [link("order:1", "customer:early", 3)]])["order:1"] == "customer:early"


def test_a_parcel_finds_its_customer_through_its_order() -> None:
    found = owners([[link("parcel:1", "order:1", 1)], [link("order:1", "customer:a", 9)]])
    assert found["parcel:1"] == "customer:a"


def test_an_order_without_a_customer_is_the_root_of_its_parcel() -> None:
    assert owners([[link("parcel:1", "order:1", 1)]])["parcel:1"] == "order:1"


def test_a_person_seen_directly_counts_before_an_order_that_nobody_owns() -> None:
    found = owners([[link("parcel:1", "order:1", 1), link("parcel:1", "customer:b", 7)]])
    assert found["parcel:1"] == "customer:b"
