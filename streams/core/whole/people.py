"""All touchpoints by the person they belong to: owners from all links at once, a copy for every object.

Memory: about 1.5 KB a link, and for each touchpoint of the part at hand its packed form, about 400 bytes.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from zlib import crc32

import msgspec

from streams.core.identifiers import Identifiers
from streams.core.identity import Identity
from streams.core.log import SEEN, Link
from streams.core.touchpoint import Order, Touchpoint, id_of, identifiers_of

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Touchpoint).decode
Pairs = tuple[tuple[str, str], ...]
Told = tuple[str, str, int, Order]  # weaker, stronger, what is said of them
Carried = tuple[Pairs, str, Order]  # identifiers, action, order of a touchpoint


class Owners:
    """Whose an identifier is, as identity finds it when it has heard everything."""

    def __init__(self, identifiers: Identifiers, carried: Iterable[Carried], known: Iterable[Told] = ()) -> None:
        """`carried`: of every touchpoint that has several identifiers and is not too late.  `known`: what others said."""
        told: dict[tuple[str, str, int], Order] = {}  # of what was only seen together the first touchpoint, else the last
        found = ((said, order) for pairs, action, order in carried for said in identifiers.links(pairs, action))
        before_it = (((weaker, stronger, says), order) for weaker, stronger, says, order in known)
        for said, order in chain(before_it, found):
            before = told.get(said)
            if before is None or (order < before if said[2] == SEEN else order > before):
                told[said] = order
        self._identity = Identity(identifiers, partitions=1)
        self._identity.take(Link(weaker, stronger, order, says) for (weaker, stronger, says), order in told.items())
        self._identity.memory.flush()

    def root(self, address: str) -> str:
        return self._identity.root(address)


def part_of(person: str, parts: int) -> int:
    """Which of so many parts a person (its id) is in; ClickHouse's CRC32 says the same."""
    return crc32(person.encode()) % parts


class People:
    """Part `part` of `parts`: the touchpoints of everybody in it, packed; without those of addresses (ids) that are quarantined."""

    def __init__(
        self, identifiers: Identifiers, owners: Owners, part: int = 0, parts: int = 1, quarantined: Collection[str] = ()
    ) -> None:
        self._identifiers, self._owners, self._part, self._parts = identifiers, owners, part, parts
        self._quarantined = frozenset(quarantined)
        self._packed: dict[str, list[bytes]] = {}
        self.touchpoints = 0  # without copies: each is in one part

    def take(self, touchpoint: Touchpoint) -> list[str]:
        """Give it to whom it belongs, and copies to the other objects' owners.  -> roots of those of them who are in this part."""
        if touchpoint.too_late:
            return []
        pairs, copied = identifiers_of(touchpoint), list[str]()
        if len(pairs) > 1:
            copied = self._identifiers.other_addresses(pairs, touchpoint.address)
        found = []
        for address in (touchpoint.address, *copied):
            root = self._owners.root(address)
            if self._parts > 1 and part_of(id_of(root), self._parts) != self._part:
                continue
            if self._quarantined and id_of(address) in self._quarantined:
                continue
            is_copy = address != touchpoint.address
            its = msgspec.structs.replace(touchpoint, address=address, copied=True) if is_copy else touchpoint
            self._packed.setdefault(root, []).append(_pack(its))
            self.touchpoints += not is_copy
            found.append(root)
        return found

    def __len__(self) -> int:
        return len(self._packed)

    def in_order(self) -> Iterator[tuple[str, str, list[Touchpoint]]]:
        """(id, root, touchpoints and copies) of everybody, by their ids."""
        for person, root in sorted((id_of(root), root) for root in self._packed):
            yield person, root, [_unpack(packed) for packed in self._packed[root]]
