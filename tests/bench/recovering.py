"""How long workers take to be back at work, with a real broker and database and with much to take up."""

import json
import signal
import time
from collections.abc import Callable, Sequence
from random import Random

import msgspec

from streams.core.log import home
from streams.core.touchpoint import hash_id
from streams.topology import AGENTS
from tests.bench.grown import Grown, thing
from tests.bench.growth import next_of
from tests.bench.laid import lay
from tests.bench.places import Places
from tests.bench.seeds import EACH, Seeds, stories
from tests.bench.whole import NotAllLanded
from tests.bench.world import HOUR_MS, Record
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import touch
from tests.fixtures.workers import WorkerProcess

PATIENCE_S = 240.0
LOOK_S = 0.1
PROVEN = 50  # journeys that go on
SHOWN = """SELECT instance, toUnixTimestamp64Milli(opened_at), touchpoints, state FROM v_journeys WHERE instance IN %(instances)s
ORDER BY instance"""
Tell = Callable[[str], None]


class Recovered(msgspec.Struct, frozen=True):
    """Seconds from an event until a touchpoint of each partition, sent then, was a journey in the views.

    `first_s`: until the first of them was.  `restored_s`: what the agent's own log says that reading the state took, the longest.
    """

    event: str
    journeys: int
    session_s: float
    first_s: float
    all_s: float
    restored_s: float
    records: int
    cpu_s: float  # of the stitch agent meanwhile: what a busy machine does not add to


class Stage:
    """A pipeline on a state that was laid; `grown` journeys are open."""

    def __init__(self, pipeline: Pipeline, grown: Grown) -> None:
        self.pipeline, self.grown, self.session_s = pipeline, grown, pipeline.settings.session_timeout_s
        self.counts = lay(pipeline.settings, grown)
        self._probes = 0

    def started(self) -> WorkerProcess:
        return self.pipeline.start()

    def restored(self, worker: WorkerProcess, agent: str = "stitch") -> list[tuple[int, int, float]]:
        """Partition, records and seconds of each cell that it has taken up so far."""
        lines = [json.loads(line) for line in worker.said().splitlines() if '"restored"' in line]
        return [
            (each["partition"], each["records"], each["seconds"])
            for each in lines if each.get("event") == "restored" and each.get("agent") == agent
        ]  # fmt: skip

    def measure(self, event: str, takes_up: Callable[[], WorkerProcess], before: WorkerProcess | None = None) -> Recovered:
        """`takes_up` does what is measured, and gives the worker that is to be at work then; `before`: the same, if it runs."""
        seen, spent_s = (len(self.restored(before)), _cpu_s(before)) if before else (0, 0.0)
        began_s = time.monotonic()
        worker = takes_up()
        found = self._through(began_s)
        cells = self.restored(worker)[seen:]
        longest_s = max((seconds for _, _, seconds in cells), default=0.0)
        records = sum(count for _, count, _ in cells)
        return Recovered(event, self.grown.count, self.session_s, found[0], found[-1], longest_s, records, _cpu_s(worker) - spent_s)

    def _through(self, began_s: float) -> list[float]:
        """Send one touchpoint to each partition.  -> when they were journeys, ascending."""
        waiting = {self._probe(part) for part in range(self.pipeline.settings.log_partitions)}
        at_ms = self.grown.seeds.clock_ms + HOUR_MS
        due = {"estimated_delivery_at": at_ms + 10**9}
        self.pipeline.send([touch("order.purchased", at_ms, {"order": order}, due) for order in sorted(waiting)])
        found: list[float] = []
        while waiting:
            rows = self.pipeline.query(SHOWN, instances=sorted(waiting))
            found += [time.monotonic() - began_s] * len(rows)
            waiting -= {row[0] for row in rows}
            self._wait(began_s)
        return found

    def _wait(self, began_s: float) -> None:
        self.pipeline.check()
        if time.monotonic() > began_s + PATIENCE_S:
            raise NotAllLanded("\n".join(["a touchpoint does not come through", *(each.tail() for each in self.pipeline.workers)]))
        time.sleep(LOOK_S)

    def _probe(self, partition: int) -> str:
        """An order that nobody knows, at home in this partition."""
        while True:
            self._probes += 1
            if home(f"order:probe{self._probes}", self.pipeline.settings.log_partitions) == partition:
                return f"probe{self._probes}"

    def prove(self, count: int = PROVEN) -> None:
        """Journeys that were laid go on: each is what its eight touchpoints and one more make of it.  Raises NotAllLanded."""
        told, chosen = list(stories(self.grown.seeds.count)), Random(3).sample(range(self.grown.count), count)
        places = [divmod(number, self.grown.seeds.count) for number in chosen]
        records = [next_of(told[number][-1], block) for block, number in places]
        expected = sorted((thing(block, number), told[number][0]["occurred_at"], EACH + 1, "open") for block, number in places)
        began_s = time.monotonic()
        self.pipeline.send(records)
        self._until(began_s, [each[0] for each in expected], expected)
        self._same_persons(told, places)

    def _until(self, began_s: float, instances: Sequence[str], expected: list[tuple[str, int, int, str]]) -> None:
        while (rows := self.pipeline.query(SHOWN, instances=instances)) != expected:
            if len(rows) > len(expected):
                raise NotAllLanded(f"shown are {rows}, expected {expected}")
            self._wait(began_s)

    def _same_persons(self, told: list[list[Record]], places: list[tuple[int, int]]) -> None:
        """Each belongs to the customer of its own first touchpoint."""
        shown = dict(self.pipeline.query("SELECT instance, person_id FROM v_journeys"))
        for block, number in places:
            customer = int(told[number][0]["identifiers"][1]["value"][-6:])
            if shown[thing(block, number)] != hash_id("customer", thing(block, customer)):
                raise NotAllLanded(f"{thing(block, number)} belongs to another person than before")


