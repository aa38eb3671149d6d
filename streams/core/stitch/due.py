"""Which buckets are to be judged again without a touchpoint: the clock passed their deadline, or what judged them has aged."""

from heapq import heapify, heappop, heappush

from streams.core.stitch.state import BUCKET, NO_DEADLINE, Header, read_header
from streams.core.stitch.store import Store
from streams.core.verdict import NEVER, Clock

SLICE_MS = 600_000


def is_judged(header: Header, clock: Clock, activations: int) -> bool:
    """By what is in force, and up to where the books are closed."""
    return (header.final_ms, header.activations) == (clock.final_ms, activations)


class Due:
    """Of one partition; keys of buckets.  A deadline that is not that of its bucket any more counts for nothing.

    What is not due soon lies unordered in slices of time, which takes a tenth of the memory of a heap of all deadlines.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._soon: list[tuple[int, bytes]] = []  # heap of deadlines
        self._later: dict[int, list[bytes]] = {}  # by number of the slice
        self._slices: list[int] = []  # heap of those numbers
        self._first = NEVER  # slice that has not been opened: what is due before it is due soon
        self._stale: list[bytes] = []  # judged before the books were closed, or by other definitions

    def index(self, key: bytes, header: Header) -> None:
        number = header.next_deadline // SLICE_MS
        if header.next_deadline == NO_DEADLINE:
            return
        if number < self._first:
            heappush(self._soon, (header.next_deadline, key))
        elif number in self._later:
            self._later[number].append(key)
        else:
            self._later[number] = [key]
            heappush(self._slices, number)

    def _open_slices(self, clock_ms: int) -> None:
        """One that the clock has reached, once all before it is worked off."""
        while not self._soon and self._slices and self._slices[0] * SLICE_MS < clock_ms:
            number = heappop(self._slices)
            self._first = number + 1
            for key in dict.fromkeys(self._later.pop(number)):
                value = self._store.get(key)
                if value is not None and (deadline := read_header(value).next_deadline) // SLICE_MS == number:
                    self._soon.append((deadline, key))
            heapify(self._soon)

    def take_up(self, key: bytes, header: Header, clock: Clock, activations: int) -> None:
        """One that was there before the restart."""
        self.index(key, header)
        if not is_judged(header, clock, activations):
            self._stale.append(key)

    def find_stale(self, clock: Clock, activations: int) -> None:
        """Among all that there are."""
        headers = ((key, read_header(value)) for key, value in self._store.items(BUCKET))
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
        self._open_slices(clock_ms)
        return bool(self._soon) and self._soon[0][0] < clock_ms

    def pop_passed(self) -> tuple[bytes, Header] | None:
        """The earliest, or None for one that counts for nothing."""
        deadline, key = heappop(self._soon)
        value = self._store.get(key)
        if value is None or (header := read_header(value)).next_deadline != deadline:
            return None
        return key, header
