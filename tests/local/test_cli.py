"""`throughline local` as a user runs it: output, exit codes, sentences."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.local.stacks import config_on_free_ports, with_jars

PORTS = ("LOCAL_BROKER_PORT", "LOCAL_CONTROLLER_PORT", "CLICKHOUSE_PORT", "CLICKHOUSE_HTTP_PORT")


class Cli:
    """The command with settings of its own, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = config_on_free_ports(with_jars(directory / ".throughline"))
        self.ports = (
            self.config.broker_port, self.config.controller_port, self.config.clickhouse_port, self.config.clickhouse_http_port,
        )  # fmt: skip
        self.settings = {name: str(port) for name, port in zip(PORTS, self.ports, strict=True)}
        self.settings["KAFKA_BOOTSTRAP"] = f"127.0.0.1:{self.ports[0]}"

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        own = {f"THROUGHLINE_{name}": value for name, value in {**self.settings, **settings}.items()}
        others = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHLINE_")}
        environment = {**others, **own, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "120"}
        command = [sys.executable, "-m", "streams.cli.main", "local", *arguments]
        return subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    one = Cli(tmp_path)
    yield one
    stack = Stack(one.config)
    for service in (stack.broker, stack.database):
        service.kill()


def test_up_status_logs_and_down(cli: Cli) -> None:
    assert cli("status").returncode == 4
    up = cli("up", "--json")
    assert (up.returncode, up.stderr) == (0, "starting broker and database\n")
    services = json.loads(up.stdout)
    assert {name: service["ready"] for name, service in services.items()} == {"broker": True, "clickhouse": True}

    status = cli("status")
    assert status.returncode == 0
    assert status.stdout.count("ready") == 2
    assert str(cli.ports[0]) in status.stdout

    logs = cli("logs", "broker", "--lines", "3").stdout.splitlines()
    assert len(logs) == 3
    assert all(line.startswith("broker | ") for line in logs)

    down = cli("down")
    assert (down.returncode, down.stdout) == (0, "")
    assert cli("down").stderr == "nothing was running\n"


def test_a_port_in_use_is_one_sentence_and_exit_4(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", cli.ports[2])):
        up = cli("up")
    assert up.returncode == 4
    assert f"port {cli.ports[2]} (clickhouse_port) is already in use" in up.stderr
    assert len(up.stderr.splitlines()) == 2
    assert up.stdout == ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CLICKHOUSE_HOST": "db.example"}, "clickhouse_host is db.example"),
        ({"KAFKA_BOOTSTRAP": "kafka.example:9092"}, "kafka_bootstrap is kafka.example:9092"),
        ({"CLICKHOUSE_HTTP_PORT": "0"}, "clickhouse_http_port is 0"),
    ],
)
def test_settings_that_point_elsewhere_are_exit_3(cli: Cli, settings: dict[str, str], said: str) -> None:
    up = cli("up", **settings)
    assert up.returncode == 3
    assert said in up.stderr


def test_an_unknown_service_is_wrong_usage(cli: Cli) -> None:
    logs = cli("logs", "zookeeper")
    assert logs.returncode == 2
    assert "none of broker, clickhouse" in logs.stderr


def test_status_creates_nothing(cli: Cli) -> None:
    before = sorted(cli.directory.rglob("*"))
    cli("status")
    assert sorted(cli.directory.rglob("*")) == before
