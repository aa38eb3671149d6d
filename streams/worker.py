"""Start one process an agent and watch them: when one ends, all end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import structlog

from streams.settings import PREFIX, Settings

log = structlog.get_logger("throughline")
SECRETS = ("identity_secret", "erasure_secret")  # settings
WATCH_S = 0.1


class Worker:
    """Raises nothing; `run` -> exit code: 0 after SIGTERM or SIGINT and a drain in time, 1 otherwise."""

    def __init__(self, settings: Settings, agents: Sequence[str]) -> None:
        self._settings = settings
        self._agents = agents
        self._stopping = False
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for name in self._agents:
            self.processes[name] = self._start(name)
        while not self._stopping and not self._ended():
            time.sleep(WATCH_S)
        for name in self._ended():
            log.error("an agent ended", agent=name, code=self.processes[name].poll())
        return self._finish(0 if self._stopping else 1)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "streams.cli.main", "agent", name, "--tethered"]
        return subprocess.Popen(command, env=environment(self._settings), stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _ended(self) -> list[str]:
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def _finish(self, code: int) -> int:
        """SIGTERM to all; what has not drained in time is killed, and that is a failure."""
        deadline = time.monotonic() + self._settings.drain_s
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for name, process in self.processes.items():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("an agent did not drain in time", agent=name, drain_s=self._settings.drain_s)
                process.kill()
                process.wait()
            if process.returncode not in (0, -signal.SIGTERM):  # ended by SIGTERM itself: it had not begun yet
                code = code or 1
        return code


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a child has exactly these settings, whatever files and variables say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    values = settings.model_dump(mode="json", exclude_none=True, exclude={"clickhouse_password", *SECRETS})
    for name, value in values.items():
        if isinstance(value, list):
            value = json.dumps(value)
        kept[f"{PREFIX}{name}".upper()] = str(value)
    for name in SECRETS:  # as JSON they are asterisks
        secret = getattr(settings, name)
        if secret is not None:
            kept[f"{PREFIX}{name}".upper()] = secret.get_secret_value()
    if settings.password:
        kept[f"{PREFIX}CLICKHOUSE_PASSWORD"] = settings.password
    return kept
