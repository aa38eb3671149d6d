"""Identity as a machine of bytes: links in; people, pairs, receipts, redirects, its clock out.  One writer, one partition."""

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

import msgspec

from streams import topology
from streams.agents.cell import Step
from streams.agents.identity_rows import IdentityRows
from streams.agents.identity_said import Said
from streams.agents.marks import CLOCK_KEY, clock_mark
from streams.agents.producing import Destination, Record
from streams.core.clock import SILENT, IntakeClocks, Pair
from streams.core.identity import Decided, Identity
from streams.core.identity.decided import guard_label
from streams.core.life import check_entries, check_format, check_life
from streams.core.log import (
    FORMAT,
    Erased,
    IdentityClock,
    IntakeClock,
    Link,
    LinkRecord,
    Redirect,
    Redirects,
    pack,
    unpack_link,
    version,
)
from streams.core.suppressed import ERASED
from streams.erasures import entries
from streams.metrics.metric import Reading
from streams.metrics.table import PERSONS, REFUSED_LINKS, clock_lag
from streams.metrics.table import STATE as ENTRIES
from streams.settings import Settings

STATE = topology.IDENTITY_STATE
POSITION = b"p"
MOST_REDIRECTS = 500  # in one record of the log
NUMBERS = 40  # bits of a redirect's number that count within an epoch


class Position(msgspec.Struct, array_like=True):
    format: int
    offset: int
    number: int
    clocks: IntakeClocks
    life: str
    epoch: int
    guards: str = ""  # digest of the rules by which links are refused
    entries: int = -1  # of the state besides this one and the erased


class IdentityMachine:
    """`said`: what is on identity.people, asked for when the state is empty or was rebuilt."""

    def __init__(self, settings: Settings, identity: Identity, said: Callable[[], Said] = Said) -> None:
        self.identity, self._said = identity, said
        self.position = Position(FORMAT, 0, 0, IntakeClocks(), "", 1)
        name = settings.topic
        self._log, self._partitions = name(topology.LOG), settings.log_partitions
        self._people, self._state = (name(topology.PEOPLE), 0), (name(topology.IDENTITY_STATE), 0)
        self._erasures = name(topology.ERASURES), 0
        self._rows = IdentityRows(settings, identity.identifiers)
        self._told: tuple[Pair, int] = (SILENT, 0)

    def load(self, key: bytes, value: bytes | None) -> None:
        if key == POSITION and value is not None:
            self.position = msgspec.msgpack.decode(value, type=Position)
        else:
            self.identity.load(key, value)

    def restore(self, life: str) -> int:
        """An empty state whose people were told of before is a rebuild: a new epoch, whose redirects outnumber all before it."""
        said = self._said() if not self.position.life or self.position.epoch > 1 else Said()
        position = self.position
        check_format(STATE, position.format)
        if position.life:
            check_life(STATE, topology.LINKS, (life, 1), (position.life, 1))
        check_entries(STATE, self.identity.memory.entries, position.entries if position.life else 0)
        if not position.life and said.number:
            position.epoch = (said.number >> NUMBERS) + 2
            position.number = (position.epoch - 1) << NUMBERS
        if position.epoch > 1:
            self.identity.rebuild(said.roots)
        position.life = life
        self.identity.number = position.number
        if position.guards not in ("", self.identity.identifiers.guards):
            self.identity.judge_again()
        position.guards = self.identity.identifiers.guards
        return position.offset

    def step(self, records: Sequence[tuple[int, bytes]], now_ms: int) -> Step:
        unpacked = [unpack_link(value) for _, value in records]
        first = unpacked[0]
        if isinstance(first, Erased):  # an erasure is a step of its own
            self._last = records[0][0]
            return Step(1, self._erase(first, now_ms), self._clock())
        taken = list(takewhile(lambda record: not isinstance(record, Erased), unpacked))
        self._last = records[len(taken) - 1][0]
        return self._take(taken, now_ms)

    def _erase(self, record: Erased, now_ms: int) -> dict[Destination, list[Record]]:
        erasure, decided = self.identity.erase(record.keys)
        inside = self._told_of(decided, now_ms)
        whole = msgspec.structs.replace(record, keys=erasure.keys)
        self._add(inside, self._state, [Record(ERASED + digest, b"\1") for digest in erasure.digests])
        for destination, records in self._rows.gone(erasure).items():
            self._add(inside, destination, records)
        self._add(inside, self._erasures, entries(whole, erasure.digests))
        for partition in range(self._partitions):
            self._add(inside, (self._log, partition), [Record(None, pack(whole))])
        return inside

    @staticmethod
    def _add(inside: dict[Destination, list[Record]], destination: Destination, records: list[Record]) -> None:
        inside[destination] = [*inside.get(destination, []), *records]

    def _take(self, records: Sequence[LinkRecord], now_ms: int) -> Step:
        links: list[Link] = []
        for record in records:
            if isinstance(record, IntakeClock):
                self.position.clocks.take(record)
            elif not isinstance(record, Erased):
                links += record.items
        return Step(len(records), self._told_of(self.identity.take(links), now_ms), self._clock())

    def _told_of(self, decided: Decided, now_ms: int) -> dict[Destination, list[Record]]:
        self.position.offset = self._last + 1
        self.position.number = self.identity.number
        for receipt in decided.receipts:
            PERSONS.add(1, receipt.kind)
        for standing in decided.standings:
            if standing.guard:
                REFUSED_LINKS.add(1, guard_label(standing.guard))
        return self._inside(decided, version(self.position.epoch, self._last, 0), now_ms)

    def again(self) -> dict[Destination, list[Record]]:
        self._told = (SILENT, 0)
        return self._clock()

    def readings(self) -> Iterable[Reading]:
        place = topology.LINKS, str(self._people[1])
        yield ENTRIES.at(len(self.identity.memory), *place)
        yield from clock_lag(self.position.clocks.least()[0], *place)

    def _inside(self, decided: Decided, row_version: int, now_ms: int) -> dict[Destination, list[Record]]:
        changed = self.identity.memory.flush()
        if not changed:
            return {}
        self.position.entries = self.identity.memory.entries
        state = [Record(entry, value) for entry, value in changed.items()]
        inside: dict[Destination, list[Record]] = {self._state: [*state, Record(POSITION, pack(self.position))]}
        inside.update(self._rows.of(decided, row_version, now_ms))
        for partition in range(self._partitions):
            redirects = [change.redirect for change in decided.changes if partition in change.tell]
            if redirects:
                inside[self._log, partition] = [Record(None, pack(record)) for record in _cut(redirects)]
        return inside

    def _clock(self) -> dict[Destination, list[Record]]:
        """To every partition of the log behind its redirects, and to whoever reads people."""
        ms, final_ms = self.position.clocks.least()
        now = ((ms, final_ms), self.identity.number)
        if (ms, final_ms) == SILENT or now == self._told:
            return {}
        self._told = now
        word = Record(None, pack(IdentityClock(ms, final_ms, self.identity.number)))
        mark = Record(CLOCK_KEY, None, clock_mark("identity", ms, final_ms, self.identity.number))
        return {**{(self._log, partition): [word] for partition in range(self._partitions)}, self._people: [mark]}


def _cut(redirects: list[Redirect]) -> list[Redirects]:
    return [Redirects(redirects[at : at + MOST_REDIRECTS]) for at in range(0, len(redirects), MOST_REDIRECTS)]
