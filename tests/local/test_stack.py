"""Broker and database go up and down as one, and a failure of either leaves nothing running."""

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from clickhouse_driver import Client

from deploy.local.errors import LocalStackError
from deploy.local.ports import is_free
from deploy.local.stack import Stack, StackConfig
from tests.local.clients import create, read, send
from tests.local.stacks import config_on_free_ports, with_jars


@pytest.fixture
def config(tmp_path: Path) -> StackConfig:
    return config_on_free_ports(with_jars(tmp_path / "stack"))


@pytest.fixture
def stack(config: StackConfig) -> Iterator[Stack]:
    one = Stack(config)
    yield one
    for service in (one.broker, one.database):
        service.kill()


def select(stack: Stack, query: str) -> list[tuple[object, ...]]:
    database = stack.database
    with Client(database.host, database.port, user=database.user, password=database.password) as client:
        rows: list[tuple[object, ...]] = client.execute(query)
        return rows


def running(stack: Stack) -> list[str]:
    return [service.daemon.name for service in (stack.broker, stack.database) if service.daemon.pid() is not None]


def test_up_serves_and_down_keeps_the_data(stack: Stack, config: StackConfig) -> None:
    first = stack.up()
    assert [(s.name, s.running, s.ready) for s in first] == [("broker", True, True), ("clickhouse", True, True)]
    create(stack.broker, "kept")
    send(stack.broker, "kept", [b"1"])
    select(stack, "CREATE DATABASE kept ENGINE = Atomic")
    select(stack, "CREATE TABLE kept.t (a Int64) ENGINE = MergeTree ORDER BY a")
    select(stack, "INSERT INTO kept.t SELECT 42")

    again = Stack(config)  # as another command would
    assert [s.pid for s in again.up()] == [s.pid for s in first]

    assert sorted(again.down()) == ["broker", "clickhouse"]
    assert running(stack) == []
    assert [(s.running, s.ready, s.pid) for s in stack.status()] == [(False, False, None)] * 2
    assert all(is_free(port) for service in (stack.broker, stack.database) for port in service.ports.values())
    assert again.down() == []

    stack.up()
    assert read(stack.broker, "kept") == [b"1"]
    assert select(stack, "SELECT a FROM kept.t") == [(42,)]


@pytest.mark.parametrize("taken", ["local_broker_port", "local_controller_port", "clickhouse_port", "clickhouse_http_port"])
def test_a_port_in_use_starts_nothing(stack: Stack, taken: str) -> None:
    port = {**stack.broker.ports, **stack.database.ports}[taken]
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(LocalStackError, match=rf"port {port} \({taken}\) is already in use by .*{os.getpid()}"),
    ):
        stack.up()
    assert running(stack) == []


def test_a_database_that_does_not_start_takes_the_broker_down_with_it(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        marker = str(stack.database.home / "data")
        stack.database.daemon.launch(["sh", "-c", "echo the disk is on fire; exit 1", marker], os.environ, {})

    monkeypatch.setattr(stack.database, "launch", fails)
    with pytest.raises(LocalStackError, match=r"clickhouse ended while it started \(the disk is on fire\)"):
        stack.up()
    assert running(stack) == []


def test_an_interruption_takes_down_what_was_started(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        assert running(stack) == ["broker", "clickhouse"]
        raise KeyboardInterrupt

    monkeypatch.setattr(stack.broker, "await_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stack.up()
    assert running(stack) == []


def test_only_one_command_at_a_time_works_on_a_stack(stack: Stack, config: StackConfig) -> None:
    with open(config.data_dir / "stack.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LocalStackError, match=r"another command is taking the stack in .* up or down: wait for it"):
            stack.down()
    assert stack.down() == []


def test_what_runs_on_other_ports_is_not_taken_for_what_was_asked(config: StackConfig, stack: Stack) -> None:
    stack.broker.start()
    other = Stack(config_on_free_ports(config.data_dir))
    with pytest.raises(LocalStackError, match=rf"broker runs on other ports already \(local_broker_port {config.broker_port}, "):
        other.up()
    broker, _ = other.status()
    assert (broker.running, broker.ready) == (True, False)
    assert broker.problem is not None
    assert running(stack) == ["broker"]


def test_a_directory_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalStackError, match=r"file cannot be written .*: choose another data_dir"):
        Stack(config_on_free_ports(tmp_path / "file")).up()


def test_a_full_disk_starts_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(LocalStackError, match="no space left for"):
        stack.up()
    assert running(stack) == []


def test_the_password_is_not_on_a_command_line(stack: Stack) -> None:
    stack.database.start()
    pid = stack.database.daemon.pid()
    assert pid is not None
    assert not [argument for argument in psutil.Process(pid).cmdline() if stack.database.password in argument]
