"""One contestant with the whole job: touchpoints in some order, maybe SIGKILL in the middle, until all has landed."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.arrivals import Arrival
from tests.bench.console import tell
from tests.bench.cpu import CpuTimes
from tests.bench.wrongs import Queries
from tests.fixtures.pipeline import PATIENCE_S, Pipeline
from tests.fixtures.workers import WorkerProcess

POLL_S = 0.1
REVIVALS = 5


@dataclass(frozen=True)
class Took:
    """From the first touchpoint sent until the last row; CPU of the workers, those that were killed included."""

    wall_s: float
    cpu_s: float
    killed_at: int | None  # touchpoints in the table when it struck
    revived: int = 0  # how often the worker ended by itself and was started anew


class Contestant(ABC):
    """The whole job on a pipeline's broker and database; what it shows is found by `queries`."""

    name: str
    queries: Queries

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._before: list[float] = []  # CPU seconds of those that were killed
        self.revived = 0  # how often the worker had ended by itself
        self._worker = self._started()

    @abstractmethod
    def _started(self) -> WorkerProcess: ...

    @abstractmethod
    def _processes(self) -> dict[str, int | None]:
        """Process ids of the worker that works now, by name."""

    @abstractmethod
    def send(self, arrivals: Sequence[Arrival]) -> None:
        """Returns once the broker has them."""

    @abstractmethod
    def settle(self, clock_ms: int, touchpoints: int) -> float:
        """All have come: so far is event time.  Returns once whatever follows has landed, with the seconds of that in which nothing
        happened any more, and it waited to be certain of that.  `touchpoints`: how many different ones there are."""

    def begin(self) -> None:
        self._count_cpu()
        self._began_s = time.perf_counter()

    def _count_cpu(self) -> None:
        self._cpu = CpuTimes(self._processes())
        self._cpu.begin()

    def _replace(self) -> None:
        """Another worker takes the place of the one that has ended."""
        self._worker = self._started()
        self._count_cpu()

    def kill(self) -> None:
        """SIGKILL to all processes of the worker; another one takes its place at once."""
        self._before += self._cpu.spent_s().values()
        self._worker.kill_all()
        self._replace()

    def stop(self) -> None:
        """However it ends."""
        if self._worker.code() is None:
            self._worker.terminate()

    def _revive(self) -> None:
        """A worker that has ended by itself is started anew, as a supervisor would; CPU that it spent is not counted then."""
        if (code := self._worker.code()) is not None:
            tell(f"{self.name} ended by itself with {code}: {self._worker.tail(12_000)}")
            self.revived += 1
            assert self.revived <= REVIVALS, f"{self.name} does not come to work:\n{self._worker.tail()}"
            self._replace()

    def landed(self) -> int:
        [(count,)] = self._pipeline.query(f"SELECT uniqExact(source, event_id) FROM {self.queries.touchpoints}")
        return int(count)

    def await_landed(self, least: int) -> int:
        """Returns once so many different touchpoints, or more, are in the table, with how many."""
        self._until(lambda: self.landed() >= least)
        return self.landed()

    def _until(self, happened: Callable[[], object]) -> None:
        """Returns once it has.  Raises AssertionError."""
        until = time.monotonic() + PATIENCE_S
        while not happened():
            self._revive()
            assert time.monotonic() < until, f"{self.name} is not there after {PATIENCE_S:g} s:\n{self._worker.tail()}"
            time.sleep(POLL_S)

    def took(self, waited_s: float, killed_at: int | None) -> Took:
        wall_s = time.perf_counter() - self._began_s - waited_s
        return Took(wall_s, sum(self._before) + sum(self._cpu.spent_s().values()), killed_at, self.revived)
