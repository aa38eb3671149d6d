"""What a sink is: it takes batches of rows, and after `flush` they are durable and visible.

A sink converges by itself: adding a batch again, an overlapping one, or rows in another order leaves the same rows standing, the
newest version of each key.  So whoever feeds it needs no more than at-least-once: add, flush, and only then acknowledge.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from streams.core.touchpoint import Touchpoint

TABLES = (
    "touchpoints", "journeys", "breakages", "people", "pairs", "receipts", "rejected_touchpoints", "replayed_touchpoints",
    "received_offsets", "clocks",
)  # fmt: skip
MAX_ROWS = 100_000


@dataclass(slots=True)
class Batch:
    """Rows that came from the offsets `first` to `last`, both included, of one partition of a topic.

    `rows` depends on the table:
      touchpoints           `streams.core.touchpoint.Touchpoint`; `versions` holds the place of each on person.log
      journeys, breakages, people, pairs, receipts, rejected_touchpoints
                            decoded Avro records of the subject of that name
      replayed_touchpoints  where a rejected record lay (received_at, topic, partition, offset), and where and when it was
                            tried again (replayed_partition, replayed_offset, replayed_at)
      received_offsets      `OffsetsRow`
      clocks                `ClockRow`
    `topic_id` tells a topic from one that was made anew under the same name.
    """

    table: str
    topic_id: str
    partition: int
    first: int
    last: int
    rows: list[Any]
    versions: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ValueError(f"{self.place()}: no table of this name; there are {', '.join(TABLES)}")
        if self.table == "touchpoints" and len(self.versions) != len(self.rows):
            raise ValueError(f"{self.place()}: {len(self.rows)} touchpoints need as many versions, not {len(self.versions)}")
        if self.last < self.first:
            raise ValueError(f"{self.place()}: ends before it begins")

    def place(self) -> str:
        """Names the batch the same way each time: `table:topic id:partition:first-last`."""
        return f"{self.table}:{self.topic_id}:{self.partition}:{self.first}-{self.last}"


class OffsetsRow(NamedTuple):
    """Consecutive offsets of a partition of the input topic, whose records the broker stored on one day (UTC).

    kind  received: intake read them; dropped: they carry somebody who was erased; as_of: they only move the clock
    """

    day: int  # epoch milliseconds of its beginning
    partition: int
    kind: str
    first_offset: int
    last_offset: int
    told_at: int


class ClockRow(NamedTuple):
    """A clock that stands on `partition` of `topic` behind all rows below it.  Times are epoch milliseconds UTC.

    topic       name as in the map of topics, without the namespace
    source      source partition that the time is about; 0 where the clock is one for all
    redirects   every redirect up to this number was applied before it: rows that had to go because of them had gone as moved
    version     the highest of (topic, partition, source) wins
    partitions  how many partitions the topic has: only when all have spoken does the least of their clocks count
    sources     how many sources speak on each partition
    """

    topic: str
    partition: int
    source: int
    clock_ms: int
    final_ms: int
    redirects: int
    version: int
    partitions: int
    sources: int = 1


class Backpressure(Exception):
    """The sink is unreachable or overloaded.  What was added is kept: call `flush` again after `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Sink(Protocol):
    def add(self, batch: Batch) -> None:
        """Takes a batch; does not wait for anything."""

    def flush(self) -> None:
        """Returns when everything added is durable and visible.

        Raises Backpressure, after which everything not yet landed is kept and `flush` can be called again.
        Any other exception is a fault: nothing that was added since the last flush may be acknowledged.
        """

    def close(self) -> None:
        """Lets go of connections; what was not flushed is forgotten."""


class Minutes(Protocol):
    """Figures a minute, made of the journeys and breakages that have landed.  A minute is its number since 1970."""

    def newest(self) -> int:
        """The highest version of any minute; 0 for none.  Raises Backpressure."""

    def recompute(self, minutes: Sequence[int], version: int) -> list[int]:
        """Count these minutes anew and replace what is known of them, unless that has a higher version.

        -> those of them in which something was hidden from readers when they were counted: they are to be computed again.
        Raises Backpressure, after which any of them may have been replaced.
        """


class Recorded(Protocol):
    """Touchpoints that have landed."""

    def landed_ms(self) -> int:
        """Every touchpoint that came to intake before its clock was there has landed; `streams.core.verdict.NEVER`: not known yet.

        Raises Backpressure.
        """

    def carrying(self, identifiers: Collection[str], first_ms: int, last_ms: int) -> list[Touchpoint]:
        """Those that carry one of these (`type:value`) and happened in this time, both ends included; without those too late.

        Of a touchpoint there may be several copies, in no order.  Raises Backpressure.
        """


class Lives(Protocol):
    """The topics that the tables were made from."""

    def known(self) -> dict[str, str]:
        """Topic without namespace -> its id; empty: nothing was registered yet.  Raises Backpressure."""

    def any_clock(self) -> bool:
        """Whether anything has landed.  Raises Backpressure."""

    def register(self, ids: Mapping[str, str]) -> None:
        """Raises Backpressure."""

    def close(self) -> None: ...
