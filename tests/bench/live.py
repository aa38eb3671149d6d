"""Event to queryable at a steady rate, with a live clock."""

import asyncio
import time

from tests.bench.feed import drip
from tests.bench.figures import Latency, latency
from tests.bench.looking import Looker
from tests.bench.places import Places
from tests.bench.visible import Reader
from tests.bench.whole import NotAllLanded
from tests.bench.world import World
from tests.fixtures.pipeline import Pipeline

WARM_UP_S = 5.0
STORY_HOURS = 170  # a long story; the shares of those that begin, go on and end stay the same for most of the run
PATIENCE_S = 120.0


def live(places: Places, rate: float, seconds: float) -> tuple[dict[str, Latency], float]:
    """-> by view, how long after its creation a touchpoint, or its journey, is seen; and the mean time between two looks, ms.

    Raises NotAllLanded.
    """
    with places.pipeline(clock="live") as pipeline:
        pipeline.start()
        run(pipeline, rate, WARM_UP_S, first=10**9)
        reader = run(pipeline, rate, seconds, first=0)
    return {view: latency(waited_ms) for view, waited_ms in reader.waited_ms.items()}, reader.look_ms


def run(pipeline: Pipeline, rate: float, seconds: float, first: int) -> Reader:
    span_ms = int(seconds * 1_000)
    world = World(int(rate * seconds), 3, time.time_ns() // 1_000_000, span_ms, max(1, span_ms // STORY_HOURS // 2), first)
    with Reader(pipeline.connect()) as reader:
        asyncio.run(drip(pipeline.settings, world.touchpoints(), rate, reader.created))
        all_seen(pipeline, reader)
    return reader


def all_seen(pipeline: Pipeline, looker: Looker, patience_s: float = PATIENCE_S) -> None:
    """Returns once nothing is left to be seen.  Raises NotAllLanded, and what looking raised."""
    until_s = time.monotonic() + patience_s
    while looker.unseen:
        pipeline.check()
        looker.check()
        if time.monotonic() > until_s:
            raise NotAllLanded(f"{looker.unseen} were not to be seen {patience_s:g} s after the last was sent")
        time.sleep(0.1)
