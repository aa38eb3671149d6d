"""The whole pipeline: orders and cases through intake, identity, stitch and land, exactly once, until all of it has landed."""

import asyncio
import time
from collections.abc import Sequence

from streams.topology import AGENTS
from tests.bench.cpu import CpuTimes
from tests.bench.feed import fill
from tests.bench.figures import Round
from tests.bench.places import Places
from tests.bench.world import HISTORY_MS, Record, World, framed
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import DAY_MS

WARM_UP = 2_000  # touchpoints of other people before the measurement: imports, connections and caches are no part of it
WARM_UP_SPAN_MS = 10 * DAY_MS
AFTERWARDS_MS = 30 * DAY_MS  # whatever was promised is over by then
PATIENCE_S = 900.0


class NotAllLanded(Exception):
    """What the views show is not what was sent: the figures mean nothing."""


def whole_round(places: Places, records: Sequence[Record]) -> tuple[Round, dict[str, int]]:
    """-> figures and how many rows each view shows.  Raises NotAllLanded."""
    sent = framed(list(records))
    with places.pipeline() as pipeline:
        worker = pipeline.start()
        agents = CpuTimes({agent.name: worker.agent(agent.name).pid for agent in AGENTS})
        servers = CpuTimes(places.servers())
        warm = warm_up(pipeline)
        agents.begin()
        servers.begin()
        began_s = time.perf_counter()
        asyncio.run(fill(pipeline.settings, sent))
        pipeline.settle(records[-1]["occurred_at"] + AFTERWARDS_MS, timeout_s=PATIENCE_S)
        figures = Round(len(records), time.perf_counter() - began_s, agents.spent_s(), servers.spent_s())
        shown = shown_by(pipeline, [*warm, *records])
    return figures, shown


def warm_up(pipeline: Pipeline) -> list[Record]:
    """-> the touchpoints that its workers worked off."""
    world = World(WARM_UP, seed=2, began_ms=HISTORY_MS - 3 * WARM_UP_SPAN_MS, span_ms=WARM_UP_SPAN_MS, first=10**9)
    records = world.touchpoints()
    asyncio.run(fill(pipeline.settings, framed(records)))
    pipeline.settle(HISTORY_MS - 1, timeout_s=PATIENCE_S)
    return records


def shown_by(pipeline: Pipeline, sent: Sequence[Record]) -> dict[str, int]:
    """-> rows of each view.  Raises NotAllLanded."""
    views = ("v_touchpoints", "v_journeys", "v_breakages")
    shown = {view: pipeline.query(f"SELECT count() FROM {view}")[0][0] for view in views}
    things = {tuple(record["identifiers"][0].values()) for record in sent}
    if (shown["v_touchpoints"], shown["v_journeys"]) != (len(sent), len(things)):
        raise NotAllLanded(f"{len(sent)} touchpoints of {len(things)} journeys were sent, the views show {shown}")
    return shown
