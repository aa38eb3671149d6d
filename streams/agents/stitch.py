"""Stitch as a machine of bytes: packed log records in, Kafka records out."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import structlog

from schemas.codec import encoder
from streams import topology
from streams.agents.cell import Step
from streams.agents.marks import CLOCK_KEY, clock_mark
from streams.agents.producing import Destination, Record
from streams.agents.tally import Tally
from streams.core.log import FactsWanted, Wanted, cut, pack
from streams.core.moving import records as moving
from streams.core.routes import Routes, pack_routes
from streams.core.stitch.partition import Outcome, Partition
from streams.core.stitch.rows import PARTS, Row
from streams.core.stitch.store import MemoryStore
from streams.core.verdict import NEVER
from streams.metrics.metric import Reading
from streams.metrics.table import EVENT_AGE, LEFT_OUT, QUARANTINED, REDUCED, STATE, SUPPRESSED, WANTED, clock_lag
from streams.settings import Settings

log = structlog.get_logger("throughline")
IDLE_RECORDS = 5_000  # so many without a change, and the position is written all the same: a restart does not read them again
WANTED_BYTES, REDIRECT_BYTES = 500, 100  # one of them, about

TALLY = b"t"  # key in the state topic, beside those of streams.core.stitch.state


class StitchMachine:
    def __init__(self, settings: Settings, partition: Partition, store: MemoryStore) -> None:
        self.partition, self._store = partition, store
        self._journeys, self._breakages = encoder("journey", PARTS), encoder("breakage", PARTS)
        name = settings.topic
        self._log, self._state = name(topology.LOG), (name(topology.STATE), partition.number)
        self._rows = ((name(topology.JOURNEYS), partition.number), (name(topology.BREAKAGES), partition.number))
        self._wanted, self._routes = (name(topology.WANTED), 0), (name(topology.ROUTES), 0)
        self._idle = 0
        self._tally = Tally()

    def load(self, key: bytes, value: bytes | None) -> None:
        if key == TALLY and value is not None:
            self._tally = msgspec.msgpack.decode(value, type=Tally)
        else:
            self._store.load(key, value)

    def restore(self, life: str) -> int:
        self.partition.restore(life)
        return self.partition.position.offset

    def step(self, records: Sequence[tuple[int, bytes]], now_ms: int) -> Step:
        outcome = self.partition.step(records, now_ms)
        self._idle += outcome.taken
        REDUCED.add(outcome.reduced)
        SUPPRESSED.add(outcome.suppressed)
        LEFT_OUT.add(outcome.left_out)
        for person, address, found in outcome.quarantined:
            by = {"most": found.most, "kept_bytes": found.kept_bytes, "most_kept_bytes": found.most_kept_bytes}
            log.warning("quarantined", person=person, address=address, touchpoints=found.count, **by)
        if outcome.last_ms > NEVER:
            EVENT_AGE.observe((now_ms - outcome.last_ms) / 1_000)
        return Step(outcome.taken, self._inside(outcome), self._behind(outcome))

    def again(self) -> dict[Destination, list[Record]]:
        """No clock that is worked off in part: not all that it made due has been judged."""
        clocks = {} if self.partition.position.step else self._clocks(told=True)
        return {**clocks, **self._asking(self.partition.forgetting.awaited())}

    def readings(self) -> Iterable[Reading]:
        place = topology.LOG, str(self.partition.number)
        yield STATE.at(len(self._store), *place)
        yield WANTED.at(len(self.partition.forgetting.awaited()), *place)
        yield QUARANTINED.at(self._tally.quarantined, *place)
        yield from clock_lag(self.partition.clock.ms, *place)
        yield from self._tally.readings()

    def _inside(self, outcome: Outcome) -> dict[Destination, list[Record]]:
        """One transaction: state, rows and moved facts.  Nothing, where only clocks were heard."""
        if len(outcome.state) == 1 and not outcome.moved and self._idle < IDLE_RECORDS:
            return {}
        self._idle = 0
        state = [Record(key, value) for key, value in outcome.state.items()]
        if self._tally.take(outcome.rows):
            state.append(Record(TALLY, pack(self._tally)))
        inside: dict[Destination, list[Record]] = {self._state: state}
        journeys, breakages = self._rows
        if outcome.rows.journeys:
            inside[journeys] = self._records(outcome.rows.journeys, "journey_id", self._journeys)
        if outcome.rows.breakages:
            inside[breakages] = self._records(outcome.rows.breakages, "cause_key", self._breakages)
        for target, moves in outcome.moved.items():
            inside[self._log, target] = [Record(None, pack(record)) for record in moving(moves)]
        inside.update(self._asking(outcome.wanted))
        return inside

    def _asking(self, wanted: Sequence[Wanted]) -> dict[Destination, list[Record]]:
        pieces = cut(wanted, lambda _: WANTED_BYTES)
        return {self._wanted: [Record(None, pack(FactsWanted(piece))) for piece in pieces]} if wanted else {}

    def _records(self, rows: Iterable[Row], name: str, encode: Callable[[Row], bytes]) -> list[Record]:
        """What is said about somebody who was erased is that the record is to go."""
        if not self.partition.suppressed:
            return [Record(_key(row, name), encode(row)) for row in rows]
        gone = self.partition.suppressed.has_id
        return [Record(_key(row, name), None if gone(row["person_id"]) or gone(row["address_id"]) else encode(row)) for row in rows]

    def _behind(self, outcome: Outcome) -> dict[Destination, list[Record]]:
        if self.partition.position.step:
            return {}
        return {**self._clocks(told=outcome.clock is not None), **self._sent_on(outcome)}

    def _sent_on(self, outcome: Outcome) -> dict[Destination, list[Record]]:
        """Who reads this knows that the moved facts lie in the log of the partition they went to, since they were committed."""
        redirects = {move.redirect.address: move.redirect for moves in outcome.moved.values() for move in moves}
        if not redirects:
            return {}
        number, offset = self.partition.number, self.partition.position.offset
        words = (Routes(number, offset, piece) for piece in cut(redirects.values(), lambda _: REDIRECT_BYTES))
        return {self._routes: [Record(None, pack_routes(word)) for word in words]}

    def _clocks(self, *, told: bool) -> dict[Destination, list[Record]]:
        """Turns for the other partitions and, when it moved, the judged clock for whoever reads rows."""
        behind: dict[Destination, list[Record]] = {}
        word = self.partition.new_word()
        if word is not None:
            said = [Record(None, pack(word))]
            others = set(range(self.partition.partitions)) - {self.partition.number}
            behind.update(((self._log, other), said) for other in others)
        clock = self.partition.complete_clock()
        if told and clock.ms > NEVER:
            mark = clock_mark("stitch", clock.ms, clock.final_ms, self.partition.position.clocks.number)
            for destination in self._rows:
                behind[destination] = [Record(CLOCK_KEY, None, mark)]
        return behind


def _key(row: Row, name: str) -> bytes:
    return bytes.fromhex(row["person_id"] + row[name])
