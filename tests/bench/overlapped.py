"""One insert is under way while the next touchpoints are decoded; where reading stood is committed behind it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.bare_job import INSERT_ROWS, BareJob


class Overlapped:
    """Counts up to `count` touchpoints, and measures wall and CPU time from the first to the last one inserted."""

    def __init__(self, job: BareJob, count: int) -> None:
        self.job, self._count = job, count
        self._thread = ThreadPoolExecutor(1)
        self._under_way: asyncio.Future[None] | None = None
        self._commit: Callable[[], Awaitable[None]] | None = None
        self._taken = 0
        self._began_s = self._cpu_s = 0.0

    def begin(self) -> None:
        if not self._began_s:
            self._began_s, self._cpu_s = time.perf_counter(), time.process_time()

    def is_full(self, taken: int) -> bool:
        """Call it after every `take`."""
        self._taken += taken
        return len(self.job.rows) >= INSERT_ROWS or self._taken >= self._count

    async def insert(self, commit: Callable[[], Awaitable[None]]) -> bool:
        """Start an insert once the one before has landed.  -> whether that was the last, which prints the figures."""
        columns = self.job.cut()
        await self._landed()
        self._under_way = asyncio.get_running_loop().run_in_executor(self._thread, self.job.insert, columns)
        self._commit = commit
        if self._taken < self._count:
            return False
        await self._landed()
        self._print_figures()
        return True

    async def _landed(self) -> None:
        if self._under_way is not None and self._commit is not None:
            await self._under_way
            await self._commit()
            self._under_way = None

    def _print_figures(self) -> None:
        wall_s, cpu_s = time.perf_counter() - self._began_s, time.process_time() - self._cpu_s
        print(json.dumps({"touchpoints": self._taken, "wall_s": wall_s, "cpu_s": cpu_s}), flush=True)
