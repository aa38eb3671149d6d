"""Which buckets are to be judged again without a touchpoint: the clock passed their deadline, or what judged them has aged."""

from heapq import heappop, heappush

from streams.core.stitch.state import BUCKET, NO_DEADLINE, Header, read_header
from streams.core.stitch.store import Store
from streams.core.verdict import Clock


def is_judged(header: Header, clock: Clock, activations: int) -> bool:
    """By what is in force, and up to where the books are closed."""
    return (header.final_ms, header.activations) == (clock.final_ms, activations)


class Due:
    """Of one partition; keys of buckets.  A deadline that is not that of its bucket any more counts for nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._deadlines: list[tuple[int, bytes]] = []
        self._stale: list[bytes] = []  # judged before the books were closed, or by other definitions

    def index(self, key: bytes, header: Header) -> None:
        if header.next_deadline != NO_DEADLINE:
            heappush(self._deadlines, (header.next_deadline, key))

    def find_stale(self, clock: Clock, activations: int) -> None:
        """Among all that there are."""
        headers = ((key, read_header(value)) for key, value in self._store.items() if key[:1] == BUCKET)
        self._stale = [key for key, was in headers if not is_judged(was, clock, activations)]

    def add_stale(self, keys: list[bytes]) -> None:
        """The last comes first."""
        self._stale += keys

    @property
    def has_stale(self) -> bool:
        return bool(self._stale)

    def pop_stale(self) -> bytes | None:
        """One that is stale, or None for one that is gone meanwhile."""
        key = self._stale.pop()
        return key if self._store.get(key) is not None else None

    def has_passed(self, clock_ms: int) -> bool:
        return bool(self._deadlines) and self._deadlines[0][0] < clock_ms

    def pop_passed(self) -> tuple[bytes, Header] | None:
        """The earliest, or None for one that counts for nothing."""
        deadline, key = heappop(self._deadlines)
        value = self._store.get(key)
        if value is None or (header := read_header(value)).next_deadline != deadline:
            return None
        return key, header
