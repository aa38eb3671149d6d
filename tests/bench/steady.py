"""Event to queryable minute by minute, and how long the verdict of an absence takes, in one run at one rate."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from streams.topology import AGENTS
from tests.bench.absent import Verdicts
from tests.bench.cpu import CpuTimes
from tests.bench.figures import Latency, latency
from tests.bench.live import WARM_UP_S, all_seen, run
from tests.bench.places import Places
from tests.bench.stream import Stream
from tests.bench.visible import Reader
from tests.fixtures.pipeline import Pipeline

RAMP_S = 40.0  # until stories end as often as they begin
AHEAD_MS = 3_000  # that a case has landed when its answer is due
MINUTE_MS = 60_000
PATIENCE_S = 300.0  # at a rate that is too high much waits in the end
Tell = Callable[[str], None]
Views = dict[str, Latency]


@dataclass(frozen=True)
class Steady:
    """Milliseconds.  `thirds`: of the time that it took; `landed`: until ClickHouse took the touchpoint, whoever looked when.

    Of absences, as `Verdicts` has it: `seen`, `judged`, `told`.  `cores`: how many each process used, of agents, of servers and
    this one, which sends and reads.
    """

    rate: float
    minutes: float
    whole: Views
    each_minute: list[Views]
    thirds: list[Views]
    landed: Latency
    seen: Latency
    judged: Latency
    told: Latency
    look_ms: float
    absent_look_ms: float
    cores: dict[str, float]

    def growth(self, view: str) -> float:
        """p95 of the last third to that of the first."""
        return self.thirds[-1][view].p95_ms / self.thirds[0][view].p95_ms


def steady(places: Places, rate: float, minutes: float, absences: int, tell: Tell, ramp_s: float = RAMP_S) -> Steady:
    """Raises NotAllLanded."""
    with places.pipeline(clock="live") as pipeline:
        used = _processes(places, pipeline)
        run(pipeline, rate, WARM_UP_S, first=10**9)
        lateness_ms = int(pipeline.settings.allowed_lateness_s * 1_000)
        with Reader(pipeline.connect()) as reader, Verdicts(pipeline.connect(), lateness_ms) as verdicts:
            with Stream(pipeline.settings, rate) as stream:
                _lasts(pipeline, stream, ramp_s)
                began_ms, span_ms = time.time_ns() // 1_000_000, int(minutes * MINUTE_MS)
                stream.created = reader.created
                used.begin()
                due = (began_ms + AHEAD_MS, max(began_ms + AHEAD_MS + 1, began_ms + span_ms - lateness_ms))
                pipeline.send(verdicts.cases(absences, *due))
                _lasts(pipeline, stream, began_ms / 1_000 + minutes * 60 - time.time(), _progress(reader, tell))
                cores = {name: spent_s / (60 * minutes) for name, spent_s in used.spent_s().items()}
            all_seen(pipeline, reader, PATIENCE_S)
            all_seen(pipeline, verdicts)
        return _figures(pipeline, rate, minutes, began_ms, reader, verdicts, cores)


def _processes(places: Places, pipeline: Pipeline) -> CpuTimes:
    """A worker, started, and all else that computes."""
    worker = pipeline.start()
    return CpuTimes(
        {agent.name: worker.agent(agent.name).pid for agent in AGENTS} | places.servers() | {"sender and readers": os.getpid()}
    )


def _lasts(pipeline: Pipeline, stream: Stream, seconds: float, every_minute: Callable[[], None] = lambda: None) -> None:
    """Raises AssertionError if a worker has ended, and what sending raised."""
    began_s, minute = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < seconds:
        pipeline.check()
        stream.check()
        if passed_s >= 60 * (minute + 1):
            minute += 1
            every_minute()
        time.sleep(min(0.5, seconds - passed_s))


def _progress(reader: Reader, tell: Tell) -> Callable[[], None]:
    def told() -> None:
        waited = reader.waited_ms
        tell(f"{', '.join(f'{len(waited[view]):,} in {view}' for view in waited)}, {reader.unseen:,} not seen yet")

    return told


def _figures(
    pipeline: Pipeline, rate: float, minutes: float, began_ms: int, reader: Reader, verdicts: Verdicts, cores: dict[str, float]
) -> Steady:
    span_ms = max(1, int(minutes * MINUTE_MS))
    landed = pipeline.query(
        "SELECT toUnixTimestamp64Milli(landed_at) - toUnixTimestamp64Milli(occurred_at) FROM v_touchpoints"
        f" WHERE occurred_at >= fromUnixTimestamp64Milli({began_ms}, 'UTC')"
    )
    return Steady(
        rate, minutes, {view: latency(waited_ms) for view, waited_ms in reader.waited_ms.items()},
        by_time(reader, began_ms, min(span_ms, MINUTE_MS), max(1, span_ms // MINUTE_MS)),
        by_time(reader, began_ms, -(-span_ms // 3), 3), latency([waited_ms for (waited_ms,) in landed]),
        latency(verdicts.seen_ms), latency(verdicts.judged_ms), latency(verdicts.told_ms),
        reader.look_ms, verdicts.look_ms, cores,
    )  # fmt: skip


def by_time(reader: Reader, began_ms: int, each_ms: int, count: int) -> list[Views]:
    """What was created in each of so many spans; what came behind the last is of the last."""
    parts: list[dict[str, list[float]]] = [{view: [] for view in reader.waited_ms} for _ in range(count)]
    for view, waited in reader.waited_ms.items():
        for at_ms, waited_ms in zip(reader.created_ms[view], waited, strict=True):
            parts[min(count - 1, max(0, at_ms - began_ms) // each_ms)][view].append(waited_ms)
    return [{view: latency(waited_ms) for view, waited_ms in part.items()} for part in parts]
