"""Who an object belongs to: a function of the set of links, never of their order of arrival.

An object belongs to the first person in event order that it was seen with, directly or through an object of higher rank (a parcel
through its order).  Ranks only rise along such a chain, so there are no cycles.  Until a person is known, the strongest object
found is the root.  Every change of a root is a redirect with a number of its own, higher than all before.
"""

from collections.abc import Callable

import msgspec

from streams.core.log import Link, Redirect, home
from streams.core.touchpoint import Order

NO_ORDER: Order = (0, 0, "", "")


class Known(msgspec.Struct, array_like=True):
    """What identity keeps about one identifier.  `number` 0: it is its own root and never was another's."""

    root: str
    number: int = 0
    targets: dict[str, Order] = {}  # seen with, and the first touchpoint that shows it
    told: list[int] = []  # partitions of the log that heard a redirect about it
    proof: Order = NO_ORDER  # the touchpoint that decided


class Change(msgspec.Struct, frozen=True):
    """An identifier's root as it is now, and the partitions that are to hear of it (none for one that is new and its own root)."""

    redirect: Redirect
    tell: list[int]
    proof: Order


class Identity:
    """State machine of the single writer.  `known` and `number` are what a restart brings back."""

    def __init__(self, is_person: Callable[[str], bool], partitions: int) -> None:
        self.is_person, self.partitions = is_person, partitions
        self.known: dict[str, Known] = {}
        self.number = 0
        self.touched: set[str] = set()  # identifiers whose `known` the last `take` changed
        self._below: dict[str, set[str]] = {}  # object -> objects that may belong to somebody through it

    def restore(self, key: str, known: Known) -> None:
        self.known[key] = known
        self._index(key, known.targets)

    def take(self, links: list[Link]) -> list[Change]:
        """-> what changed, in the order of its numbers."""
        changes: dict[str, Change] = {}
        learned = [link.object for link in links if self._learn(link, changes)]
        for key in dict.fromkeys(learned):
            self._settle(key, changes)
        self.touched = {*learned, *changes}
        return sorted(changes.values(), key=lambda change: change.redirect.number)

    def _learn(self, link: Link, changes: dict[str, Change]) -> bool:
        for key in (link.object, link.target):
            if key not in self.known:
                self.known[key] = Known(key)
                changes[key] = Change(Redirect(key, key, 0), [], link.order)
        known = self.known[link.object]
        before = known.targets.get(link.target)
        if before is not None and before <= link.order:
            return False
        known.targets = {**known.targets, link.target: link.order}
        self._index(link.object, known.targets)
        return True

    def _index(self, key: str, targets: dict[str, Order]) -> None:
        for target in targets:
            if not self.is_person(target):
                self._below.setdefault(target, set()).add(key)

    def _settle(self, key: str, changes: dict[str, Change]) -> None:
        """Decide anew, and then whoever may belong to somebody through this one."""
        known = self.known[key]
        root, proof = self._owner(key)
        if (root, proof) != (known.root, known.proof):
            self._redirect(key, known, root, proof, changes)
        for below in sorted(self._below.get(key, ())):
            self._settle(below, changes)

    def _owner(self, key: str) -> tuple[str, Order]:
        """The first target in event order whose root is a person; else the first target's root; else itself."""
        reached = sorted((order, self.known[target].root) for target, order in self.known[key].targets.items())
        for order, root in reached:
            if self.is_person(root):
                return root, order
        return (reached[0][1], reached[0][0]) if reached else (key, NO_ORDER)

    def _redirect(self, key: str, known: Known, root: str, proof: Order, changes: dict[str, Change]) -> None:
        known.proof = proof
        if root == known.root:
            changes[key] = Change(Redirect(key, root, known.number), changes[key].tell if key in changes else [], proof)
            return
        self.number += 1
        known.told = sorted({*known.told, home(key, self.partitions), home(known.root, self.partitions)})
        known.root, known.number = root, self.number
        changes[key] = Change(Redirect(key, root, self.number), known.told, proof)
