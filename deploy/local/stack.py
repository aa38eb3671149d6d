"""Broker and database as one thing that goes up and down."""

import fcntl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.errors import LocalStackError, writing
from deploy.local.password import stack_password
from deploy.local.service import Service

__all__ = ["LocalStackError", "ServiceStatus", "Stack", "StackConfig", "stack_password"]


@dataclass(frozen=True)
class StackConfig:
    """Where the stack keeps its data and listens.  Without a password it makes one of its own (`stack_password`).

    `jars_dir`: where the broker's jars are kept (default: `data_dir`/jars), so that several stacks share them.
    `tethered`: the stack ends when the process that brought it up does; otherwise it stays until `down`.
    """

    data_dir: Path = Path(".throughline")
    jars_dir: Path | None = None
    broker_port: int = 19092
    controller_port: int = 19093
    clickhouse_port: int = 19000
    clickhouse_http_port: int = 18123
    clickhouse_user: str = "throughline"
    clickhouse_password: str | None = None
    tethered: bool = False


@dataclass(frozen=True)
class ServiceStatus:
    """One service: `running` as a process, `ready` for clients; `problem` says why it is not, if that is known."""

    name: str
    running: bool
    ready: bool
    pid: int | None
    ports: dict[str, int]
    uptime_s: float | None
    resident_bytes: int | None
    log: str
    problem: str | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Stack:
    """Every method raises LocalStackError, with one sentence that says what to do, and then leaves nothing half-started."""

    def __init__(self, config: StackConfig) -> None:
        self._data_dir = config.data_dir
        self.broker = Broker(
            config.data_dir, config.broker_port, config.controller_port, jars_dir=config.jars_dir, tethered=config.tethered
        )  # fmt: skip
        self.database = Database(
            config.data_dir, config.clickhouse_port, config.clickhouse_http_port,
            user=config.clickhouse_user, password=config.clickhouse_password, tethered=config.tethered,
        )  # fmt: skip
        self._services: tuple[Service, ...] = (self.broker, self.database)

    def up(self) -> list[ServiceStatus]:
        """Start what does not run yet; returns once all of it serves."""
        with self._alone():
            started = [service for service in self._services if not _runs_as_asked(service)]
            for service in started:
                service.check()
            try:
                for service in started:
                    service.make_home()
                    service.prepare()
                for service in started:
                    service.launch()
                for service in self._services:
                    service.await_ready()
            except BaseException:
                _stop(started)
                raise
            return self.status()

    def down(self) -> list[str]:
        """Stop what runs; returns the names of what was stopped."""
        with self._alone():
            running = [service for service in self._services if service.daemon.pid() is not None]
            _stop(running)
            return [service.daemon.name for service in running]

    def status(self) -> list[ServiceStatus]:
        return [_status(service) for service in self._services]

    def logs(self) -> dict[str, Path]:
        """The log file of each service."""
        return {service.daemon.name: service.daemon.log for service in self._services}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` at a time on one data directory."""
        with writing(self._data_dir), ExitStack() as held:
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = held.enter_context(open(self._data_dir / "stack.lock", "w", encoding="ascii"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalStackError(f"another command is taking the stack in {self._data_dir} up or down: wait for it") from None
            yield


def _stop(services: list[Service]) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda service: service.stop(), services))


def _runs_as_asked(service: Service) -> bool:
    daemon = service.daemon
    if (pid := daemon.pid()) is None:
        return False
    if daemon.ports() != service.ports:
        raise LocalStackError(
            f"the {daemon.name} runs on other ports already ({_list(daemon.ports())}; process {pid}): "
            f"take it down first (`throughline local down`), or ask for the same ports"
        )
    return True


def _status(service: Service) -> ServiceStatus:
    daemon = service.daemon
    pid, problem, ready = daemon.pid(), None, False
    try:
        ready = _runs_as_asked(service) and service.serves()
    except LocalStackError as error:
        problem = str(error)
    try:
        process = psutil.Process(pid or -1)
        uptime_s, resident_bytes = round(time.time() - process.create_time(), 1), process.memory_info().rss
    except (psutil.Error, ValueError):
        return ServiceStatus(daemon.name, False, False, None, service.ports, None, None, str(daemon.log))
    return ServiceStatus(daemon.name, True, ready, pid, daemon.ports(), uptime_s, resident_bytes, str(daemon.log), problem)


def _list(ports: dict[str, int]) -> str:
    return ", ".join(f"{name} {port}" for name, port in ports.items())
