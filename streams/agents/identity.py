"""Identity as a machine of bytes: links in; people, redirects and its clock out.  A single writer over one partition."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from schemas.codec import encoder
from streams import topology
from streams.agents.cell import Step
from streams.agents.marks import CLOCK_KEY, clock_mark
from streams.agents.producing import Destination, Record
from streams.core.clock import SILENT, IntakeClocks, Pair
from streams.core.identity import Change, Identity, Known
from streams.core.log import FORMAT, IdentityClock, IntakeClock, Link, Redirect, Redirects, pack, unpack_link, version
from streams.core.stitch.partition import WrongLife
from streams.core.touchpoint import hash_id
from streams.metrics.metric import Reading
from streams.metrics.table import STATE, clock_lag
from streams.settings import Settings

POSITION = b"p"
IDENTIFIER = b"i"
MOST_REDIRECTS = 500  # in one record of the log


class Position(msgspec.Struct, array_like=True):
    format: int
    offset: int
    number: int
    clocks: IntakeClocks
    life: str
    epoch: int


class IdentityMachine:
    def __init__(self, settings: Settings, identity: Identity) -> None:
        self.identity = identity
        self.position = Position(FORMAT, 0, 0, IntakeClocks(), "", 1)
        name = settings.topic
        self._log, self._partitions = name(topology.LOG), settings.log_partitions
        self._people, self._state = (name(topology.PEOPLE), 0), (name(topology.IDENTITY_STATE), 0)
        self._encode = encoder("person")
        self._told: tuple[Pair, int] = (SILENT, 0)

    def load(self, key: bytes, value: bytes | None) -> None:
        if key == POSITION and value is not None:
            self.position = msgspec.msgpack.decode(value, type=Position)
        elif value is not None:
            self.identity.restore(key[1:].decode(), msgspec.msgpack.decode(value, type=Known))

    def restore(self, life: str) -> int:
        position = self.position
        if position.format > FORMAT:
            raise WrongLife(f"identity.state has format {position.format}, this worker reads {FORMAT}: use a newer Throughline")
        if position.life not in ("", life):
            raise WrongLife(f"identity.links is not the topic that identity.state was made from ({life}, known {position.life})")
        position.life = life
        self.identity.number = position.number
        return position.offset

    def step(self, records: Sequence[tuple[int, bytes]], now_ms: int) -> Step:
        del now_ms
        links: list[Link] = []
        for _, value in records:
            record = unpack_link(value)
            if isinstance(record, IntakeClock):
                self.position.clocks.take(record)
            else:
                links += record.items
        last = records[-1][0]
        self.position.offset = last + 1
        changes = self.identity.take(links)
        self.position.number = self.identity.number
        return Step(len(records), self._inside(changes, version(self.position.epoch, last, 0)), self._clock())

    def again(self) -> dict[Destination, list[Record]]:
        self._told = (SILENT, 0)
        return self._clock()

    def readings(self) -> Iterable[Reading]:
        place = topology.LINKS, str(self._people[1])
        yield STATE.at(len(self.identity.known), *place)
        yield from clock_lag(self.position.clocks.least()[0], *place)

    def _inside(self, changes: list[Change], row_version: int) -> dict[Destination, list[Record]]:
        if not self.identity.touched:
            return {}
        state = [_state(key, self.identity) for key in sorted(self.identity.touched)]
        inside: dict[Destination, list[Record]] = {self._state: [*state, Record(POSITION, pack(self.position))]}
        if changes:
            inside[self._people] = [self._person(change, row_version) for change in changes]
        for partition in range(self._partitions):
            redirects = [change.redirect for change in changes if partition in change.tell]
            if redirects:
                inside[self._log, partition] = [Record(None, pack(record)) for record in _cut(redirects)]
        return inside

    def _person(self, change: Change, row_version: int) -> Record:
        key, root = change.redirect.address, change.redirect.root
        (kind, value), (root_kind, root_value) = _pair(key), _pair(root)
        occurred_at, _, event_id, source = change.proof
        row: dict[str, Any] = {
            "identifier_type": kind, "identifier_value": value, "kind": "person" if self.identity.is_person(key) else "object",
            "own_id": hash_id(kind, value), "person_id": hash_id(root_kind, root_value),
            "root_type": root_kind, "root_value": root_value, "number": change.redirect.number,
            "linked_at": occurred_at if event_id else None, "linked_by_source": source, "linked_by_event": event_id,
            "version": row_version,
        }  # fmt: skip
        return Record(bytes.fromhex(row["own_id"]), self._encode(row))

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


def _state(key: str, identity: Identity) -> Record:
    return Record(IDENTIFIER + key.encode(), pack(identity.known[key]))


def _cut(redirects: list[Redirect]) -> list[Redirects]:
    return [Redirects(redirects[at : at + MOST_REDIRECTS]) for at in range(0, len(redirects), MOST_REDIRECTS)]


def _pair(key: str) -> tuple[str, str]:
    kind, _, value = key.partition(":")
    return kind, value
