"""A bucket taken out of the store for one step: unpacked once, changed in place, judged and packed once at the end."""

from bisect import insort
from collections.abc import Callable, Sequence

from msgspec import structs

from streams.core.definition import Compiled
from streams.core.journey.running import Running
from streams.core.log import Forgotten, Quarantined, Redirect, together
from streams.core.stitch.state import (
    WHOLE,
    Bucket,
    Header,
    Part,
    bucket_bytes,
    bucket_key,
    digest_of,
    pack_bucket,
    read_header,
    unpack_bucket,
)
from streams.core.stitch.store import Store
from streams.core.touchpoint import Touchpoint, better_copy, hash_of, order_of, strip
from streams.core.verdict import NEVER, Clock, Verdict


class Opened:
    """One address of one person.  `version` is that of the last log record that touched it.

    `facts` are its touchpoints in order; what runs over them goes on where they only grew at their end.
    """

    __slots__ = (
        "_known", "_running", "_turns", "awaited", "bucket", "facts", "fetches", "key", "moving", "person", "value", "version",
    )  # fmt: skip

    def __init__(self, person: str, key: str, bucket: Bucket) -> None:
        self.person, self.key, self.bucket = person, key, bucket
        self.facts = bucket.facts
        self._known = {(fact.source, fact.event_id): fact for fact in bucket.facts}
        self._turns = 0  # how often the facts changed otherwise than at their end
        self._running: dict[int, tuple[int, Running]] = {}
        self.version = 0
        self.value: bytes | None = None  # what it was packed to
        self.begin()

    def begin(self) -> None:
        """Of a step."""
        self.moving = False  # touchpoints left for another person: what is gone has moved
        self.fetches = False  # more came here that is to be read back
        self.awaited = bool(self.bucket.asked)

    @property
    def rests_ms(self) -> int:
        return max(self.bucket.rests_ms, self.facts[-1].occurred_at if self.facts else NEVER)

    def take(self, facts: Sequence[Touchpoint], clock_ms: int = NEVER) -> None:
        """Copies of one (source, event id) are one fact, stripped in place.  `clock_ms`: as of now."""
        for fact in facts:
            strip(fact)
        if len(facts) == 1:
            self._add(facts[0])
        elif facts:
            for fact in facts:
                known = self._known.setdefault((fact.source, fact.event_id), fact)
                self._known[fact.source, fact.event_id] = better_copy(known, fact)
            self._sort()
        if facts:
            self.bucket.rests_ms = max(self.rests_ms, clock_ms)

    def _add(self, fact: Touchpoint) -> None:
        name = (fact.source, fact.event_id)
        known = self._known.get(name)
        kept = fact if known is None else better_copy(known, fact)
        if kept is known:
            return
        self._known[name] = kept
        if known is not None:
            self._sort()
        elif not self.facts or order_of(self.facts[-1]) < order_of(kept):
            self.facts.append(kept)
        else:
            insort(self.facts, kept, key=order_of)
            self._turns += 1

    def _sort(self) -> None:
        self.facts[:] = sorted(self._known.values(), key=order_of)
        self._turns += 1

    def drop(self, unwanted: Callable[[Touchpoint], bool]) -> bool:
        """-> whether there were any."""
        kept = {name: fact for name, fact in self._known.items() if not unwanted(fact)}
        if len(kept) == len(self._known):
            return False
        self._known = kept
        self._sort()
        return True

    def leave(self) -> tuple[list[Touchpoint], Forgotten | None, Quarantined | None]:
        """Take all of it away.  -> what is here of it, what is to be read back, and whether it was too large to be kept."""
        forgotten, self.bucket.forgotten, self.bucket.asked = self.bucket.forgotten, None, None
        quarantined, self.bucket.quarantined = self.bucket.quarantined, None
        return self._clear(), forgotten, quarantined

    def quarantine(self, quarantined: Quarantined) -> None:
        """Nothing of it is kept; what was said of it goes as if it had moved."""
        bucket = self.bucket
        bucket.quarantined, bucket.forgotten, bucket.asked, self.moving = quarantined, None, None, True
        bucket.givers, bucket.parts = len(bucket.parts), {}
        self._clear()
        self._running = {}

    def forget(self) -> None:
        """Only a stub stays."""
        self.bucket.rests_ms = self.rests_ms
        leaving = Forgotten(len(self.facts), self.facts[0].occurred_at, self.facts[-1].occurred_at)
        self.bucket.forgotten = together(self.bucket.forgotten, leaving)
        self._clear()
        self._running = {}

    def _clear(self) -> list[Touchpoint]:
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
            found.begin()
            self.opened[name] = found
        return found

    def touch(self, person: str, key: str, version: int) -> Opened:
        return self.mark(self.look(person, key), version)

    def mark(self, opened: Opened, version: int) -> Opened:
        """It is to be judged."""
        opened.version = version
        self.touched[opened.person, opened.key] = opened
        return opened

    def give(self, opened: Opened, part: Part | None) -> None:
        """Let the person's whole have what of a bucket matters for it, if that is news.

        One that is quarantined only counts who gives: once nobody does, it is as new.
        """
        if opened.bucket.forgotten:
            known = self.look(opened.person, WHOLE).bucket
            if known.quarantined and opened.bucket.given:
                return  # by what it has forgotten it gives as before
            part = _besides_forgotten(known.parts.get(opened.key), opened, part)
        given = digest_of(part) if part else 0
        if given == opened.bucket.given:
            return
        gave, opened.bucket.given = bool(opened.bucket.given), given
        whole = self.touch(opened.person, WHOLE, opened.version)
        whole.moving |= opened.moving
        if whole.bucket.quarantined:
            whole.bucket.givers += bool(given) - gave
            whole.bucket.quarantined = whole.bucket.quarantined if whole.bucket.givers else None
        elif part:
            whole.bucket.parts[opened.key] = part
        else:
            whole.bucket.parts.pop(opened.key, None)

    def hold(self, opened: Opened) -> None:
        """While one of its buckets awaits facts, the person's whole knows."""
        awaits = bool(opened.bucket.asked)
        if awaits != opened.awaited:
            opened.awaited = awaits
            whole = self.touch(opened.person, WHOLE, opened.version)
            whole.bucket.awaited = sorted({*whole.bucket.awaited} ^ {opened.key})

    def pack(self, opened: Opened, header: Header) -> int:
        """-> how many bytes of state it is, see `bucket_bytes`; an empty one is none."""
        bucket = opened.bucket
        empty = not (bucket.facts or bucket.entries or bucket.parts or bucket.forgotten or bucket.awaited)
        opened.value = None if empty else pack_bucket(header, bucket)
        return 0 if opened.value is None else bucket_bytes(opened.value)

    def take_back(self, opened: Opened) -> None:
        """What was said in this step has not been said."""
        value = self.store.get(bucket_key(opened.person, opened.key))
        opened.bucket.entries = [] if value is None else unpack_bucket(value).entries

    def close(self, opened: Opened, header: Header) -> bool:
        """Put it back as it was packed; an empty one goes.  -> whether its deadline is a new one."""
        name = bucket_key(opened.person, opened.key)
        if opened.value is None:
            self.store.delete(name)
            return False
        was = self.store.get(name)
        self.store.put(name, opened.value)
        if not opened.bucket.forgotten:
            self._cache.keep(name, opened)
        return was is None or read_header(was).next_deadline != header.next_deadline


def _besides_forgotten(before: Part | None, opened: Opened, part: Part | None) -> Part | None:
    """What was given by touchpoints that are forgotten stays, unless a better copy came."""
    if before is None:
        return part
    facts = {(fact.source, fact.event_id): fact for fact in part.facts} if part else {}
    here = {(fact.source, fact.event_id): fact for fact in opened.facts}
    for fact in before.facts:
        name = (fact.source, fact.event_id)
        kept = better_copy(fact, here[name]) if name in here else fact
        if hash_of(kept) == hash_of(fact):
            facts[name] = kept
    if part is None and not facts:
        return None
    return structs.replace(part or before, number=opened.bucket.number, facts=sorted(facts.values(), key=order_of))


def belongs(known: Redirect, claimed: Redirect) -> Redirect:
    """Of two redirects of one address the one with the higher number."""
    return known if known.number > claimed.number else claimed
