"""A bucket taken out of the store for one step: unpacked once, changed in place, judged and packed once at the end."""

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


class Opened:
    """One address of one person.  `version` is that of the last log record that touched it."""

    __slots__ = ("bucket", "facts", "key", "moving", "person", "version")

    def __init__(self, person: str, key: str, bucket: Bucket) -> None:
        self.person, self.key, self.bucket = person, key, bucket
        self.facts = {(fact.source, fact.event_id): fact for fact in bucket.facts}
        self.version = 0
        self.moving = False  # touchpoints left for another person: what is gone has moved

    def add(self, fact: Touchpoint) -> None:
        """Copies of one (source, event id) are one fact."""
        name = (fact.source, fact.event_id)
        known = self.facts.get(name)
        self.facts[name] = fact if known is None else better_copy(known, fact)

    def ordered(self) -> list[Touchpoint]:
        return sorted(self.facts.values(), key=order_of)


class Desk:
    """The buckets that one step has opened."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.opened: dict[tuple[str, str], Opened] = {}
        self.touched: dict[tuple[str, str], Opened] = {}

    def look(self, person: str, key: str) -> Opened:
        """To read: it is not judged for that."""
        name = (person, key)
        found = self.opened.get(name)
        if found is None:
            value = self.store.get(bucket_key(person, key))
            found = self.opened[name] = Opened(person, key, unpack_bucket(value) if value is not None else Bucket())
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
        bucket.facts = opened.ordered()
        name = bucket_key(opened.person, opened.key)
        if not (bucket.facts or bucket.entries or bucket.parts):
            self.store.delete(name)
            return False
        was = self.store.get(name)
        self.store.put(name, pack_bucket(header, bucket))
        return was is None or read_header(was).next_deadline != header.next_deadline


def belongs(known: Redirect, claimed: Redirect) -> Redirect:
    """Of two redirects of one address the one with the higher number."""
    return known if known.number > claimed.number else claimed
