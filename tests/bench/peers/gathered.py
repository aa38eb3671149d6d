"""What a peer has worked off and not yet inserted."""

from collections.abc import Callable

from streams.settings import Settings
from tests.bench.bare_job import INSERT_ROWS, Inserter, Row, State, columns, decoder
from tests.bench.stopwatch import Stopwatch

Run = Callable[[Settings, int], None]  # the bare job over so many touchpoints: all that the topic has


class Gathered:
    """Measures from the first touchpoint decoded until the last of `count` is inserted; what is committed later is not in it."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._count, self._inserted = count, 0
        self._insert, self._decode = Inserter(settings).insert, decoder()
        self._rows: list[Row] = []
        self._states: dict[str, State] = {}
        self._watch = Stopwatch()

    def decode(self, value: bytes) -> Row:
        self._watch.begin()
        return self._decode(value)

    def add(self, row: Row, key: str, state: State) -> bool:
        """-> whether it is time to insert."""
        self._rows.append(row)
        self._states[key] = state
        return len(self._rows) >= INSERT_ROWS or self._inserted + len(self._rows) >= self._count

    def insert(self) -> bool:
        """-> whether those were the last, which prints the figures."""
        if not self._rows:
            return False
        self._insert(columns(self._rows, self._states))
        self._inserted += len(self._rows)
        self._rows, self._states = [], {}
        if self._inserted < self._count:
            return False
        self._watch.print_figures(self._inserted)
        return True
