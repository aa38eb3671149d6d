"""Person identifiers: learn pairs, find out which are one person now, and write the receipts of what changed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from streams.core.identifiers.types import Identifiers
from streams.core.identity.decided import Receipt, Standing
from streams.core.identity.expiry import NO_LINK_MS, Expiry
from streams.core.identity.grouping import Edge, Grouped, grouped
from streams.core.identity.known import Memory, is_linked
from streams.core.identity.pair import Pair
from streams.core.log import UNLINKED, Link
from streams.core.touchpoint import Order

DENIED, EXPIRED, CROWDED = "denied", "expired", "crowded"
PairKey = tuple[str, str]  # weaker, stronger


class Move(NamedTuple):
    left: str
    joined: str


@dataclass
class Regrouped:
    """`roots`: of those whose root is another now; `flipped`: those that may link now and could not, or the other way round."""

    before: dict[str, str] = field(default_factory=dict)  # of everybody looked at
    after: dict[str, str] = field(default_factory=dict)
    taken: list[Edge] = field(default_factory=list)
    refused: dict[PairKey, str] = field(default_factory=dict)
    were_refused: list[PairKey] = field(default_factory=list)  # of those that no guard of an identifier refuses
    standings: list[Standing] = field(default_factory=list)
    flipped: list[str] = field(default_factory=list)
    evidence: dict[Move, tuple[PairKey, str, Order]] = field(default_factory=dict)

    @property
    def roots(self) -> dict[str, str]:
        return {key: root for key, root in self.after.items() if root != self.before[key]}

    @property
    def proofs(self) -> dict[str, Order]:
        return {key: self.evidence[Move(self.before[key], root)][2] for key, root in self.roots.items()}

    def receipts(self, moved: Mapping[Move, list[int]]) -> list[Receipt]:
        """`moved`: numbers of the redirects of persons and of their objects."""
        persons = Counter(Move(self.before[key], root) for key, root in self.roots.items())
        was, now = Counter(self.before.values()), Counter(self.after.values())
        return [self._receipt(move, count, moved[move], was, now) for move, count in persons.items()]

    def _receipt(self, move: Move, persons: int, numbers: list[int], was: Counter[str], now: Counter[str]) -> Receipt:
        pair, why, proof = self.evidence[move]
        kind: Literal["merged", "split"] = "merged" if self.after[move.left] == move.joined else "split"
        sizes = persons, len(numbers) - persons, was[move.left], now[move.joined]
        return Receipt(kind, *move, *sizes, min(numbers), max(numbers), *pair, why, proof)


class Persons:
    """Works on the memory of the identity machine."""

    def __init__(self, identifiers: Identifiers, memory: Memory) -> None:
        self._identifiers, self._memory = identifiers, memory
        self._was_crowded: dict[str, bool] = {}
        self._crowded: dict[str, bool] = {}  # as found in this step
        self._guarded: dict[str, bool] = {}
        self.expiry = Expiry(identifiers, memory)
        self.expires = identifiers.expiring
        self._shifted: dict[str, None] = {}  # identifiers whose time is another now, after this step's links
        self._begun: dict[str, None] = {}  # those whose time began

    def is_guarded(self, key: str) -> bool:
        found = self._guarded.get(key)
        if found is None:
            guarded = self._identifiers.is_person(key) and (self._identifiers.denies(key) or self._is_crowded(key))
            found = self._guarded[key] = guarded
        return found

    def learn(self, link: Link) -> bool:
        """-> whether it was news of two persons' identifiers."""
        weaker, stronger = link.weaker, link.stronger
        for key in (weaker, stronger):
            if key not in self._was_crowded:
                self._was_crowded[key] = self._is_crowded(key)
        expiring = self._expiring(weaker, stronger) if self.expires else ()
        pair = self._memory.pair(weaker, stronger)
        was = pair.since
        if not pair.learn(link):
            return False
        self._memory.put(weaker, stronger, pair)
        if (was is None) != (pair.since is None) or link.says == UNLINKED:  # an unlink alone is known to both: who is forgotten is
            self._memory.put(stronger, weaker, pair.since is not None)
        for key in (weaker, stronger):
            self._crowded.pop(key, None)
            self._guarded.pop(key, None)
        if expiring and was != pair.since:
            for key, before_ms in expiring:
                self._pass_on(key, stronger if key == weaker else weaker, before_ms, was, pair.since)
        return True

    def _expiring(self, *keys: str) -> list[tuple[str, int]]:
        """Those of them that expire, and when their time began."""
        return [(key, self.expiry.first_ms(key)) for key in keys if self._identifiers.expires_ms(key)]

    def _pass_on(self, key: str, partner: str, before_ms: int, was: Order | None, now: Order | None) -> None:
        """To all that hangs on it when its time begins: what it links, and whom that crowds."""
        times_ms = (each[0] if each is not None else NO_LINK_MS for each in (was, now))
        if not self.expiry.learned(key, partner, *times_ms):
            return
        if before_ms == NO_LINK_MS:
            self._begun[key] = None
            return
        self._shifted[key] = None
        self._crowded.clear()
        self._guarded.clear()

    def _comes_too_late(self, key: str, partner: str, pair: Pair | bool) -> bool:
        """What `key` knows of its partner: the weaker one of both has the pair itself."""
        return self.expiry.is_over(partner, key) if isinstance(pair, bool) else self.expiry.is_over(key, partner, pair)

    def _is_crowded(self, key: str) -> bool:
        found = self._crowded.get(key)
        if found is None:
            least = self._identifiers.least_limit(key)
            many = bool(least) and self._memory.partners(key) > least
            crowded = many and self._identifiers.crowded(key, self._memory.counts(key))
            found = self._crowded[key] = crowded and (not self.expires or self._is_crowded_in_time(key))
        return found

    def _is_crowded_in_time(self, key: str) -> bool:
        """By those alone whose link came in time.  It takes a few of them to know, however many there are."""
        counts = Counter[str]()
        for partner, pair in self._memory.pairs(key):
            if is_linked(pair) and not self._comes_too_late(key, partner, pair):
                counts[partner.partition(":")[0]] += 1
                if self._identifiers.crowded(key, counts):
                    return True
        return False

    def lose(self, keys: Iterable[str]) -> list[str]:
        """Forget identifiers of persons.  -> those of others that were paired with them."""
        gone = dict.fromkeys(keys)
        others = [each for key in gone for each in self._memory.neighbours(key) if each not in gone]
        persons = [each for each in dict.fromkeys(others) if self._identifiers.is_person(each)]
        for key in persons:
            self._was_crowded.setdefault(key, self._is_crowded(key))
        self._shifted.update((key, None) for key in persons if self._identifiers.expires_ms(key))
        for key in gone:
            self._memory.forget(key)
            self._was_crowded.pop(key, None)
        self.expiry.forget((*persons, *gone))
        self._crowded.clear()
        self._guarded.clear()
        return persons

    def regroup(self, learned: Iterable[PairKey], beside: Iterable[str] = ()) -> Regrouped:
        """Decide anew about everybody whom the learned pairs may concern, and about those `beside` them."""
        pairs = dict.fromkeys(learned)
        found = Regrouped()
        seeds = {key: None for pair in pairs for key in pair} | dict.fromkeys(beside)
        found.flipped += self._begun
        for key in self._doubtful():
            found.flipped.append(key)
            partners = [partner for partner, _ in self._memory.pairs(key)]
            seeds.update(dict.fromkeys(partners))
            pairs.update((self.in_order(key, partner), None) for partner in partners)
        for seed in seeds:
            if seed not in found.before:
                self._regroup(seed, found)
        pairs.update(dict.fromkeys(found.were_refused))
        pairs.update(dict.fromkeys(found.refused))
        self._mark(pairs, set(learned), found)
        self._prove(pairs, found)
        self._was_crowded, self._crowded, self._guarded = {}, {}, {}
        self._shifted, self._begun = {}, {}
        self.expiry.tidy()
        return found

    def _doubtful(self) -> Iterable[str]:
        """Identifiers whose links a guard may see otherwise than before, all of them."""
        found = {key: None for key, was in self._was_crowded.items() if was != self._is_crowded(key)}
        for key in self._shifted:
            found[key] = None
            for partner, _ in self._memory.pairs(key):
                if 0 < self._identifiers.least_limit(partner) < self._memory.partners(partner):
                    found[partner] = None
        return found

    def _regroup(self, seed: str, found: Regrouped) -> None:
        members, edges = self._component(seed, found.were_refused)
        few = len(members) <= self._identifiers.few
        groups, refused = Grouped([sorted(members)], {}) if few else grouped(members, edges, self._identifiers.too_many)
        found.before.update((key, self._memory.root(key)) for key in members)
        for group in groups:
            root = min(group, key=self._identifiers.rank_of)
            found.after.update(dict.fromkeys(group, root))
        found.refused.update(((edge.weaker, edge.stronger), limit) for edge, limit in refused.items())
        found.taken += [edge for edge in edges if edge not in refused] if refused else edges

    def _component(self, seed: str, were_refused: list[PairKey]) -> tuple[list[str], list[Edge]]:
        """Everybody whom links lead to, but for guarded identifiers, and those links."""
        members, edges, waiting, expires = {seed: None}, list[Edge](), [seed], self.expires
        while waiting:
            key = waiting.pop()
            if self.is_guarded(key):
                continue
            for partner, pair in self._memory.pairs(key):
                since = None if isinstance(pair, bool) else pair.since
                if (since is None and pair is not True) or self.is_guarded(partner):
                    continue
                if expires and self._comes_too_late(key, partner, pair):
                    continue
                if since is not None and isinstance(pair, Pair):
                    edges.append(Edge(since, key, partner))
                    if pair.refused:
                        were_refused.append((key, partner))
                if partner not in members:
                    members[partner] = None
                    waiting.append(partner)
        return list(members), edges

    def in_order(self, one: str, other: str) -> PairKey:
        rank = self._identifiers.rank_of
        return (other, one) if rank(one) < rank(other) else (one, other)

    def _guard(self, weaker: str, stronger: str, found: Regrouped) -> str:
        ends = (weaker, stronger)
        if self.expires and not any(map(self._identifiers.denies, ends)) and self.expiry.is_over(*ends):
            return EXPIRED
        if not self.is_guarded(weaker) and not self.is_guarded(stronger):
            return found.refused.get(ends, "")
        return DENIED if any(self._identifiers.denies(key) for key in ends) else CROWDED

    def _mark(self, pairs: Iterable[PairKey], learned: set[PairKey], found: Regrouped) -> None:
        """Say what became of each pair, where that is news."""
        for weaker, stronger in pairs:
            pair = self._memory.pair(weaker, stronger)
            guard = self._guard(weaker, stronger, found) if pair.since is not None else ""
            if guard != pair.refused:
                pair.refused = guard
                self._memory.put(weaker, stronger, pair)
            elif (weaker, stronger) not in learned:
                continue
            found.standings.append(Standing(weaker, stronger, pair.state, guard, pair.said))

    def _prove(self, pairs: Iterable[PairKey], found: Regrouped) -> None:
        """For everybody who moved the pair that did it: the first link to the new root's other people; for what was split off the
        pair that does not hold any more."""
        before = found.before
        for edge in sorted(edge for edge in found.taken if before[edge.weaker] != before[edge.stronger]):
            joined = found.after[edge.weaker]
            for left in {before[edge.weaker], before[edge.stronger]} - {joined}:
                found.evidence.setdefault(Move(left, joined), ((edge.weaker, edge.stronger), "linked", edge.since))
        for weaker, stronger in pairs:
            if found.before.get(weaker) == found.before.get(stronger) and found.after.get(weaker) != found.after.get(stronger):
                pair = self._memory.pair(weaker, stronger)
                why = ((weaker, stronger), pair.refused or "unlinked", pair.said)
                for key in (weaker, stronger):
                    found.evidence.setdefault(Move(found.before[key], found.after[key]), why)
        for key, root in found.roots.items():
            found.evidence.setdefault(Move(found.before[key], root), self._any_pair(key, root))

    def _any_pair(self, key: str, root: str) -> tuple[PairKey, str, Order]:
        pair_key = self.in_order(key, root) if key != root else (key, key)
        pair = self._memory.pair(*pair_key)
        return pair_key, "linked" if key != root else "unlinked", pair.said
