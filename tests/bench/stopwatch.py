"""Wall and CPU time of one process from its first touchpoint to its last insert."""

import json
import time


class Stopwatch:
    def __init__(self) -> None:
        self._began_s = self._cpu_s = 0.0

    def begin(self) -> None:
        """The first call counts."""
        if not self._began_s:
            self._began_s, self._cpu_s = time.perf_counter(), time.process_time()

    def print_figures(self, touchpoints: int) -> None:
        """One JSON object: touchpoints, wall_s, cpu_s (user and system, all threads)."""
        wall_s, cpu_s = time.perf_counter() - self._began_s, time.process_time() - self._cpu_s
        print(json.dumps({"touchpoints": touchpoints, "wall_s": wall_s, "cpu_s": cpu_s}), flush=True)
