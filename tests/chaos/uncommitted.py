"""Whether transactions stand open, as readers see it: what is committed ends before the topic does."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from kafka import KafkaConsumer

from streams import topology
from streams.passing import places
from streams.settings import Settings

WRITTEN = (topology.STATE, topology.JOURNEYS, topology.BREAKAGES)  # by stitch alone, within a transaction
LOOK_S = 3.0


class Uncommitted:
    def __init__(self, settings: Settings) -> None:
        self._places = [place for name in WRITTEN for place in places(settings, name)]
        self._open = ExitStack()
        self._readers = [
            KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level=level)
            for level in ("read_committed", "read_uncommitted")
        ]

    def __enter__(self) -> Self:
        for reader in self._readers:
            self._open.callback(reader.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def stands(self) -> bool:
        """Some transaction is open."""
        committed, all_there_is = (reader.end_offsets(self._places) for reader in self._readers)
        return any(committed[place] < all_there_is[place] for place in self._places)

    def await_open(self, timeout_s: float, provoke: Callable[[], object]) -> bool:
        """`provoke`: makes stitch begin one.  -> whether one was seen in time."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            provoke()
            look_until_s = time.monotonic() + LOOK_S
            while time.monotonic() < look_until_s:
                if self.stands():
                    return True
        return False

    def await_none(self, until_s: float) -> None:
        """Raises AssertionError if one still stands at that monotonic time."""
        while self.stands():
            assert time.monotonic() < until_s, "readers wait for a transaction that nobody ends"
            time.sleep(0.1)
