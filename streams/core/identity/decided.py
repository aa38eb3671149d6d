"""What a step of identity decided: the receipts of it."""

from typing import Literal

import msgspec

from streams.core.identity.pair import State
from streams.core.log import Redirect
from streams.core.touchpoint import Order

GUARDS = ("denied", "expired", "crowded", "too_large", "too_many")


def guard_label(guard: str) -> str:
    """One of `GUARDS`: without the type in too_many_TYPE."""
    return "too_many" if guard.startswith("too_many_") else guard


class Change(msgspec.Struct, frozen=True):
    """An identifier's root as it is now, and the partitions that are to hear of it (none for one that is new and its own root)."""

    redirect: Redirect
    tell: list[int]
    proof: Order  # the touchpoint that decided


class Standing(msgspec.Struct, frozen=True):
    """A pair as it stands now.  `state`: linked, unlinked on purpose, or refused by `guard`."""

    weaker: str
    stronger: str
    state: State
    guard: str
    proof: Order  # the touchpoint that says so


class Receipt(msgspec.Struct, frozen=True):
    """A person, or a part of one, that belongs to another root now.

    merged  all of `left` came to `joined`
    split   some of `left` is a person of its own now, or another's
    """

    kind: Literal["merged", "split"]
    left: str  # root before
    joined: str  # root now
    identifiers: int  # of persons, that moved
    objects: int  # that moved with them
    left_size: int  # identifiers of the person before
    joined_size: int  # of the person afterwards
    first_number: int  # of the redirects
    last_number: int
    weaker: str  # the pair that did it
    stronger: str
    why: str  # linked, unlinked, or the guard
    proof: Order  # the touchpoint behind it


class Erasure(msgspec.Struct, frozen=True):
    """Identifiers that were forgotten, with the pairs of persons that went with them, as (weaker, stronger)."""

    keys: list[str]
    pairs: list[tuple[str, str]]
    digests: list[bytes]


class Decided(msgspec.Struct):
    """`changes` in the order of their numbers."""

    changes: list[Change] = []
    standings: list[Standing] = []
    receipts: list[Receipt] = []