def _cpu_s(worker: WorkerProcess) -> float:
    times = worker.agent("stitch").cpu_times()
    return times.user + times.system


def check_restored(stage: Stage, worker: WorkerProcess) -> None:
    """All that was laid was taken up.  Raises NotAllLanded."""
    found = [count for _, count, _ in sorted(stage.restored(worker))]
    if found != stage.counts:
        raise NotAllLanded(f"restored were {found} records, laid {stage.counts}")


def kill_all(worker: WorkerProcess) -> None:
    """Its agents too, as when a machine goes: left alone they would see that the worker is gone, and leave in good order."""
    worker.ends_unbidden()
    for process in [worker.agent(agent.name) for agent in AGENTS]:
        process.kill()
    worker.kill()


def recover(here: Places, journeys: int, seeds: Seeds, tell: Tell, **settings: float) -> list[Recovered]:
    """One worker: a cold start on what was laid, and a start after SIGKILL.  Raises NotAllLanded."""
    with here.pipeline(**settings) as pipeline:
        stage = Stage(pipeline, Grown(seeds, journeys))
        tell(f"laid {sum(stage.counts):,} entries of {stage.grown.count:,} journeys")
        worker = stage.started()
        found = [stage.measure("first start", lambda: worker)]
        check_restored(stage, worker)
        stage.prove()
        tell(f"{found[0]}; journeys go on")
        kill_all(worker)
        found.append(stage.measure("SIGKILL", stage.started))
        tell(str(found[1]))
        return found


def move(here: Places, journeys: int, seeds: Seeds, tell: Tell, *, rounds: int = 2, **settings: float) -> list[Recovered]:
    """Two workers share the partitions; one ends, by SIGTERM and by SIGKILL in turn, and the other takes up what it had."""
    with here.pipeline(**settings) as pipeline:
        stage = Stage(pipeline, Grown(seeds, journeys))
        tell(f"laid {sum(stage.counts):,} entries of {stage.grown.count:,} journeys")
        stays, found = stage.started(), list[Recovered]()
        for number in range(2 * rounds):
            leaves = stage.started()
            pipeline.shared("stitch", 2)
            stage.measure("both at work", lambda: stays)
            end = signal.SIGTERM if number % 2 == 0 else signal.SIGKILL
            found.append(stage.measure(end.name, lambda end=end, leaves=leaves: _ended(leaves, end, stays), stays))
            tell(str(found[-1]))
        return found


def _ended(worker: WorkerProcess, end: signal.Signals, stays: WorkerProcess) -> WorkerProcess:
    if end == signal.SIGTERM:
        worker.drains()
    else:
        kill_all(worker)
    return stays
