"""What follows from taken touchpoints, as records: touchpoints to the homes of their addresses, links, rejected records."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from schemas.codec import encoder
from streams import topology
from streams.agents.intake_batch import Taken
from streams.agents.marks import RECEIVED_KEY, REPLAYED_KEY, Received, received_mark, replayed_mark
from streams.agents.producing import Destination, Record
from streams.core.log import Links, Redirect, Touchpoints, cut, pack, weigh
from streams.core.routes import Router
from streams.core.touchpoint import Touchpoint
from streams.settings import Settings

MOST_LINKS = 1_000  # in one record


class IntakeRecords:
    def __init__(self, settings: Settings, router: Router | None = None) -> None:
        self._router = router or Router(settings.log_partitions)
        self._encode_rejected = encoder("rejected_touchpoint")
        self._log, self._links = settings.topic(topology.LOG), settings.topic(topology.LINKS)
        self._rejected = settings.topic(topology.REJECTED)

    def of(self, taken: Taken, source_partition: int) -> dict[Destination, list[Record]]:
        records = {(self._log, partition): several for partition, several in self._touchpoints(taken.touchpoints)}
        if taken.links:
            pieces = (taken.links[at : at + MOST_LINKS] for at in range(0, len(taken.links), MOST_LINKS))
            records[self._links, 0] = [Record(None, pack(Links(piece))) for piece in pieces]
        if aside := [*self._aside(taken, source_partition)]:
            records[self._rejected, source_partition] = aside
        return records

    def _touchpoints(self, touchpoints: Iterable[Touchpoint]) -> Iterator[tuple[int, list[Record]]]:
        """By partition of the log."""
        homes: defaultdict[int, list[Touchpoint]] = defaultdict(list)
        redirects: dict[str, Redirect] = {}
        for touchpoint in touchpoints:
            partition, redirect = self._router.way(touchpoint.address)
            homes[partition].append(touchpoint)
            if redirect is not None:
                redirects[touchpoint.address] = redirect
        for partition, several in homes.items():
            yield partition, [Record(None, pack(Touchpoints(piece, _belonging(piece, redirects)))) for piece in cut(several, weigh)]

    def _aside(self, taken: Taken, source_partition: int) -> Iterator[Record]:
        for row in taken.rejected:
            yield Record(None, self._encode_rejected(row))
        for replayed in taken.replayed:
            yield Record(REPLAYED_KEY, None, replayed_mark(replayed))
        if taken.runs:
            received = Received(source_partition, tuple(taken.runs), time.time_ns() // 1_000_000)
            yield Record(RECEIVED_KEY, None, received_mark(received))


def _belonging(piece: Iterable[Touchpoint], redirects: Mapping[str, Redirect]) -> list[Redirect]:
    """Those that lead its touchpoints."""
    addresses = dict.fromkeys(each.address for each in piece) if redirects else ()
    return [redirects[address] for address in addresses if address in redirects]
