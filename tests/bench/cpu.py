"""CPU time that processes spend between two moments."""

import psutil


class CpuTimes:
    """`pids`: process id by name; one that is None does not run, which is a fault."""

    def __init__(self, pids: dict[str, int | None]) -> None:
        if missing := [name for name, pid in pids.items() if pid is None]:
            raise ProcessLookupError(f"not running: {', '.join(missing)}")
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._before: dict[str, float] = {}

    def begin(self) -> None:
        self._before = self._now()

    def spent_s(self) -> dict[str, float]:
        """User and system seconds of each since `begin`."""
        return {name: after - self._before[name] for name, after in self._now().items()}

    def _now(self) -> dict[str, float]:
        times = {name: process.cpu_times() for name, process in self._processes.items()}
        return {name: each.user + each.system for name, each in times.items()}
