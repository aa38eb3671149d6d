"""The embedded ClickHouse as a process of its own, on free ports, with both clients."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import clickhouse_connect
import psutil
import pytest
from clickhouse_connect.driver.client import Client as HttpClient
from clickhouse_driver import Client

from deploy.local.ports import free_ports

USER, PASSWORD = "tester", "it's \\secret/ø"
_PATIENCE_S = 30


class ClickHouse:
    """A server over `data_dir`; the ports stay the same from one start to the next."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.tcp, self.http = free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process:
            self.kill()

    def command(self, *more: str) -> list[str]:
        ports = ["--tcp", str(self.tcp), "--http", str(self.http)]
        return [sys.executable, "-m", "deploy.local.clickhouse", str(self.data_dir), *ports, *more]

    def start(self, largest_file_bytes: int = resource.RLIM_INFINITY) -> Self:
        """Returns when it serves. A limit makes larger files fail as a full disk would."""

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))

        self._process = subprocess.Popen(self.command(), env=environment(), stdout=subprocess.PIPE, preexec_fn=limit)
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        assert self._process
        code = self._process.wait(_PATIENCE_S)
        self._process = None
        return code

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    @property
    def process(self) -> psutil.Process:
        assert self._process
        return psutil.Process(self._process.pid)

    def native(self, **options: Any) -> Client:
        return Client("127.0.0.1", self.tcp, **{"user": USER, "password": PASSWORD, **options})

    def connect(self, **options: Any) -> HttpClient:
        login = {"host": "127.0.0.1", "port": self.http, "username": USER, "password": PASSWORD}
        return clickhouse_connect.get_client(**{**login, **options})


def environment(**changes: str) -> dict[str, str]:
    """The login in the environment, as the server wants it."""
    return {
        **os.environ,
        "THROUGHLINE_CLICKHOUSE_USER": USER,
        "THROUGHLINE_CLICKHOUSE_PASSWORD": PASSWORD,
        **changes,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with ClickHouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running
        assert running.stop() == 0, "a server that was used ends in order"


@pytest.fixture
def client(server: ClickHouse) -> Iterator[Client]:
    """A native client in an empty database of its own."""
    with server.native() as client:
        client.execute("DROP DATABASE IF EXISTS test SYNC")
        client.execute("CREATE DATABASE test")
        client.execute("USE test")
        yield client


def running(client: Client, query_id: str) -> int:
    """How many statements with this id run now."""
    count: int = client.execute("SELECT count() FROM system.processes WHERE query_id = %(id)s", {"id": query_id})[0][0]
    return count
