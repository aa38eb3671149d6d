"""What has landed, as it is seen from outside."""

import time
from collections.abc import Iterable, Iterator, Sequence

from faust.types.tuples import TP

from sinks.contract import Batch as Rows
from sinks.contract import ClockRow
from streams.metrics.metric import Reading
from streams.metrics.table import EVENT_AGE, INSERT, LANDED, LANDED_AT, LANDING_DELAY, REFUSALS, clock_lag
from streams.transport import Batch


class Landed:
    """`trouble`: why the sink takes nothing at the moment."""

    def __init__(self, namespace: str) -> None:
        self._prefix = f"{namespace}."
        self._at_s = time.time()
        self._clocks: dict[tuple[str, int, int], int] = {}  # topic, partition, source -> epoch ms
        self.trouble = ""

    def refused(self, why: str) -> None:
        REFUSALS.add(1)
        self.trouble = why

    def landed(self, batches: Sequence[Batch], several: Sequence[Rows], took_s: float) -> None:
        """Everything in these can be queried now."""
        self._at_s, self.trouble = time.time(), ""
        INSERT.observe(took_s)
        for batch in batches:
            LANDING_DELAY.observe(self._at_s - batch.value[0].timestamp / 1_000, batch.topic.removeprefix(self._prefix))
        for rows in several:
            LANDED.add(len(rows.rows), rows.table)
            self._look_into(rows)

    def _look_into(self, rows: Rows) -> None:
        if rows.table == "touchpoints":
            EVENT_AGE.observe(time.time() - rows.rows[-1].occurred_at / 1_000)
        elif rows.table == "clocks":
            clocks: list[ClockRow] = rows.rows
            self._clocks.update(((clock.topic, clock.partition, clock.source), clock.clock_ms) for clock in clocks)

    def keep(self, partitions: Iterable[TP]) -> None:
        """Only of these is there anything to tell any more."""
        mine = {(tp.topic.removeprefix(self._prefix), tp.partition) for tp in partitions}
        self._clocks = {place: ms for place, ms in self._clocks.items() if place[:2] in mine}

    def readings(self) -> Iterator[Reading]:
        yield LANDED_AT.at(self._at_s)
        least: dict[tuple[str, int], int] = {}
        for (topic, partition, _), ms in self._clocks.items():
            least[topic, partition] = min(ms, least.get((topic, partition), ms))
        for (topic, partition), ms in least.items():
            yield from clock_lag(ms, topic, str(partition))
