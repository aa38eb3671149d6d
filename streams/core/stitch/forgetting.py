"""When a bucket forgets its touchpoints, when it needs them back, and what is asked for.

A bucket rests when nothing but a touchpoint can change what it says: no deadline, no open journey.  Rested long enough, it
becomes a stub: what was said, and how many touchpoints there were.  A stub that gets a touchpoint, moves to another person or is
to be judged otherwise asks for them, as does one that may have become too large.  Until they are back it keeps what comes and says
nothing, and so does the whole of its person: nothing is judged by half of what happened.  Buckets of which no journey is made need
nothing of what they have given already.
"""

from typing import NamedTuple

from streams.core.log import Redirect, Wanted
from streams.core.stitch.judging import Judge
from streams.core.stitch.opened import Opened
from streams.core.stitch.state import NO_DEADLINE, Asked, Header, bucket_key, read_header
from streams.core.stitch.store import Store
from streams.core.verdict import Clock


class Awaited(NamedTuple):
    """Asked for and not answered."""

    asked: Asked
    wanted: Wanted


class Forgetting:
    """Of one partition.  `keeps_ms`: how long at least a bucket that rests keeps its touchpoints; `most`: of how many at most."""

    def __init__(self, number: int, store: Store, judge: Judge, keeps_ms: int, most: int) -> None:
        self._number, self._store, self._judge, self._keeps_ms, self._most = number, store, judge, keeps_ms, most
        self._awaited: dict[bytes, Awaited] = {}  # by the bucket, as they began to wait: the oldest first
        self.begin()

    def begin(self) -> None:
        """Of a step."""
        self.asked: list[Wanted] = []
        self.reduced = 0

    def restore(self, waiting: list[Opened], clock: Clock) -> None:
        for opened in sorted(waiting, key=lambda each: (each.bucket.asked.clock if each.bucket.asked else clock).ms):
            self.note(opened, clock)
        self.begin()

    def is_complete(self, opened: Opened, clock: Clock) -> bool:
        """Whether it can be judged; if it needs what is forgotten, that is asked for."""
        bucket = opened.bucket
        if not bucket.forgotten:
            return True
        if (opened.fetches or not bucket.asked) and self._is_needed(opened, clock):
            bucket.asked = Asked(opened.version, bucket.asked.clock if bucket.asked else clock)
        return not bucket.asked and not self._judge.judges(opened)

    def _is_needed(self, opened: Opened, clock: Clock) -> bool:
        if self._judge.judges(opened) and (opened.facts or opened.fetches):
            return True
        if opened.fetches and self._judge.force.has_wholes:
            return True
        if opened.bucket.forgotten and opened.bucket.forgotten.count + len(opened.facts) > self._most:
            return True  # copies of what is forgotten may count twice
        was = self._store.get(bucket_key(opened.person, opened.key))
        return was is not None and self._judge.reaches_back(opened, read_header(was).activations, clock)

    def rest(self, opened: Opened, next_deadline: int | None, clock: Clock) -> Header:
        """What its header says of deadlines, after it was judged; its touchpoints go if it is time."""
        bucket = opened.bucket
        journeys = (entry.journey for entry in bucket.entries)
        if next_deadline is not None or bucket.asked or any(journey and journey.state == "open" for journey in journeys):
            return Header(NO_DEADLINE if next_deadline is None else next_deadline, asks=bool(bucket.asked))
        until_ms = opened.rests_ms + max(self._keeps_ms, self._judge.force.longest_ms) if opened.facts else NO_DEADLINE
        if until_ms < clock.ms:
            self.forget(opened)
            until_ms = NO_DEADLINE
        return Header(min(until_ms, NO_DEADLINE), rests=True)

    def forget(self, opened: Opened) -> None:
        opened.forget()
        self.reduced += 1

    def note(self, opened: Opened, clock: Clock) -> None:
        """Whether it waits, once it was put back."""
        key, bucket = bucket_key(opened.person, opened.key), opened.bucket
        if bucket.asked is None or bucket.forgotten is None:
            self._awaited.pop(key, None)
        elif key not in self._awaited or self._awaited[key].asked != bucket.asked:
            redirect = Redirect(opened.key, opened.person, bucket.number)
            wanted = Wanted(redirect, self._number, bucket.forgotten, bucket.asked.number, clock.ms)
            self._awaited[key] = Awaited(bucket.asked, wanted)
            self.asked.append(wanted)

    def awaited(self) -> list[Wanted]:
        """Everything that was asked for and is not back yet."""
        return [each.wanted for each in self._awaited.values()]

    def complete(self, clock: Clock) -> Clock:
        """Up to where everything is judged, what is being read back too."""
        oldest = next((each.asked.clock for each in self._awaited.values()), clock)
        return Clock(min(clock.ms, oldest.ms), min(clock.final_ms, oldest.final_ms))
