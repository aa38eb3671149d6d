"""Open journeys of eight touchpoints, made by the real cores of identity and stitch on the shortest way, and entries of theirs.

A journey has a customer, whom 0.6 of as many share: its touchpoints arrive at the home of the order or case, and follow its
redirect to the home of the customer.  Seeded: every run makes the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from random import Random

from streams.agents.intake_batch import Reader, Taken
from streams.core.definition import Bundle
from streams.core.identifiers import load_identifiers
from streams.core.identity import Identity
from streams.core.intake import YEAR_MS, Limits, touchpoint_of
from streams.core.log import Activation, IdentityClock, IntakeClock, MovedFacts, Redirects, Touchpoints, home, pack
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.store import MemoryStore
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER
from streams.definitions import SHIPPED, load_bundle
from streams.settings import Settings
from tests.bench.stories import STORIES, Step
from tests.bench.world import CUSTOMERS, HISTORY_MS, HOUR_MS, ORDERS, Record, World

EACH = 8  # touchpoints
SPAN_MS = 2 * 24 * HOUR_MS  # within which they open
CLOSING = {
    "order.delivered", "order.cancelled", "order.returned", "case.resolved", "case.closed", "review.answered", "payment.refunded",
}  # fmt: skip
MORE = {
    "order": Step(6, "parcel.scanned", "system", "none", "carrier", False, {"place": "hub", "truck": "truck-17"}),
    "case": Step(6, "case.updated", "system", "none", "desk", False, {"status": "in progress", "escalated": False}),
}
MARK = b"s000000-"  # in every number of an order, case or customer, and in nothing else
NUMBER = 10**9  # redirects have numbers above it, as long as those of a machine that has decided so often
LIMITS = Limits(int(50 * YEAR_MS), HOUR_MS)
AT_ONCE = 200  # journeys
Logs = list[list[bytes]]  # what each partition has yet to read


class Seeds:
    """`parts` and `identity` are as after `count` journeys, and after a clock behind all of them, which is not final."""

    def __init__(self, count: int, partitions: int, sources: int, bundle: Bundle | None = None) -> None:
        self.bundle = load_bundle([SHIPPED]) if bundle is None else bundle
        self.identifiers = load_identifiers().with_instances(self.bundle.by_instance_type)
        self.activation = Activation(self.bundle.content_hash, NEVER)
        self.identity = Identity(self.identifiers, partitions)
        self.identity.number = NUMBER
        self.parts = [Partition(number, partitions, MemoryStore(), Judge(lambda _: self.bundle)) for number in range(partitions)]
        self.count, self.sources, self.clock_ms = count, sources, NEVER
        self.known: dict[bytes, bytes] = {}  # entries of identity
        self._reader = Reader(Settings(), self.identifiers)
        self._logs = [[pack(self.activation)] for _ in self.parts]
        for part in self.parts:
            part.restore("life")
        told = stories(count)
        while several := list(islice(told, AT_ONCE)):
            self.happen([record for records in several for record in records])
        self._hear(self.clock_ms)

    def taken(self, records: Iterable[Record]) -> Taken:
        """As intake makes it of them."""
        taken = Taken()
        for record in records:
            self._reader.pass_on(touchpoint_of(record, self.identifiers, LIMITS, record["occurred_at"]), taken)
        return taken

    def happen(self, records: Iterable[Record]) -> None:
        taken = self.taken(records)
        self.decided = self.identity.take(taken.links)  # what it said last
        self.known.update((entry, value) for entry, value in self.identity.memory.flush().items() if value is not None)
        for partition, log in enumerate(self._logs):
            if redirects := [change.redirect for change in self.decided.changes if partition in change.tell]:
                log.append(pack(Redirects(redirects)))
        self.clock_ms = max(self.clock_ms, *(each.occurred_at + 1 for each in taken.touchpoints))
        arrive(self._logs, taken.touchpoints)
        work(self.parts, self._logs)

    def _hear(self, at_ms: int) -> None:
        """A clock of all sources and of identity, and what the partitions say to each other of it."""
        sources = range(self.sources)
        intake = IntakeClock(self.sources, dict.fromkeys(sources, at_ms), dict.fromkeys(sources, NEVER))
        for log in self._logs:
            log += [pack(intake), pack(IdentityClock(at_ms, NEVER, self.identity.number))]
        work(self.parts, self._logs)
        while words := [(part.number, word) for part in self.parts if (word := part.new_word())]:
            for number, word in words:
                for other in set(range(len(self.parts))) - {number}:
                    self._logs[other].append(pack(word))
            work(self.parts, self._logs)


def arrive(logs: Logs, touchpoints: Iterable[Touchpoint]) -> None:
    """One record for each partition."""
    arrived: dict[int, list[Touchpoint]] = {}
    for each in touchpoints:
        arrived.setdefault(home(each.address, len(logs)), []).append(each)
    for partition, items in arrived.items():
        logs[partition].append(pack(Touchpoints(items)))


def work(parts: Sequence[Partition], logs: Logs) -> None:
    """Until nobody has anything left, moved facts included."""
    while any(logs):
        for part in parts:
            records, logs[part.number] = logs[part.number], []
            while records:
                outcome = part.step(list(enumerate(records, part.position.offset)), 0)
                records = records[outcome.taken :]
                for target, moves in outcome.moved.items():
                    logs[target].append(pack(MovedFacts(moves)))


def stories(count: int) -> Iterator[list[Record]]:
    """Eight touchpoints each, none of which closes the journey."""
    random, customers = Random(1), max(1, round(count * CUSTOMERS))
    world = World(0, hour_ms=HOUR_MS // 4)
    for number in range(count):
        kind = "order" if random.random() < ORDERS else "case"
        customer, region = _id(random.randrange(customers)), random.choice(("BR", "DE", "PT", "US"))
        began_ms, thing = HISTORY_MS + random.randrange(SPAN_MS), (kind, _id(number))
        steps = _open(kind, STORIES[kind](random))
        yield [
            world.record(step, f"{kind}-{thing[1]}-{place}", thing, customer, began_ms, region) for place, step in enumerate(steps)
        ]


def _open(kind: str, steps: Iterable[Step]) -> list[Step]:
    told = [step for step in steps if step.action not in CLOSING][:EACH]
    while len(told) < EACH:
        told.append(MORE[kind]._replace(at_h=told[-1].at_h + MORE[kind].at_h))
    return told


def _id(number: int) -> str:
    return f"{MARK.decode()}{number:06d}"
