"""What a worker of the whole job in Faust does with a touchpoint, and what it knows besides its tables."""

from dataclasses import dataclass, field

from faust.serializers import codecs

from streams.core.definition import Compiled
from streams.core.identifiers import Identifiers
from streams.core.intake import YEAR_MS, Limits, touchpoint_of
from streams.core.touchpoint import Touchpoint, id_of, identifier_key, identifiers_of
from streams.core.verdict import NEVER
from tests.bench.bare_job import Row, decoder
from tests.bench.peers.whole_kept import Kept
from tests.bench.peers.whole_tables import Gathering

TICK = b"tick"  # on the topic of the second hop: look at the clock
LIMITS = Limits(int(50 * YEAR_MS), YEAR_MS)


class Framed(codecs.Codec):
    """Framed Avro, as a codec of Faust's own.  A tick is no row."""

    def __init__(self) -> None:
        super().__init__()
        self._decode = decoder()

    def _loads(self, value: bytes) -> Row:
        return {} if value == TICK else self._decode(value)

    def _dumps(self, value: bytes) -> bytes:
        return value


@dataclass
class Job:
    """State of one worker that is in no table."""

    careful: bool
    definitions: dict[str, list[Compiled]]
    identifiers: Identifiers
    gathering: Gathering
    clock_ms: int = NEVER  # the newest event time that this worker has seen
    due: dict[bytes, int] = field(default_factory=dict)  # when to judge again, by order or case
    asked: dict[bytes, int] = field(default_factory=dict)  # those of them that a tick is on its way to

    def judge(self, address: bytes, kept: Kept, person_id: str, *, again: bool) -> None:
        """Over what is kept; what is news of it is gathered."""
        kind, _, instance = address.decode().partition(":")
        for definition in self.definitions[kind]:
            verdict = kept.judge(definition, instance, self.clock_ms)
            if verdict.journey is not None:
                self.gathering.journey(verdict.journey, person_id)
            for breakage in kept.news(verdict, careful=self.careful, again=again):
                self.gathering.breakage(breakage, person_id)
        self.due.pop(address, None)
        self.asked.pop(address, None)
        if kept.due_ms is not None:
            self.due[address] = kept.due_ms

    def overdue(self) -> list[bytes]:
        return [address for address, due_ms in self.due.items() if due_ms < self.clock_ms]

    def behind(self) -> int:
        return len(self.overdue()) + len(self.asked)

    def touchpoint(self, row: Row) -> Touchpoint:
        """Checked as our intake checks it."""
        return touchpoint_of(row, self.identifiers, LIMITS, row["occurred_at"])


def address_of(row: Row) -> bytes:
    """The order or case: what the second hop is keyed by."""
    first = row["identifiers"][0]
    return f"{first['type']}:{first['value']}".encode()


def owner_of(touchpoint: Touchpoint) -> bytes:
    """-> the person's id; empty where the touchpoint does not say whose it is."""
    found = (identifier_key(kind, value) for kind, value in identifiers_of(touchpoint) if kind == "customer")
    return next((id_of(key).encode() for key in found), b"")
