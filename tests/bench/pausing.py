"""Nobody works for a while, and touchpoints keep coming: how fast what waits is worked off, while they go on coming."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tests.bench.live import WARM_UP_S, run
from tests.bench.places import Places
from tests.bench.stream import Stream
from tests.bench.whole import NotAllLanded
from tests.fixtures.pipeline import Pipeline

RAMP_S = 30.0
MORE_S = 2.0  # as far behind as before the pause, and so much more, counts as caught up
LOOK_S = 0.2
PATIENCE_S = 900.0
Tell = Callable[[str], None]


class Behind(NamedTuple):
    """Touchpoints that have landed, those that were sent and have not, and seconds that the landed clocks are behind."""

    landed: int
    waiting: int
    clock_s: float


@dataclass(frozen=True)
class CaughtUp:
    """Seconds since the start of the worker: until the first touchpoint had landed, until no more waited than before the pause,
    until the clocks of all views were where they are without one.  `landed`: touchpoints by the last of these moments."""

    rate: float
    pause_s: float
    waiting: int
    first_s: float
    worked_off_s: float
    up_to_date_s: float
    landed: int

    @property
    def per_second(self) -> float:
        """Touchpoints of which everything that follows had landed; by themselves they land sooner, past stitch."""
        return self.landed / self.up_to_date_s

    @property
    def times(self) -> float:
        """To the live rate."""
        return self.per_second / self.rate


class Scene:
    """A pipeline into which touchpoints keep coming."""

    def __init__(self, pipeline: Pipeline, stream: Stream, before: int) -> None:
        self._pipeline, self._stream, self._before = pipeline, stream, before

    def look(self) -> Behind:
        """Rows of the table are cheap to count; `check_whole` makes sure that none is there twice."""
        sent = self._before + self._stream.sent
        ((landed,),) = self._pipeline.query("SELECT count() FROM touchpoints")
        ((clock_ms,),) = self._pipeline.query("SELECT min(clock_ms) FROM v_clocks")
        lateness_s = self._pipeline.settings.allowed_lateness_s
        return Behind(landed, max(0, sent - landed), time.time() - lateness_s - clock_ms / 1_000)

    def until(self, reached: Callable[[Behind], bool]) -> tuple[float, Behind]:
        """-> when it was, on the monotonic clock, and what was seen.  Raises NotAllLanded."""
        until_s = time.monotonic() + PATIENCE_S
        while not reached(found := self.look()):
            self._pipeline.check()
            self._stream.check()
            if time.monotonic() > until_s:
                raise NotAllLanded(f"not caught up after {PATIENCE_S:g} s: {found}")
            time.sleep(LOOK_S)
        return time.monotonic(), found


def catch_up(places: Places, rate: float, pause_s: float, tell: Tell, ramp_s: float = RAMP_S) -> CaughtUp:
    """One worker ends by SIGTERM, and another one starts.  Raises NotAllLanded."""
    with places.pipeline(clock="live") as pipeline:
        worker = pipeline.start()
        run(pipeline, rate, WARM_UP_S, first=10**9)
        ((before,),) = pipeline.query("SELECT count() FROM v_touchpoints")
        with Stream(pipeline.settings, rate) as stream:
            scene = Scene(pipeline, stream, before)
            time.sleep(ramp_s)
            usual = scene.look()
            tell(f"before the pause: {usual}")
            ends_s = time.monotonic() + pause_s
            worker.drains()
            time.sleep(max(0.0, ends_s - time.monotonic()))
            found = _works_off(scene, usual, rate, pause_s, pipeline, tell)
        check_whole(pipeline, before + stream.sent)
    return found


def _works_off(scene: Scene, usual: Behind, rate: float, pause_s: float, pipeline: Pipeline, tell: Tell) -> CaughtUp:
    paused, began_s = scene.look(), time.monotonic()
    tell(f"after the pause: {paused}")
    pipeline.start()
    first_s, _ = scene.until(lambda now: now.landed > paused.landed)
    worked_off_s, _ = scene.until(lambda now: now.waiting <= usual.waiting + MORE_S * rate)
    up_to_date_s, then = scene.until(lambda now: now.clock_s <= usual.clock_s + MORE_S)
    taken_s = (each - began_s for each in (first_s, worked_off_s, up_to_date_s))
    return CaughtUp(rate, pause_s, paused.waiting, *taken_s, then.landed - paused.landed)


def check_whole(pipeline: Pipeline, sent: int) -> None:
    """Raises NotAllLanded unless all that was sent has landed, each once."""
    pipeline.landed(time.time_ns() // 1_000_000)
    [(shown, rows)] = pipeline.query("SELECT (SELECT count() FROM v_touchpoints), (SELECT count() FROM touchpoints)")
    if shown != sent or rows != sent:
        raise NotAllLanded(f"{sent} touchpoints were sent, the view shows {shown}, the table has {rows} rows")
