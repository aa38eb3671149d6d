"""Start one process an agent and watch them: when one ends, all end.

On Linux agents are forks of this process: their imports, which take longest when they start, are done once, and lie in memory once.
Elsewhere each is a process of its own from the beginning: system libraries there do not bear a fork.
"""

import gc
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess, SpawnProcess
from pathlib import Path

import structlog
from pydantic import SecretStr

from streams.fault import CHECK_FAILED
from streams.settings import PREFIX, Settings

log = structlog.get_logger("throughline")
WATCH_S = 0.1
FORKS = sys.platform == "linux"
STOPS = (signal.SIGTERM, signal.SIGINT)
Run = Callable[[Settings, str], int]  # runs the agent of a name, -> exit code; importable by its name


class Worker:
    """Raises nothing; `run` -> exit code: 0 after SIGTERM or SIGINT and a drain in time, 5 if an agent refuses to go on, else 1."""

    def __init__(self, settings: Settings, agents: Sequence[str], run_agent: Run) -> None:
        self._settings, self._agents, self._run_agent = settings, agents, run_agent
        self._stopping = False
        self.processes: dict[str, ForkProcess | SpawnProcess] = {}

    def start(self) -> None:
        """Before there are threads, which a fork would lose together with the locks that they hold."""
        if FORKS:
            import_module("streams.agents.run")
            gc.freeze()  # what collecting never touches stays in the pages that all share
        reader, self._held = multiprocessing.Pipe(duplex=False)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # an agent that inherits our handlers would not end by a signal
        for number in STOPS:
            signal.signal(number, self._stop)
        for name in self._agents:
            self.processes[name] = self._process(name, reader)
            self.processes[name].start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        reader.close()

    def _process(self, name: str, reader: Connection) -> ForkProcess | SpawnProcess:
        given = (self._run_agent, self._settings, name, reader, self._held)
        if FORKS:
            return multiprocessing.get_context("fork").Process(target=_become, name=name, args=given)
        return multiprocessing.get_context("spawn").Process(target=_become, name=name, args=given)

    def run(self) -> int:
        while not self._stopping and not self._ended():
            time.sleep(WATCH_S)
        ended = {name: self.processes[name].exitcode for name in self._ended()}
        for name, code in ended.items():
            log.error("an agent ended", agent=name, code=code)
        refused = CHECK_FAILED in ended.values()
        return self._finish(0 if self._stopping else CHECK_FAILED if refused else 1)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _ended(self) -> list[str]:
        return [name for name, process in self.processes.items() if process.exitcode is not None]

    def _finish(self, code: int) -> int:
        """SIGTERM to all; what has not drained in time is killed, and that is a failure."""
        deadline = time.monotonic() + self._settings.drain_s
        for process in self.processes.values():
            process.terminate()
        for name, process in self.processes.items():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                log.error("an agent did not drain in time", agent=name, drain_s=self._settings.drain_s)
                process.kill()
                process.join()
            if process.exitcode not in (0, -signal.SIGTERM):  # ended by SIGTERM itself: it had not begun yet
                code = code or 1
        return code


def _become(run_agent: Run, settings: Settings, name: str, reader: Connection, held: Connection) -> None:
    """The first and last thing that an agent's process does.  Its standard input ends when the worker does, however that ends."""
    held.close()
    os.dup2(reader.fileno(), 0)
    os.setsid()
    if FORKS:
        Path("/proc/self/comm").write_text(f"agent {name}")  # what top and ps call it: its command line is the worker's
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    sys.exit(run_agent(settings, name))


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a child has exactly these settings, whatever files and variables say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        if isinstance(secret := getattr(settings, name), SecretStr):  # as JSON it is asterisks
            value = secret.get_secret_value()
        elif isinstance(value, list | dict):
            value = json.dumps(value)
        kept[f"{PREFIX}{name}".upper()] = str(value)
    if settings.password:
        kept[f"{PREFIX}CLICKHOUSE_PASSWORD"] = settings.password
    return kept
