"""What identity keeps: packed, one entry an identifier, and one a partner for those that have very many.

A pair is kept at its weaker identifier; the stronger one keeps whether they are linked, so that either finds the other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from streams.core.identity.pair import Pair

IDENTIFIER, PARTNER = b"i", b"m"
MOST_INLINE = 32  # partners; more lie in entries of their own, so that one more of them does not cost all of them
_pack = msgspec.msgpack.Encoder().encode


class Known(msgspec.Struct, array_like=True):
    """`root`: identifier whose person it belongs to, empty for itself.  `number`: of its last redirect; 0: there was none."""

    root: str = ""
    number: int = 0
    told: list[int] = []  # partitions of the log that heard a redirect about it
    pairs: dict[str, Pair | bool] = {}


_known = msgspec.msgpack.Decoder(Known).decode
_pair = msgspec.msgpack.Decoder(Pair | bool).decode


class Many:
    """The partners of one identifier that has very many, packed."""

    __slots__ = ("counts", "packed")

    def __init__(self) -> None:
        self.packed: dict[str, bytes] = {}
        self.counts: Counter[str] = Counter()  # linked ones, by type


def is_linked(pair: Pair | bool) -> bool:
    return pair if isinstance(pair, bool) else pair.since is not None


class Memory:
    """Entries are unpacked when looked at, stay so within one step, and are packed again at its end if they changed."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}
        self._many: dict[str, Many] = {}
        self._below: dict[str, str | set[str]] = {}  # target -> objects that may belong to somebody through it
        self._open: dict[str, Known] = {}
        self._changed: set[str] = set()
        self._changed_pairs: dict[tuple[str, str], bytes] = {}
        self._gone: set[bytes] = set()  # entries that are to be deleted
        self._apart = 0  # partners in entries of their own

    def __len__(self) -> int:
        return len(self._packed)

    @property
    def entries(self) -> int:
        """That `flush` gave and did not delete."""
        return len(self._packed) + self._apart

    def __contains__(self, key: str) -> bool:
        return key in self._packed or key in self._changed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def load(self, entry: bytes, value: bytes | None, *, is_object: bool) -> None:
        """What `flush` gave: entries in any order, of one entry the last one last."""
        if value is None:
            self._unload(entry)
        elif entry[:1] == IDENTIFIER:
            key = entry[1:].decode()
            self._packed[key] = value
            if is_object:
                self._index(key, _known(value).pairs)
        else:
            key, _, partner = entry[1:].decode().partition("\0")
            self._keep_apart(key, partner, value)
            if is_object:
                self._index(key, (partner,))

    def _unload(self, entry: bytes) -> None:
        key, _, partner = entry[1:].decode().partition("\0")
        if entry[:1] == IDENTIFIER:
            packed = self._packed.pop(key, None)
            for target in _known(packed).pairs if packed is not None else ():
                self._take_from_below(key, target)
        else:
            self._drop_apart(key, partner)
            self._take_from_below(key, partner)

    def look(self, key: str) -> Known:
        known = self._open.get(key)
        if known is None:
            packed = self._packed.get(key)
            known = self._open[key] = Known() if packed is None else _known(packed)
        return known

    def root(self, key: str) -> str:
        known = self._open.get(key)
        if known is None:
            packed = self._packed.get(key)
            known = _known(packed) if packed is not None else None
        return (known.root if known else "") or key

    def touch(self, key: str) -> Known:
        self._changed.add(key)
        return self.look(key)

    # partners ---------------------------------------------------------------------------------------------------------

    def pairs(self, key: str) -> Iterable[tuple[str, Pair | bool]]:
        many = self._many.get(key)
        if many is None:
            return self.look(key).pairs.items()
        return ((partner, _pair(packed)) for partner, packed in many.packed.items())

    def pair(self, weaker: str, stronger: str) -> Pair:
        """What is known of both; a new one if nothing is."""
        many = self._many.get(weaker)
        if many is None:
            found: Pair | bool | None = self.look(weaker).pairs.get(stronger)
        else:
            packed = many.packed.get(stronger)
            found = _pair(packed) if packed is not None else None
        return found if isinstance(found, Pair) else Pair()

    def put(self, key: str, partner: str, pair: Pair | bool) -> None:
        known = self.touch(key)
        if key not in self._many and (partner in known.pairs or len(known.pairs) < MOST_INLINE):
            known.pairs[partner] = pair
            return
        for each, its in {**known.pairs, partner: pair}.items():
            packed = self._changed_pairs[key, each] = _pack(its)
            self._keep_apart(key, each, packed)
        known.pairs = {}

    def partners(self, key: str) -> int:
        """How many there are, linked or not."""
        many = self._many.get(key)
        return len(self.look(key).pairs) if many is None else len(many.packed)

    def counts(self, key: str) -> Counter[str]:
        """Linked partners by type."""
        many = self._many.get(key)
        if many is not None:
            return many.counts
        return Counter(partner.partition(":")[0] for partner, pair in self.look(key).pairs.items() if is_linked(pair))

    def _keep_apart(self, key: str, partner: str, packed: bytes) -> None:
        many = self._many.setdefault(key, Many())
        before = many.packed.get(partner)
        self._apart += before is None
        many.packed[partner] = packed
        was = before is not None and is_linked(_pair(before))
        many.counts[partner.partition(":")[0]] += is_linked(_pair(packed)) - was

    def _drop_apart(self, key: str, partner: str) -> bool:
        many = self._many.get(key)
        before = many.packed.pop(partner, None) if many is not None else None
        if many is None or before is None:
            return False
        self._apart -= 1
        many.counts[partner.partition(":")[0]] -= is_linked(_pair(before))
        return True

    # forgetting -------------------------------------------------------------------------------------------------------

    def neighbours(self, key: str) -> list[str]:
        """Whoever has a pair with it: its partners, and objects that may belong to somebody through it."""
        return list(dict.fromkeys([*(partner for partner, _ in self.pairs(key)), *self.below(key)]))

    def forget(self, key: str) -> None:
        """The identifier, and what others know of it."""
        for other in self.neighbours(key):
            self._forget_pair(other, key)
            self._forget_pair(key, other)
            self._take_from_below(key, other)
        for table in (self._packed, self._open, self._below, self._many):
            table.pop(key, None)
        self._changed.discard(key)
        self._gone.add(IDENTIFIER + key.encode())

    def _forget_pair(self, key: str, partner: str) -> None:
        if self._drop_apart(key, partner):
            self._changed_pairs.pop((key, partner), None)
            self._gone.add(PARTNER + f"{key}\0{partner}".encode())
        elif partner in self.look(key).pairs:
            del self.touch(key).pairs[partner]

    # objects ----------------------------------------------------------------------------------------------------------

    def below(self, target: str) -> Iterable[str]:
        found = self._below.get(target, ())
        return (found,) if isinstance(found, str) else sorted(found)

    def place_below(self, key: str, target: str) -> None:
        self._index(key, (target,))

    def _index(self, key: str, targets: Iterable[str]) -> None:
        """One object needs no set: most identifiers have one at most."""
        for target in targets:
            found = self._below.get(target)
            if found is None:
                self._below[target] = key
            elif isinstance(found, set):
                found.add(key)
            elif found != key:
                self._below[target] = {found, key}

    def _take_from_below(self, key: str, target: str) -> None:
        found = self._below.get(target)
        if isinstance(found, set):
            found.discard(key)
        elif found == key:
            del self._below[target]

    def flush(self) -> dict[bytes, bytes | None]:
        """Entries that changed since the last time; None: it is to be deleted."""
        found: dict[bytes, bytes | None] = dict.fromkeys(sorted(self._gone))
        for key in sorted(self._changed):
            self._packed[key] = packed = _pack(self._open[key])
            found[IDENTIFIER + key.encode()] = packed
        for (key, partner), packed in self._changed_pairs.items():
            found[PARTNER + f"{key}\0{partner}".encode()] = packed
        self._open, self._changed, self._changed_pairs, self._gone = {}, set(), {}, set()
        return found
