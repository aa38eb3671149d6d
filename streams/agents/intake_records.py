"""What follows from taken touchpoints, as records: touchpoints to the homes of their addresses, links, rejected records."""

from collections import defaultdict
from typing import Any

from schemas.codec import encoder
from streams import topology
from streams.agents.intake_batch import Taken
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
        if taken.rejected:
            records[self._rejected, source_partition] = [Record(None, self._encode_rejected(row)) for row in taken.rejected]
        return records
