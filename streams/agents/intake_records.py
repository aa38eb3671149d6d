"""What follows from taken touchpoints, as records: touchpoints to the homes of their addresses, links, rejected records."""

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from schemas.codec import encoder
from streams import topology
from streams.agents.intake_batch import Taken
from streams.agents.marks import RECEIVED_KEY, REPLAYED_KEY, Received, received_mark, replayed_mark
from streams.agents.producing import Destination, Record
from streams.core.log import Links, Touchpoints, cut, home, pack, weigh
from streams.settings import Settings

MOST_LINKS = 1_000  # in one record


class IntakeRecords:
    def __init__(self, settings: Settings) -> None:
        self._partitions = settings.log_partitions
        self._encode_rejected = encoder("rejected_touchpoint")
        self._log, self._links = settings.topic(topology.LOG), settings.topic(topology.LINKS)
        self._rejected = settings.topic(topology.REJECTED)

    def of(self, taken: Taken, source_partition: int) -> dict[Destination, list[Record]]:
        homes: defaultdict[int, list[Any]] = defaultdict(list)
        for touchpoint in taken.touchpoints:
            homes[home(touchpoint.address, self._partitions)].append(touchpoint)
        records = {
            (self._log, partition): [Record(None, pack(Touchpoints(piece))) for piece in cut(touchpoints, weigh)]
            for partition, touchpoints in homes.items()
        }
        if taken.links:
            pieces = (taken.links[at : at + MOST_LINKS] for at in range(0, len(taken.links), MOST_LINKS))
            records[self._links, 0] = [Record(None, pack(Links(piece))) for piece in pieces]
        if aside := [*self._aside(taken, source_partition)]:
            records[self._rejected, source_partition] = aside
        return records

    def _aside(self, taken: Taken, source_partition: int) -> Iterator[Record]:
        for row in taken.rejected:
            yield Record(None, self._encode_rejected(row))
        for replayed in taken.replayed:
            yield Record(REPLAYED_KEY, None, replayed_mark(replayed))
        if taken.runs:
            received = Received(source_partition, tuple(taken.runs), time.time_ns() // 1_000_000)
            yield Record(RECEIVED_KEY, None, received_mark(received))
