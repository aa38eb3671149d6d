"""The whole job by every contestant over the same touchpoints: in order, and shuffled with SIGKILL of the worker in the middle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streams.core.definition import Bundle
from streams.definitions import SHIPPED, load_bundle
from tests.bench.arrivals import Arrival, in_order, shuffled
from tests.bench.contest import Contestant, Took
from tests.bench.places import Places
from tests.bench.whole import AFTERWARDS_MS
from tests.bench.world import HISTORY_MS, Record, World
from tests.bench.wrongs import Truth, Wrongs, truth, wrongs
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import DAY_MS

WARM_UP = 500  # touchpoints of other people before the measurement
SESSION_S = 6.0  # after which a worker that was killed loses its partitions, for all contestants
IN_ORDER, KILLED = "in order", "shuffled, killed in the middle"


@dataclass(frozen=True)
class Outcome:
    """One round."""

    contestant: str
    event: str
    touchpoints: int  # sent, copies included
    took: Took
    wrongs: Wrongs


@dataclass(frozen=True)
class Results:
    machine: dict[str, str]
    count: int
    outcomes: list[Outcome]


def bundle() -> Bundle:
    """What everybody judges by."""
    return load_bundle([SHIPPED])


def compare(here: Places, count: int, contestants: Sequence[type[Contestant]], progress: Callable[[str], None]) -> list[Outcome]:
    """Every contestant with both events, over the same touchpoints."""
    warm = World(WARM_UP, seed=2, began_ms=HISTORY_MS - 30 * DAY_MS, span_ms=10 * DAY_MS, first=10**9).touchpoints()
    records, outcomes = World(count).touchpoints(), []
    clock_ms = records[-1]["occurred_at"] + AFTERWARDS_MS
    true = truth(bundle(), [*warm, *records], clock_ms)
    progress(f"{count:,} touchpoints: {len(true.journeys):,} journeys, {len(true.breakages):,} breakages")
    for event, arrivals in ((IN_ORDER, in_order(records)), (KILLED, shuffled(records, 1))):
        for contestant in contestants:
            with here.pipeline(session_timeout_s=SESSION_S) as pipeline:
                found = one_round(contestant, pipeline, warm, arrivals, true, clock_ms, killed=event == KILLED)
            outcomes.append(Outcome(contestant.name, event, len(arrivals), *found))
            progress(f"{event}, {contestant.name}: {found[0].wall_s:.1f} s; {_lines(found[1])}")
    return outcomes


def one_round(
    contestant: type[Contestant], pipeline: Pipeline, warm: list[Record], arrivals: Sequence[Arrival], true: Truth,
    clock_ms: int, *, killed: bool,
) -> tuple[Took, Wrongs]:  # fmt: skip
    running = contestant(pipeline)
    running.send(in_order(warm))
    running.await_landed(len(warm))
    running.begin()
    running.send(arrivals)
    killed_at = None
    if killed:
        killed_at = running.await_landed(len(true.touchpoints) // 2)
        running.kill()
    waited_s = running.settle(clock_ms, len(true.touchpoints))
    took = running.took(waited_s, killed_at)
    running.stop()
    return took, wrongs(pipeline.client, running.queries, true)


def _lines(found: Wrongs) -> str:
    return f"{found.lost} lost, {found.twice} twice, {found.wrong_journeys} journeys and {found.wrong_breakages} breakages wrong"
