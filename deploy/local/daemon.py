"""One process of the stack: started in the background, found again through its pid file, stopped.

A process is ours when the pid file names it and its command line contains the `marker`, so a pid that was given to a
stranger, or a process that ended without being collected, is never mistaken for it.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local.errors import LocalStackError

POLL_S = 0.02
LOG_LIMIT_BYTES = 16 << 20
_PACKAGES = Path(__file__).resolve().parents[2]
_EXCEPTION = re.compile(r"[\w.$]+(Exception|Error)\b")
_ERROR = re.compile(r"\b(FATAL|ERROR)\b")


def python_environment() -> dict[str, str]:
    """An environment in which `python -m deploy.local…` works from any directory."""
    path = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def find(pid: int, marker: str) -> psutil.Process | None:
    """The process `pid`, if it is alive and ours."""
    try:
        process = psutil.Process(pid)
        return process if any(marker in argument for argument in process.cmdline()) else None
    except psutil.Error:
        return None


def has_ended(process: psutil.Process) -> bool:
    """Whether nothing is left that could hold a port or a lock, even if nobody has collected it yet."""
    try:
        if not process.is_running():
            return True
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.Error:
        return True


def end(process: psutil.Process, deadline_s: float) -> bool:
    """SIGTERM, and SIGKILL when `deadline_s` pass, at once if that is 0; returns once it has ended, with whether SIGTERM did it."""
    until = time.monotonic() + deadline_s
    graceful = deadline_s > 0
    with suppress(psutil.NoSuchProcess):
        if graceful:
            process.terminate()
        while not has_ended(process):
            if not graceful or time.monotonic() > until:
                graceful = False
                process.kill()
            time.sleep(POLL_S)
    return graceful


class Daemon:
    """`home` holds its log and pid file; with `tethered`, it ends when the process that launched it ends."""

    def __init__(self, name: str, home: Path, marker: str, *, tethered: bool) -> None:
        self.name = name
        self.log = home / f"{name}.log"
        self._pid_file = home / f"{name}.pid"
        self._marker = marker
        self._tethered = tethered
        self._child: subprocess.Popen[bytes] | None = None
        self._tether: subprocess.Popen[bytes] | None = None
        self._log_start_bytes = 0

    def pid(self) -> int | None:
        """Its process id while it runs, whoever launched it."""
        process = self._process()
        return process.pid if process else None

    def _process(self) -> psutil.Process | None:
        if self._child is not None:  # certainly ours, also in the first moment, when it has no command line yet
            return psutil.Process(self._child.pid) if self._child.poll() is None else None
        pid = self._noted().get("pid", 0)
        return find(pid, self._marker) if pid else None

    def ports(self) -> dict[str, int]:
        """The ports with which it was launched last."""
        return {name: port for name, port in self._noted().items() if name != "pid"}

    def _noted(self) -> dict[str, int]:
        try:
            noted: dict[str, int] = json.loads(self._pid_file.read_bytes())
        except (OSError, ValueError):
            return {}
        return noted

    def launch(self, command: Sequence[str | Path], environment: Mapping[str, str], ports: Mapping[str, int]) -> None:
        self._collect()  # what is left of an earlier launch that another command ended
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            os.replace(self.log, self.log.with_suffix(".log.1"))
        with open(self.log, "ab") as log:
            self._log_start_bytes = log.tell()
            # A session of its own: Ctrl-C in the terminal reaches the launcher, which then stops it in good order.
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        part = self._pid_file.with_suffix(".pid.part")
        part.write_text(json.dumps({"pid": self._child.pid, **ports}), encoding="utf-8")
        os.replace(part, self._pid_file)
        if self._tethered:
            self._tether = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.tether", str(self._child.pid), self._marker],
                stdin=subprocess.PIPE, env=python_environment(), start_new_session=True,
            )  # fmt: skip

    def await_ready(self, ready: Callable[[], bool], deadline_s: float) -> None:
        """Returns once `ready()`; raises LocalStackError if the process ends first or `deadline_s` pass."""
        until = time.monotonic() + deadline_s
        while not ready():
            if self.pid() is None:
                self._collect()
                raise LocalStackError(f"the {self.name} ended while it started ({self._last_words()}); its log is {self.log}")
            if time.monotonic() > until:
                self.kill()
                raise LocalStackError(f"the {self.name} was not ready within {deadline_s:.0f} s: look into its log, {self.log}")
            time.sleep(POLL_S)

    def stop(self, deadline_s: float) -> bool:
        """SIGTERM, and SIGKILL when `deadline_s` pass; whether it ended in good order (or did not run at all)."""
        process = self._process()
        graceful = end(process, deadline_s) if process else True
        self._collect()
        return graceful

    def kill(self) -> None:
        """SIGKILL, as a crash would end it."""
        if process := self._process():
            end(process, 0)
        self._collect()

    def _collect(self) -> None:
        if self._child is not None:
            self._child.wait()
            self._child = None
        if self._tether is not None:
            self._tether.communicate()  # closes the tether's end, upon which it sees that nothing is left to do
            self._tether = None
        self._pid_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        """The line of this run's log that most likely says why it ended."""
        with open(self.log, "rb") as log:
            log.seek(self._log_start_bytes)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        causes = [line for line in lines if line.startswith("Caused by: ")]
        exceptions = [line for line in lines if _EXCEPTION.match(line)]
        errors = [line for line in lines if _ERROR.search(line)]
        return (causes[-1:] or exceptions[:1] or errors[:1] or lines[-1:] or ["it said nothing"])[0].removeprefix("Caused by: ")
