"""One fetched batch of the input topic: which touchpoints, links, rejected records and "as of" times are in it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from streams.agents.marks import AS_OF_HEADER, FINAL_HEADER, LOAD_HEADER, Replayed, header, read_origin
from streams.agents.rejected_row import kept_bytes, rejected_row
from streams.core.decode import record_decoder
from streams.core.identifiers import Identifiers
from streams.core.intake import YEAR_MS, Limits, Rejected, clamp, touchpoint_of
from streams.core.lateness import SourceClock
from streams.core.log import SEEN, Link
from streams.core.mentioned import mentioned
from streams.core.poison import Newest
from streams.core.runs import Run, runs
from streams.core.suppressed import Suppressed
from streams.core.touchpoint import DESCRIBED, DESCRIBES, Order, Touchpoint, attributes_of, order_of
from streams.core.verdict import NEVER
from streams.settings import Settings

PURPOSE = "purpose"  # attribute: what for
MOST_PAIRS = 1_000_000  # known pairs that the cache holds before it forgets them all


class Taken(msgspec.Struct):
    touchpoints: list[Touchpoint] = []
    links: list[Link] = []
    rejected: list[dict[str, Any]] = []
    as_ofs: list[tuple[int, bool]] = []  # (epoch ms, final)
    replayed: list[Replayed] = []  # other tries of rejected records, whatever becomes of them
    newest_ms: int = NEVER  # event time that the clock may follow
    accepted: int = 0  # of the records; `touchpoints` has copies for other addresses besides
    too_late: int = 0
    excluded: int = 0  # because of their purpose
    described: int = 0  # only say what their person is
    clamped: int = 0
    ignored: int = 0  # identifiers
    suppressed: int = 0  # records that carry somebody who was erased
    dropped: list[tuple[int, int]] = []  # the same records: offset and when the broker stored it
    told_clock: list[tuple[int, int]] = []  # records of `as_ofs`
    runs: list[Run] = []  # all of its offsets
    newest: Newest = Newest()  # records of the partition, with these
    confirmed: bool = False


class Reader:
    """Pure but for its cache of known pairs, which only spares traffic and never decides."""

    def __init__(self, settings: Settings, identifiers: Identifiers, suppressed: Suppressed | None = None) -> None:
        self.identifiers = identifiers
        self._suppressed = Suppressed() if suppressed is None else suppressed
        self._live, self._clamps = settings.clock == "live", settings.future_stamps == "clamped"
        self._limits = Limits(int(settings.oldest_years * YEAR_MS), int(settings.future_s * 1_000))
        self._horizon_ms = int(settings.late_horizon_s * 1_000)
        self._most_bytes, self._excluded = settings.max_record_bytes, frozenset(settings.excluded_purposes)
        self._kept_bytes = kept_bytes(settings)
        self._decode = record_decoder()
        self._pairs: dict[tuple[str, str], Order] = {}

    def take(self, records: Sequence[ConsumerRecord], clock: SourceClock, now_ms: int) -> Taken:
        taken = Taken()
        for record in records:
            if record.headers and (origin := read_origin(record.headers)):
                taken.replayed.append(Replayed(origin, record.partition, record.offset, now_ms))
            try:
                self._take(record, clock, taken)
            except Rejected as rejected:
                if self._suppressed and mentioned(record.key, record.value, self.identifiers, self._suppressed.has):
                    taken.suppressed += 1
                    taken.dropped.append((record.offset, record.timestamp))
                    continue
                load = _text(record, LOAD_HEADER)
                taken.rejected.append(rejected_row(record, rejected, load, now_ms, self._kept_bytes))
        taken.accepted = len(records) - len(taken.rejected) - len(taken.as_ofs) - taken.suppressed
        stored = [(record.offset, record.timestamp) for record in records]
        taken.runs = [*runs("received", stored), *runs("dropped", taken.dropped), *runs("as_of", taken.told_clock)]
        return taken

    def _take(self, record: ConsumerRecord, clock: SourceClock, taken: Taken) -> None:
        if record.headers and header(record.headers, AS_OF_HEADER) is not None:
            taken.as_ofs.append(self._as_of(record))
            taken.told_clock.append((record.offset, record.timestamp))
            return
        if record.value is not None and len(record.value) > self._most_bytes:
            raise Rejected("too_large", f"the record has {len(record.value)} bytes, max_record_bytes allows {self._most_bytes}")
        load = _text(record, LOAD_HEADER) if record.headers else ""
        content = self._decode(record.value)
        clamped = self._clamps and clamp(content, self._limits, record.timestamp)
        touchpoint = touchpoint_of(content, self.identifiers, self._limits, record.timestamp, load)
        if self._suppressed and self._suppressed.carried(touchpoint):
            taken.suppressed += 1
            taken.dropped.append((record.offset, record.timestamp))
            return
        taken.clamped += clamped
        taken.ignored += len(content["identifiers"]) - len(touchpoint.identifiers)
        self._stamp(touchpoint, record, clock)
        self.pass_on(touchpoint, taken)
        if touchpoint.action == DESCRIBED:  # nothing happened then: it is no news of how far its source is
            taken.described += touchpoint.late_ms == DESCRIBES
        else:  # one that is ahead of its time says nothing about those behind it, which may wait for long
            taken.newest_ms = max(taken.newest_ms, min(touchpoint.occurred_at, record.timestamp))
        taken.too_late += touchpoint.too_late and touchpoint.late_ms > 0
        taken.excluded += touchpoint.too_late and not touchpoint.late_ms

    def pass_on(self, touchpoint: Touchpoint, taken: Taken) -> None:
        """With what follows from it: copies for other objects, links."""
        taken.touchpoints.append(touchpoint)
        taken.touchpoints += self._copies(touchpoint)
        self._link(touchpoint, taken.links)

    def _stamp(self, touchpoint: Touchpoint, record: ConsumerRecord, clock: SourceClock) -> None:
        """Too late is decided here, once, for everybody.  A history load is never too late.

        What is excluded by its purpose goes the way of what is too late, and is not late: by that it is known.
        """
        touchpoint.received_at, touchpoint.partition, touchpoint.offset = record.timestamp, record.partition, record.offset
        if not touchpoint.load and not touchpoint.too_late:
            touchpoint.late_ms = clock.lateness_ms(touchpoint.occurred_at)
            touchpoint.too_late = touchpoint.late_ms > self._horizon_ms
        if self._excluded and attributes_of(touchpoint).get(PURPOSE) in self._excluded:
            touchpoint.late_ms, touchpoint.too_late = 0, True

    def _copies(self, touchpoint: Touchpoint) -> list[Touchpoint]:
        if touchpoint.too_late or len(touchpoint.identifiers) == 1:
            return []
        others = self.identifiers.other_addresses(touchpoint.identifiers, touchpoint.address)
        return [msgspec.structs.replace(touchpoint, address=address, copied=True) for address in others]

    def _link(self, touchpoint: Touchpoint, links: list[Link]) -> None:
        if touchpoint.too_late:
            return
        order = order_of(touchpoint)
        for weaker, stronger, says in self.identifiers.links(touchpoint.identifiers, touchpoint.action):
            if says != SEEN or self._is_news(weaker, stronger, order):
                links.append(Link(weaker, stronger, order, says))

    def _is_news(self, weaker: str, stronger: str, order: Order) -> bool:
        known = self._pairs.get((weaker, stronger))
        if known is not None and known <= order:
            return False
        if len(self._pairs) >= MOST_PAIRS:
            self._pairs.clear()
        self._pairs[weaker, stronger] = order
        return True

    def _as_of(self, record: ConsumerRecord) -> tuple[int, bool]:
        if self._live:
            raise Rejected("misplaced_as_of", 'an "as of" record is refused while the clock is live: set clock = held')
        try:
            return int(_text(record, AS_OF_HEADER)), header(record.headers, FINAL_HEADER) is not None
        except ValueError:
            raise Rejected("invalid_value", f"the header {AS_OF_HEADER} is not a decimal number of epoch milliseconds") from None


def _text(record: ConsumerRecord, name: str) -> str:
    return (header(record.headers, name) or b"").decode("utf-8", "replace")
