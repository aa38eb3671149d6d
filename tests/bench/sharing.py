"""One worker against two that share the partitions, each limited to half a core: what a second one adds."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psutil

from streams.topology import AGENTS
from tests.bench.cpu import CpuTimes
from tests.bench.feed import fill
from tests.bench.figures import Round, spread
from tests.bench.limited import limited
from tests.bench.places import Places
from tests.bench.whole import AFTERWARDS_MS, PATIENCE_S, shown_by, warm_up
from tests.bench.world import Record, framed
from tests.fixtures.pipeline import Pipeline

CORES = 0.5


@dataclass(frozen=True)
class Shared:
    """Rounds by the number of workers."""

    rounds: dict[int, list[Round]]

    @property
    def times(self) -> float:
        """Touchpoints per second of two workers to one, by the medians."""
        one, two = (spread(each.per_second for each in self.rounds[workers]).middle for workers in (1, 2))
        return two / one


def shared_round(places: Places, records: Sequence[Record], workers: int, cores: float = CORES) -> Round:
    """-> CPU of each worker, all its processes.  Raises NotAllLanded and CannotLimit."""
    sent = framed(list(records))
    with places.pipeline() as pipeline, ExitStack() as limits:
        families = _started(pipeline, workers)
        warm = warm_up(pipeline)
        for family in families.values():
            limits.enter_context(limited((each.pid for each in family), cores))
        used = {name: CpuTimes({str(each.pid): each.pid for each in family}) for name, family in families.items()}
        servers = CpuTimes(places.servers())
        for each in (*used.values(), servers):
            each.begin()
        began_s = time.perf_counter()
        asyncio.run(fill(pipeline.settings, sent))
        pipeline.settle(records[-1]["occurred_at"] + AFTERWARDS_MS, timeout_s=PATIENCE_S)
        wall_s = time.perf_counter() - began_s
        spent_s = {name: sum(each.spent_s().values()) for name, each in used.items()}
        found = Round(len(records), wall_s, spent_s, servers.spent_s())
        shown_by(pipeline, [*warm, *records])
    return found


def _started(pipeline: Pipeline, workers: int) -> dict[str, list[psutil.Process]]:
    """-> processes of each worker, once they share the partitions of every agent."""
    started = [pipeline.start() for _ in range(workers)]
    for agent in AGENTS:
        pipeline.shared(agent.name, workers)
    return {worker.log.stem: worker.family() for worker in started}
