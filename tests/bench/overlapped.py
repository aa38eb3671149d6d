"""One insert is under way while the next touchpoints are decoded; where reading stood is committed behind it."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.bare_job import INSERT_ROWS, BareJob
from tests.bench.stopwatch import Stopwatch


class Overlapped:
    """Counts up to `count` touchpoints, and measures wall and CPU time from the first to the last one inserted."""

    def __init__(self, job: BareJob, count: int) -> None:
        self.job, self._count = job, count
        self._thread = ThreadPoolExecutor(1)
        self._under_way: asyncio.Future[None] | None = None
        self._commit: Callable[[], Awaitable[None]] | None = None
        self._taken = 0
        self._watch = Stopwatch()
        self.begin = self._watch.begin

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
        self._watch.print_figures(self._taken)
        return True

    async def _landed(self) -> None:
        if self._under_way is not None and self._commit is not None:
            await self._under_way
            await self._commit()
            self._under_way = None
