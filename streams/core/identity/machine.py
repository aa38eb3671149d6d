"""Who is one person, and whom an object belongs to: a function of the set of links and unlinks, never of their order of arrival.

Person identifiers that are linked are one person, unless a guard holds them apart; its root is the strongest of them.  An object
belongs to the first person in event order that it was seen with, directly or through an object of higher rank (a parcel through
its order); ranks only rise along such a chain, so there are no cycles.  Until a person is known, the strongest object is the root.
Every change of a root is a redirect with a number of its own, higher than all before.

Sharding, when one writer is outgrown: links of persons cannot be split by identifier, since a chain of them may lead anywhere; but
whole regions or brands that never share an identifier can have a namespace each.  Within one, objects (most of all links) could be
decided where they are at home, from the roots of persons that this machine announces; it would then only hear of persons.
"""

from collections.abc import Iterable, Mapping

from streams.core.identifiers.types import Identifiers
from streams.core.identity.decided import Change, Decided, Erasure
from streams.core.identity.known import Known, Memory
from streams.core.identity.pair import NO_ORDER
from streams.core.identity.persons import Move, Persons, Regrouped
from streams.core.log import Link, Redirect, home
from streams.core.suppressed import ERASED, Suppressed
from streams.core.touchpoint import Order


class Identity:
    """State machine of the single writer.  `load` and `number` bring it back after a restart."""

    def __init__(self, identifiers: Identifiers, partitions: int, suppressed: Suppressed | None = None) -> None:
        self.identifiers, self.partitions = identifiers, partitions
        self.suppressed = Suppressed() if suppressed is None else suppressed
        self.memory = Memory()
        self.number = 0
        self._tells_all = False
        self._before: dict[str, str] = {}
        self._again: list[tuple[str, str]] = []  # pairs of persons
        self._settle_again: dict[str, None] = {}  # objects
        self._persons = Persons(identifiers, self.memory)

    def load(self, entry: bytes, value: bytes | None) -> None:
        if entry[:1] == ERASED:
            self.suppressed.add(entry[1:])
            return
        self.memory.load(entry, value, is_object=not self.identifiers.is_person(entry[1:].decode()))

    def rebuild(self, before: Mapping[str, str]) -> None:
        """Links are learned from their beginning on.  `before`: roots that were told of when all was lost, of those that are not
        their own; who was told is not known any more.

        Whoever has another root now is told so, also if it is its own: what unlinks it may be learned together with what linked it.
        """
        self._tells_all = True
        self._before = {key: root for key, root in before.items() if key not in self.memory}

    def judge_again(self) -> None:
        """With the next step, about everybody: the guards are others than those that it was judged by."""
        self._again = [
            (key, partner) for key in self.memory if self.identifiers.is_person(key)
            for partner, pair in self.memory.pairs(key) if not isinstance(pair, bool)
        ]  # fmt: skip
        self._settle_again = {key: None for key in self.memory if not self.identifiers.is_person(key)}

    def root(self, key: str) -> str:
        return self.memory.root(key)

    def roots(self) -> dict[str, str]:
        return {key: self.memory.root(key) for key in self.memory}

    def take(self, links: Iterable[Link]) -> Decided:
        """What changed is in the memory, for the caller to `flush`."""
        self._begin()
        learned, objects = dict.fromkeys(self._again), self._settle_again
        self._again, self._settle_again = [], {}
        for link in links:
            if self.suppressed and (self.suppressed.has(link.weaker) or self.suppressed.has(link.stronger)):
                continue
            self._announce(link)
            if not self.identifiers.is_person(link.weaker):
                if self._learn(link):
                    objects[link.weaker] = None
            elif self._persons.learn(link):
                learned[link.weaker, link.stronger] = None
        return self._decided(self._persons.regroup(learned), objects)

    def erase(self, keys: Iterable[str]) -> tuple[Erasure, Decided]:
        """Forget these identifiers, and all that belong to the same persons; links of them are refused from now on.

        -> what went, and what became of others who were paired with it: as if there had never been links of what went.
        """
        self._begin()
        gone = self._belonging(list(keys))
        pairs = dict.fromkeys(
            self._persons.in_order(key, partner) for key in gone if self.identifiers.is_person(key)
            for partner, _ in self.memory.pairs(key)
        )  # fmt: skip
        others = {each: None for key in gone for each in self.memory.neighbours(key)}
        objects = {each: None for each in others if each not in gone and not self.identifiers.is_person(each)}
        self._again = [pair for pair in self._again if not gone.keys() & set(pair)]
        self._settle_again = {key: None for key in self._settle_again if key not in gone}
        beside = self._persons.lose(gone)
        decided = self._decided(self._persons.regroup((), beside), objects)
        return Erasure(list(gone), list(pairs), self.suppressed.add_keys(gone)), decided

    def _belonging(self, keys: list[str]) -> dict[str, None]:
        """And whatever has the same roots: found by walking, since what is of one person is connected."""
        roots = {self.memory.root(key) for key in keys}
        found = dict.fromkeys([*keys, *sorted(roots)])
        waiting = list(found)
        while waiting:
            for each in self.memory.neighbours(waiting.pop()):
                if each not in found and self.memory.root(each) in roots:
                    found[each] = None
                    waiting.append(each)
        return found

    def _begin(self) -> None:
        self._changes: dict[str, Change] = {}
        self._moved: dict[Move, list[int]] = {}  # numbers of redirects

    def _decided(self, regrouped: Regrouped, objects: dict[str, None]) -> Decided:
        proofs = regrouped.proofs
        for key, root in regrouped.roots.items():
            self._redirect(key, self.memory.look(key), root, proofs[key])
            objects.update(dict.fromkeys(self.memory.below(key)))
        for key in regrouped.flipped:
            objects.update(dict.fromkeys(self.memory.below(key)))
        for key in objects:
            self._settle(key)
        changes = sorted(self._changes.values(), key=lambda change: change.redirect.number)
        return Decided(changes, regrouped.standings, regrouped.receipts(self._moved))

    def _announce(self, link: Link) -> None:
        for key in (link.weaker, link.stronger):
            if key not in self.memory:
                known = self.memory.touch(key)
                self._changes[key] = Change(Redirect(key, key, 0), [], link.order)
                if self._before.pop(key, key) != key:
                    self._tell_anew(key, known, link.order)

    def _tell_anew(self, key: str, known: Known, proof: Order) -> None:
        """It is its own root, until what follows says otherwise."""
        self.number += 1
        known.number, known.told = self.number, list(range(self.partitions))
        self._changes[key] = Change(Redirect(key, key, self.number), known.told, proof)

    # objects ----------------------------------------------------------------------------------------------------------

    def _learn(self, link: Link) -> bool:
        pair = self.memory.pair(link.weaker, link.stronger)
        if not pair.learn(link):
            return False
        self.memory.put(link.weaker, link.stronger, pair)
        self.memory.place_below(link.weaker, link.stronger)
        return True

    def _settle(self, key: str) -> None:
        """Decide anew, and then whoever may belong to somebody through this one."""
        known = self.memory.look(key)
        root, proof = self._owner(key)
        self._redirect(key, known, root, proof)
        for below in self.memory.below(key):
            self._settle(below)

    def _owner(self, key: str) -> tuple[str, Order]:
        """The first target in event order whose root is a person, one that may link before one that may not; else the first
        target's root; else itself.  Whoever links nobody any more owns nothing that is seen with it from then on."""
        memory, guarded = self.memory, self._persons.is_guarded
        rank, is_person = self.identifiers.rank_of, self.identifiers.is_person
        over = self._persons.expiry.is_over if self._persons.expires else None
        pairs = ((target, pair) for target, pair in memory.pairs(key) if not isinstance(pair, bool))
        linked = ((target, pair.since) for target, pair in pairs if over is None or not over(key, target, pair))
        found = ((target, memory.root(target), since) for target, since in linked if since is not None)
        reached = sorted((not is_person(root), guarded(target), since, rank(target), root) for target, root, since in found)
        return (reached[0][4], reached[0][2]) if reached else (key, NO_ORDER)

    def _redirect(self, key: str, known: Known, root: str, proof: Order) -> None:
        before = known.root or key
        if root == before:
            announced = self._changes.get(key)
            if announced is not None or not self.identifiers.is_person(key):
                tell = announced.tell if announced else []
                self._changes[key] = Change(Redirect(key, root, known.number), tell, proof)
            return
        self.number += 1
        self._moved.setdefault(Move(before, root), []).append(self.number)
        self.memory.touch(key)
        heard = range(self.partitions) if self._tells_all else (home(key, self.partitions), home(before, self.partitions))
        known.told = sorted({*known.told, *heard})
        known.root, known.number = "" if root == key else root, self.number
        self._changes[key] = Change(Redirect(key, root, self.number), known.told, proof)
