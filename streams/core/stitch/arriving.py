"""What comes for an address: touchpoints go to their person or are sent after it, redirects are followed, the erased dropped."""

from collections.abc import Iterable

from streams.core.log import Erased, Forgotten, Move, Quarantined, Redirect, Touchpoints, together
from streams.core.stitch.erasing import erased_buckets, erased_redirects
from streams.core.stitch.homes import Homes
from streams.core.stitch.opened import Desk, belongs
from streams.core.stitch.quarantine import Quarantine
from streams.core.stitch.store import Store
from streams.core.suppressed import ERASED, Suppressed
from streams.core.touchpoint import Touchpoint


class Arriving:
    """Of one partition.  `moved`: other partition -> what follows a redirect there; `dropped`: touchpoints of the erased."""

    def __init__(self, homes: Homes, store: Store, suppressed: Suppressed, quarantine: Quarantine) -> None:
        self._homes, self._store, self._suppressed, self._quarantine = homes, store, suppressed, quarantine

    def begin(self, desk: Desk) -> None:
        """Of a step."""
        self._desk = desk
        self.moved: dict[int, list[Move]] = {}
        self.dropped = 0

    def at(self, version: int, clock_ms: int) -> None:
        """A record begins, of this version, while the clock stands there."""
        self._version, self._clock_ms = version, clock_ms

    def receive(self, record: Touchpoints) -> None:
        for claimed in record.redirects:
            self._learn(claimed)
        for touchpoint in self._wanted(record.items):
            if not touchpoint.too_late:
                self._settle(self._homes.where(touchpoint.address), [touchpoint])

    def _wanted(self, touchpoints: Iterable[Touchpoint]) -> Iterable[Touchpoint]:
        if not self._suppressed:
            return touchpoints
        given = list(touchpoints)
        wanted = [each for each in given if not self._suppressed.carried(each)]
        self.dropped += len(given) - len(wanted)
        return wanted

    def _is_erased(self, address: str) -> bool:
        return bool(self._suppressed) and self._suppressed.has(address)

    def welcome(self, move: Move) -> None:
        claimed, touchpoints = move.redirect, list(self._wanted(move.touchpoints))
        if self._is_erased(claimed.address):
            return
        self._settle(self._learn(claimed), touchpoints, move.forgotten, move.answers, move.quarantined)

    def _learn(self, claimed: Redirect) -> Redirect:
        """-> the newest redirect of its address, by which somebody has sent something here.

        It is remembered where its root is at home: identity told the former owner's home of it, and not this one.
        """
        known = self._homes.where(claimed.address)
        if claimed.number > known.number and self._homes.is_here(claimed.root) and not self._is_erased(claimed.address):
            self._homes.remember(claimed)
        return belongs(known, claimed)

    def _settle(
        self, redirect: Redirect, touchpoints: list[Touchpoint], forgotten: Forgotten | None = None, answers: int = 0,
        quarantined: Quarantined | None = None,
    ) -> None:  # fmt: skip
        """Put touchpoints of one address to its person, or send them after it."""
        target = self._homes.of(redirect.root)
        if target != self._homes.number:
            self.moved.setdefault(target, []).append(Move(redirect, touchpoints, forgotten, answers, quarantined))
            return
        opened = self._desk.look(redirect.root, redirect.address)
        if opened.bucket.quarantined:
            self._quarantine.left_out += len(touchpoints)
            return
        self._desk.mark(opened, self._version)
        opened.bucket.number = redirect.number
        if quarantined:
            opened.quarantine(quarantined)
            return
        opened.take(touchpoints, self._clock_ms)
        if len(opened.facts) > self._quarantine.most:
            self._quarantine.take(opened)
            return
        if opened.bucket.asked and answers == opened.bucket.asked.number:
            opened.bucket.asked = opened.bucket.forgotten = None
        if forgotten:
            opened.bucket.forgotten = together(opened.bucket.forgotten, forgotten)
            opened.bucket.rests_ms = max(opened.rests_ms, forgotten.last_ms, self._clock_ms)
            opened.fetches = True

    def redirect(self, redirect: Redirect) -> None:
        known = self._homes.where(redirect.address)
        if redirect.number <= known.number or self._is_erased(redirect.address):
            return
        self._homes.remember(redirect)
        if known.root != redirect.root:
            self._leave(known, redirect)

    def _leave(self, known: Redirect, redirect: Redirect) -> None:
        left = self._desk.look(known.root, redirect.address)
        if not (left.facts or left.bucket.forgotten or left.bucket.quarantined):
            return
        leaving, forgotten, quarantined = left.leave()
        self._desk.mark(left, self._version).moving = True
        self._settle(redirect, leaving, forgotten, quarantined=quarantined)

    def erase(self, record: Erased) -> None:
        """What is theirs goes as if it had moved; where they appear among the touchpoints of others, those are judged without.

        A whole of theirs goes by itself too: one that only remembers what it withdrew has no bucket left that it would follow.
        """
        for digest in self._suppressed.add_keys(record.keys):
            self._store.put(ERASED + digest, b"\1")
        for name in erased_redirects(self._store, record.keys):
            self._store.delete(name)
        for person, key in erased_buckets(self._store, record.keys):
            opened = self._desk.look(person, key)
            if self._suppressed.has(person) or self._suppressed.has(key):
                opened.leave()
                opened.moving = True
            elif not opened.drop(self._suppressed.carried):
                continue
            self._desk.touch(person, key, self._version)
        self._read_back(record.beside)

    def _read_back(self, addresses: Iterable[str]) -> None:
        """What somebody else's stub has forgotten may be of who was erased: it comes again, without them."""
        for address in addresses:
            known = self._homes.where(address)
            if self._homes.is_here(known.root) and not self._suppressed.has(address):
                opened = self._desk.look(known.root, address)
                if opened.bucket.forgotten:
                    opened.fetches = True
                    self._desk.touch(known.root, address, self._version)
