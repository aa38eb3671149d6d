"""A bucket taken out of the store for one step: unpacked once, changed in place, judged and packed once at the end."""

from collections.abc import Callable

from streams.core.definition import Compiled
from streams.core.journey.running import Running
from streams.core.log import Redirect
from streams.core.stitch.state import (
    WHOLE,
    Bucket,
    Header,
    Part,
    bucket_key,
    digest_of,
    pack_bucket,
    read_header,
    unpack_bucket,
)
from streams.core.stitch.store import Store
from streams.core.touchpoint import Touchpoint, better_copy, order_of
from streams.core.verdict import Clock, Verdict


class Opened:
    """One address of one person.  `version` is that of the last log record that touched it.

    `facts` are its touchpoints in order; what runs over them goes on where they only grew at their end.
    """

    __slots__ = ("_known", "_running", "_turns", "bucket", "facts", "key", "moving", "person", "value", "version")

    def __init__(self, person: str, key: str, bucket: Bucket) -> None:
        self.person, self.key, self.bucket = person, key, bucket
        self.facts = bucket.facts
        self._known = {(fact.source, fact.event_id): fact for fact in bucket.facts}
        self._turns = 0  # how often the facts changed otherwise than at their end
        self._running: dict[int, tuple[int, Running]] = {}
        self.version = 0
        self.moving = False  # touchpoints left for another person: what is gone has moved
        self.value: bytes | None = None  # what it was packed to

    def add(self, fact: Touchpoint) -> None:
        """Copies of one (source, event id) are one fact."""
        name = (fact.source, fact.event_id)
        known = self._known.get(name)
        kept = fact if known is None else better_copy(known, fact)
        if kept is known:
            return
        self._known[name] = kept
        if known is None and (not self.facts or order_of(self.facts[-1]) < order_of(kept)):
            self.facts.append(kept)
        else:
            self.facts[:] = sorted(self._known.values(), key=order_of)
            self._turns += 1

    def drop(self, unwanted: Callable[[Touchpoint], bool]) -> bool:
        """-> whether there were any."""
        kept = {name: fact for name, fact in self._known.items() if not unwanted(fact)}
        if len(kept) == len(self._known):
            return False
        self._known, self.facts[:] = kept, sorted(kept.values(), key=order_of)
        self._turns += 1
        return True

    def leave(self) -> list[Touchpoint]:
        """Take all of it away."""
        leaving, self.facts[:], self._known = [*self.facts], [], {}
        self._turns += 1
        return leaving

    def judge(self, definition: Compiled, instance: str, clock: Clock) -> Verdict:
        turns, running = self._running.get(id(definition)) or (-1, Running(definition, instance))
        self._running[id(definition)] = self._turns, running
        return running.judge(self.facts, clock, continued=turns == self._turns)


class Cache:
    """The buckets of the last steps, so that a journey that goes on is not unpacked and judged from its beginning again.

    It never decides: a bucket that was put back otherwise than from here is unpacked.
    """

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._kept: dict[bytes, Opened] = {}

    def take(self, key: bytes, value: bytes | None) -> Opened | None:
        found = self._kept.pop(key, None)
        return found if found is not None and value is not None and found.value is value else None

    def keep(self, key: bytes, opened: Opened) -> None:
        self._kept[key] = opened
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def clear(self) -> None:
        """What ran was judged by definitions that are not in force any more."""
        self._kept = {}


class Desk:
    """The buckets that one step has opened."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self.store, self._cache = store, cache
        self.opened: dict[tuple[str, str], Opened] = {}
        self.touched: dict[tuple[str, str], Opened] = {}

    def look(self, person: str, key: str) -> Opened:
        """To read: it is not judged for that."""
        name = (person, key)
        found = self.opened.get(name)
        if found is None:
            packed = bucket_key(person, key)
            value = self.store.get(packed)
            found = self._cache.take(packed, value) or Opened(person, key, Bucket() if value is None else unpack_bucket(value))
            found.moving = False
            self.opened[name] = found
        return found

    def touch(self, person: str, key: str, version: int) -> Opened:
        found = self.look(person, key)
        found.version = version
        self.touched[person, key] = found
        return found

    def give(self, opened: Opened, part: Part | None) -> None:
        """Let the person's whole have what of a bucket matters for it, if that is news."""
        given = digest_of(part) if part else 0
        if given == opened.bucket.given:
            return
        opened.bucket.given = given
        whole = self.touch(opened.person, WHOLE, opened.version)
        whole.moving |= opened.moving
        if part:
            whole.bucket.parts[opened.key] = part
        else:
            whole.bucket.parts.pop(opened.key, None)

    def close(self, opened: Opened, header: Header) -> bool:
        """Pack it and put it back; an empty one goes.  -> whether its deadline is a new one."""
        bucket = opened.bucket
        name = bucket_key(opened.person, opened.key)
        if not (bucket.facts or bucket.entries or bucket.parts):
            self.store.delete(name)
            return False
        was = self.store.get(name)
        opened.value = pack_bucket(header, bucket)
        self.store.put(name, opened.value)
        self._cache.keep(name, opened)
        return was is None or read_header(was).next_deadline != header.next_deadline


def belongs(known: Redirect, claimed: Redirect) -> Redirect:
    """Of two redirects of one address the one with the higher number."""
    return known if known.number > claimed.number else claimed
