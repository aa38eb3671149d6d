"""A pipeline under load on a broker and a database of its own, for attacks; at the end, whether it shows what it should."""

import random
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple, Self

import psutil
from clickhouse_driver import Client

from deploy.local.broker import Broker
from deploy.local.ports import LOOPBACK, free_ports
from sinks.clickhouse.faults import passing
from streams.core.verdict import Clock
from streams.definitions import SHIPPED, load_bundle
from streams.settling import await_landed
from tests.chaos.doors import Doors
from tests.chaos.ledger import Ledger
from tests.chaos.limited import LimitedDatabase
from tests.chaos.load import Load
from tests.fixtures import crowd as people
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.disk import Disk, disk
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS
from tests.fixtures.stack import JARS
from tests.fixtures.touchpoints import DAY_MS
from tests.fixtures.views import DoublesWatch, doubles
from tests.fixtures.workers import WorkerProcess
from tests.sinks.test_minutes import DIFFERENT

BUNDLE = load_bundle([SHIPPED])
BETWEEN_S = 14.0  # that an attack takes, about, before the first one has shown it
DISK_BYTES = 6 << 30  # of the broker, and of the database, where they have a disk of their own; it takes what is used
SESSION_S, DRAIN_S = 6.0, 20.0
REJECT_WINDOW = 2_000  # records of a partition by which intake says that too many are broken
SETTINGS = {
    "session_timeout_s": SESSION_S, "transaction_timeout_s": 10.0, "drain_s": DRAIN_S,
    "reject_window": REJECT_WINDOW, "reject_least": REJECT_WINDOW // 2,
}  # fmt: skip
MINUTES_S = 60.0
END_MS = max(START_MS + SPAN_MS + 30 * DAY_MS, people.END_MS)
PROBED = "SELECT count() FROM v_journeys WHERE definition = 'order' AND instance = %(order)s"


class Survived(NamedTuple):
    """One attack.  `lost`: of what was accepted before it began; `doubled`: how often a row was seen twice meanwhile.

    `recovered_s`: from its end until a touchpoint that was sent then is a journey in the views.
    """

    attack: str
    times: int
    lost: int
    doubled: int
    recovered_s: list[float]


class Arena:
    """While inside, workers run and the load comes."""

    def __init__(self, folder: Path, count: int, seed: int, doors: Doors, *, attacks: int) -> None:
        self._folder, self._count, self._seed, self._doors = folder, count, seed, doors
        self._lasts_s = attacks * BETWEEN_S
        self.chance = random.Random(seed)
        self._open = ExitStack()
        self.workers: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def _start(self) -> None:
        enter = self._open.enter_context
        self.broker_disk: Disk | None = enter(disk(self._folder / "broker", DISK_BYTES))
        (inner,) = free_ports(1)
        self.broker_door = enter(closing(self._doors((LOOPBACK, inner))))
        self.broker = enter(Broker(self._folder / "broker", jars_dir=JARS, tethered=True, proxied=(inner, self.broker_door.port)))
        self.disk: Disk | None = enter(disk(self._folder / "clickhouse", DISK_BYTES))
        self.database = enter(LimitedDatabase(self._folder / "clickhouse", tethered=True))
        self.door = enter(closing(self._doors((self.database.host, self.database.port))))
        made = Pipelines(self.broker, self.database, self._folder)
        self._open.callback(made.close)
        self.pipeline: Pipeline = made(BUNDLE, clickhouse_port=self.door.port, **SETTINGS)
        self.workers = [self._started(), self._started()]
        self.pipeline.shared("stitch", 2)
        self.load = Load(self.pipeline, self._seed, self._count)
        self._open.callback(self.load.give_up)
        self.ledger = Ledger(self.pipeline.settings, self.load, self._direct)
        self.watch = DoublesWatch(self._direct, outages=True)
        self.load.lasts(self._lasts_s)
        self.load.begin()

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _direct(self) -> Client:
        """Past the gate: who watches sees the tables whatever the workers see."""
        return self.pipeline.connect(self.database.port)

    def execute(self, *statements: str) -> None:
        for statement in statements:
            self.query(statement)

    def query(self, sql: str, **values: Any) -> list[Any]:
        client = self._direct()
        try:
            rows: list[Any] = client.execute(sql, values or None)
            return rows
        finally:
            client.disconnect()

    # attacks ------------------------------------------------------------------------------------------------------------

    def restart(self, place: int) -> None:
        """A worker that was killed, or ended."""
        self.workers[place] = self._started()

    def _started(self, **settings: Any) -> WorkerProcess:
        """Who finds that somebody else took its place ends, as it should: exit code 1 is no failure here."""
        worker = self.worker(**settings)
        worker.ends_unbidden()
        return worker

    def worker(self, **settings: Any) -> WorkerProcess:
        """Behind the doors; whoever looks from outside is not."""
        return self.pipeline.start(kafka_bootstrap=f"{LOOPBACK}:{self.broker_door.port}", **settings)

    def replace(self, **settings: Any) -> None:
        """All workers by ones with other settings, as an operator does it."""
        for place, worker in enumerate(self.workers):
            if worker.code() is None:
                worker.terminate()
            self.workers[place] = self._started(**settings)

    def calm(self) -> None:
        """What an attack that broke off may have left: the load flows, and there are no workers but ours."""
        self.load.flow()
        for worker in self.pipeline.workers:
            if worker not in self.workers and worker.code() is None:
                worker.terminate()
        self.replace()

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
        began_s, order = time.monotonic(), self.load.probe()
        while not self._is_there(order):
            self.revive()
            assert time.monotonic() < began_s + PATIENCE_S, "a touchpoint does not come through:\n" + "\n".join(
                worker.tail(2_000) for worker in self.workers
            )
            time.sleep(0.3)
        return time.monotonic() - began_s

    def _is_there(self, order: str) -> bool:
        try:
            return bool(self.query(PROBED, order=order)[0][0])
        except Exception as error:
            if passing(error) is None:  # else it has just been started
                raise
            return False

    # the end ------------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """All that is left comes at once; then everything is worked off."""
        self.load.end()
        self.revive()
        self.pipeline.say(END_MS, final=True)
        await_landed(self.pipeline.settings, END_MS, final=True, timeout_s=4 * PATIENCE_S, tell=lambda _: self.revive())

    def wrong_minutes(self) -> int:
        """Figures a minute that differ from a count over what stands, when all had their time."""
        client, until_s = self._direct(), time.monotonic() + MINUTES_S
        while (found := client.execute(DIFFERENT)) and time.monotonic() < until_s:
            time.sleep(1.0)
        client.disconnect()
        return len(found)

    def assert_exact(self) -> None:
        """What one computation over all gives, and nothing twice."""
        client, database = self._direct(), self.pipeline.settings.database
        assert_shown(client, database, batch(BUNDLE, self.load.records(), Clock(END_MS, END_MS)))
        twice = doubles(client)
        assert twice == [], f"seen twice: {twice}"
        client.disconnect()
