"""A pipeline under load on a broker and a database of its own, for attacks; afterwards the account of every record."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import psutil
from clickhouse_driver import Client
from clickhouse_driver.errors import NetworkError
from kafka.errors import KafkaError

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.ports import LOOPBACK, free_ports
from streams import topology
from streams.agents.marks import AS_OF_HEADER, header
from streams.core.verdict import Clock
from streams.definitions import SHIPPED, load_bundle
from streams.passing import Passing
from streams.settling import await_landed
from streams.topics import BrokerUnreachable
from tests.fixtures import crowd as people
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.disk import Disk, disk
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, Arrival, shop
from tests.fixtures.stack import JARS
from tests.fixtures.touchpoints import DAY_MS, touch
from tests.fixtures.views import DoublesWatch, doubles
from tests.fixtures.workers import WorkerProcess
from tests.sinks.gate import Gate
from tests.sinks.test_minutes import DIFFERENT

BUNDLE = load_bundle([SHIPPED])
BROKEN = 0.01  # share of records that are no touchpoints
CHUNK = 1_000
BETWEEN_S = 14.0  # that an attack takes, about, before the first one has shown it
DISK_BYTES = 2 << 30  # of the database, where it has a disk of its own
SESSION_S = 6.0
MINUTES_S = 60.0
END_MS = max(START_MS + SPAN_MS + 30 * DAY_MS, people.END_MS)
PROBED = "SELECT count() FROM v_journeys WHERE definition = 'order' AND instance = %(order)s"
AWAY = (KafkaError, BrokerUnreachable)


class Survived(NamedTuple):
    """One attack.  `recovered_s`: from its end until a touchpoint that was sent then is a journey in the views."""

    attack: str
    times: int
    recovered_s: list[float]


class Account(NamedTuple):
    """Of all records of the input topic but those that move the clock."""

    received: int
    landed: int
    rejected: int
    duplicates: int
    lost: int


class Arena:
    """While inside, workers run and touchpoints come: orders and cases of a shop, and a crowd whose people are linked and unlinked;
    some late, some twice, some broken."""

    def __init__(self, folder: Path, count: int, seed: int, *, attacks: int) -> None:
        self._folder, self._count = folder, count
        self.chance = random.Random(seed)
        self._open, self._over = ExitStack(), threading.Event()
        self._arrivals = arrivals(seed, count)
        self._probes: list[Arrival] = []
        self.workers: list[WorkerProcess] = []
        self.sent, self._clock_ms = 0, START_MS
        self.lasts(attacks * BETWEEN_S)

    def __enter__(self) -> Self:
        enter = self._open.enter_context
        (self._folder / "broker").mkdir(parents=True)
        (inner,) = free_ports(1)
        self.broker_gate = Gate((LOOPBACK, inner))
        self.broker = enter(Broker(self._folder / "broker", jars_dir=JARS, tethered=True, proxied=(inner, self.broker_gate.port)))
        self.disk: Disk | None = enter(disk(self._folder / "clickhouse", DISK_BYTES))
        self.database = enter(Database(self._folder / "clickhouse", tethered=True))
        self.gate = Gate((self.database.host, self.database.port))
        made = Pipelines(self.broker, self.database, self._folder)
        self._open.callback(made.close)
        self.pipeline: Pipeline = made(
            BUNDLE, session_timeout_s=SESSION_S, transaction_timeout_s=10.0, clickhouse_port=self.gate.port
        )
        self.workers = [self._started(), self._started()]
        self.pipeline.shared("stitch", 2)
        self.watch = DoublesWatch(self._direct, outages=True)
        self._loading = threading.Thread(target=self._load, daemon=True)
        self._loading.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._open.close()

    def _direct(self) -> Client:
        """Past the gate: who watches sees the tables whatever the workers see."""
        return self.pipeline.connect(self.database.port)

    def execute(self, *statements: str) -> None:
        client = self._direct()
        for statement in statements:
            client.execute(statement)
        client.disconnect()

    # load ---------------------------------------------------------------------------------------------------------------

    def lasts(self, seconds: float) -> None:
        """What is left of the load is to last about so long."""
        self._pace_s = seconds * CHUNK / max(CHUNK, self._count - self.sent)

    def _load(self) -> None:
        coming = iter(self._arrivals)
        while chunk := list(islice(coming, CHUNK)):
            broken = [b"\0" + self.chance.randbytes(40) for _ in range(int(BROKEN * len(chunk)))]
            self._insist(lambda chunk=chunk: self.pipeline.send(record for _, record in chunk))
            self._insist(lambda broken=broken: self.pipeline.send_bytes(broken))
            self._insist(lambda at_ms=chunk[-1][0]: self.pipeline.say(at_ms))
            self.sent, self._clock_ms = self.sent + len(chunk), chunk[-1][0]
            self._over.wait(self._pace_s)

    @staticmethod
    def _insist(send: Callable[[], None]) -> None:
        """The broker may be away; what is sent twice is a copy."""
        while True:
            try:
                return send()
            except AWAY:
                time.sleep(0.5)

    # attacks ------------------------------------------------------------------------------------------------------------

    def restart(self, place: int) -> None:
        """A worker that was killed, or ended."""
        self.workers[place] = self._started()

    def _started(self) -> WorkerProcess:
        """Who finds that somebody else took its place ends, as it should: exit code 1 is no failure here."""
        worker = self.worker()
        worker.ends_unbidden()
        return worker

    def worker(self) -> WorkerProcess:
        """Behind the gates; whoever looks from outside is not."""
        return self.pipeline.start(kafka_bootstrap=f"{LOOPBACK}:{self.broker_gate.port}")

    def revive(self) -> None:
        """Start anew whoever has ended: a supervisor's work."""
        for place, worker in enumerate(self.workers):
            if worker.code() is not None:
                self.restart(place)

    def agent(self, place: int, name: str) -> psutil.Process:
        """Of a worker that lives: one that was a zombie may end at any moment."""
        while True:
            self.revive()
            try:
                return self.workers[place].agent(name)
            except psutil.NoSuchProcess:
                time.sleep(0.5)

    def recovered_s(self) -> float:
        """Seconds until a touchpoint that is sent now is a journey.  Whoever ended is started anew."""
        began_s, order = time.monotonic(), self.probe()
        while not self._is_there(order):
            self.revive()
            assert time.monotonic() < began_s + PATIENCE_S, "a touchpoint does not come through:\n" + "\n".join(
                worker.tail(2_000) for worker in self.workers
            )
            time.sleep(0.3)
        return time.monotonic() - began_s

    def probe(self) -> str:
        """Send a touchpoint.  -> the order that it opens."""
        order = f"probe{len(self._probes)}"
        due = {"estimated_delivery_at": self._clock_ms + DAY_MS, "amount": 1.0}
        probe = touch("order.purchased", self._clock_ms, {"order": order, "customer": order}, due, region="BR")
        self._probes.append((self._clock_ms, probe))
        self._insist(lambda: self.pipeline.send([probe]))
        return order

    def _is_there(self, order: str) -> bool:
        client = self._direct()
        try:
            return bool(client.execute(PROBED, {"order": order})[0][0])
        except (NetworkError, EOFError):  # it has just been started
            return False
        finally:
            client.disconnect()

    # account ------------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """All that is left comes at once; then everything is worked off."""
        self._over.set()
        self._loading.join()
        self.revive()
        self.pipeline.say(END_MS, final=True)
        await_landed(self.pipeline.settings, END_MS, final=True, timeout_s=4 * PATIENCE_S, tell=lambda _: self.revive())

    def account(self) -> Account:
        received = broken = 0
        names = set[tuple[str, str]]()
        with Passing(self.pipeline.settings) as passing:
            for record in passing.read(topology.TOUCHPOINTS, passing.begins(topology.TOUCHPOINTS)):
                if record.headers and header(record.headers, AS_OF_HEADER) is not None:
                    continue
                received += 1
                broken += record.value[:1] == b"\0" and len(record.value) == 41
        names = {(record["source"], record["event_id"]) for _, record in [*self._arrivals, *self._probes]}
        client = self._direct()
        landed = set(client.execute("SELECT DISTINCT source, event_id FROM v_touchpoints"))
        ((rejected,),) = client.execute("SELECT count() FROM v_rejected")
        client.disconnect()
        lost = len(names - landed) + abs(broken - rejected)
        return Account(received, len(landed), rejected, received - broken - len(landed), lost)

    def wrong_minutes(self) -> int:
        """Figures a minute that differ from a count over what stands, when all had their time."""
        client, until_s = self._direct(), time.monotonic() + MINUTES_S
        while (found := client.execute(DIFFERENT)) and time.monotonic() < until_s:
            time.sleep(1.0)
        client.disconnect()
        return len(found)

    def assert_exact(self) -> None:
        """What one computation over all gives, and nothing twice."""
        records = [record for _, record in [*self._arrivals, *self._probes]]
        client, database = self._direct(), self.pipeline.settings.database
        assert_shown(client, database, batch(BUNDLE, records, Clock(END_MS, END_MS)))
        twice = doubles(client)
        assert twice == [], f"seen twice: {twice}"
        client.disconnect()


def arrivals(seed: int, count: int) -> list[Arrival]:
    """A fifth of them of a crowd, in the order of their arrival."""
    drawn = people.crowd(seed, max(10, count // 30))
    seen: Iterator[Arrival] = ((each.arrives_ms, people.record(each)) for each in drawn.seen)
    crowd = list(islice(seen, count // 5))
    return sorted([*shop(seed, count - len(crowd)), *crowd], key=lambda arrival: arrival[0])
