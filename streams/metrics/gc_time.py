"""How long the garbage collector stops the process."""

import gc
import time
from collections.abc import Iterable

from streams.metrics.metric import Reading
from streams.metrics.table import GC


class GcTime:
    """Plain numbers only: a collection may begin in the middle of anything, also while prometheus-client holds a lock."""

    def __init__(self) -> None:
        self._began_s = 0.0
        self._seconds = [0.0, 0.0, 0.0]
        gc.callbacks.append(self._tell)

    def close(self) -> None:
        gc.callbacks.remove(self._tell)

    def readings(self) -> Iterable[Reading]:
        return [GC.at(seconds, str(generation)) for generation, seconds in enumerate(self._seconds)]

    def _tell(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began_s = time.perf_counter()
        else:
            self._seconds[info["generation"]] += time.perf_counter() - self._began_s
