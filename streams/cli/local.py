"""`throughline local`: the embedded broker and database, up and down."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.errors import Unreachable
from streams.settings import ConfigurationError, Settings, load_settings

if TYPE_CHECKING:
    from deploy.local.stack import ServiceStatus, Stack

LOOPBACK = ("127.0.0.1", "localhost")
FOLLOW_S = 0.2
local_app = typer.Typer(help="The embedded broker and database, on this machine.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


def register(app: typer.Typer) -> None:
    app.add_typer(local_app, name="local")


@local_app.command()
def up(as_json: AsJson = False) -> None:
    """Start broker and database; returns once both serve, and leaves them running."""
    with _stack() as stack:
        print("starting broker and database", file=sys.stderr)
        _show(stack.up(), as_json=as_json)


@local_app.command()
def down() -> None:
    """Stop broker and database; their data stays."""
    with _stack() as stack:
        stopped = stack.down()
    print(f"stopped {' and '.join(stopped)}" if stopped else "nothing was running", file=sys.stderr)


@local_app.command()
def status(as_json: AsJson = False) -> None:
    """What runs, on which ports; exit code 4 unless all of it serves."""
    with _stack() as stack:
        services = stack.status()
    _show(services, as_json=as_json)
    if idle := [service for service in services if not service.ready]:
        why = "; ".join(f"{s.name}: {s.problem or ('starting' if s.running else 'not running')}" for s in idle)
        raise Unreachable(f"{why}: start it with `throughline local up`, or look into `throughline local logs`")


@local_app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="broker or clickhouse; both when left out.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
) -> None:
    """The last lines of the logs."""
    with _stack() as stack:
        files = stack.logs()
    if service is not None and service not in files:
        raise typer.BadParameter(f"{service!r} is none of {', '.join(files)}", param_hint="SERVICE")
    chosen = {name: file for name, file in files.items() if service in (None, name)}
    for name, file in chosen.items():
        for line in _last_lines(file, lines):
            print(f"{name} | {line}")
    if follow:
        with suppress(KeyboardInterrupt):
            _follow(chosen)


@contextmanager
def _stack() -> Iterator[Stack]:
    settings = load_settings()
    _require_local(settings)
    try:
        from deploy.local.stack import LocalStackError, Stack, StackConfig
    except ImportError as error:
        raise Unreachable(f"the embedded stack lacks {error.name}: install it with `pip install 'throughline[local]'`") from None
    password = settings.clickhouse_password
    config = StackConfig(
        data_dir=settings.data_dir,
        broker_port=settings.local_broker_port,
        controller_port=settings.local_controller_port,
        clickhouse_port=settings.clickhouse_port,
        clickhouse_http_port=settings.clickhouse_http_port,
        clickhouse_user=settings.clickhouse_user,
        clickhouse_password=password.get_secret_value() if password else None,
    )
    try:
        yield Stack(config)
    except LocalStackError as error:
        raise Unreachable(str(error)) from error


def _require_local(settings: Settings) -> None:
    """The embedded stack listens on the loopback alone, on fixed ports, where the workers' settings must find it."""
    if settings.clickhouse_host not in LOOPBACK:
        raise ConfigurationError(f"clickhouse_host is {settings.clickhouse_host}: the embedded database needs it to be 127.0.0.1")
    port = settings.local_broker_port
    if settings.kafka_bootstrap not in {f"{host}:{port}" for host in LOOPBACK}:
        raise ConfigurationError(
            f"kafka_bootstrap is {settings.kafka_bootstrap}: the embedded broker needs it to be 127.0.0.1:{port}"
        )
    for key in ("local_broker_port", "local_controller_port", "clickhouse_port", "clickhouse_http_port"):
        if getattr(settings, key) == 0:
            raise ConfigurationError(f"{key} is 0: the embedded stack needs a fixed port")


def _show(services: list[ServiceStatus], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({service.name: service.as_dict() for service in services}, indent=2))
        return
    table = Table("service", "state", "process", "ports", "up", "memory", box=None, pad_edge=False)
    for s in services:
        state = "ready" if s.ready else "not ready" if s.running else "not running"
        ports = "\n".join(f"{setting} {port}" for setting, port in s.ports.items())
        uptime = "" if s.uptime_s is None else f"{s.uptime_s:.0f} s"
        memory = "" if s.resident_bytes is None else f"{s.resident_bytes / 1e6:.0f} MB"
        table.add_row(s.name, state, str(s.pid or ""), ports, uptime, memory)
    Console().print(table)


def _last_lines(file: Path, count: int) -> Iterator[str]:
    if file.is_file():
        with open(file, errors="replace") as text:
            yield from (line.rstrip("\n") for line in deque(text, maxlen=count))


def _follow(files: dict[str, Path]) -> None:
    with ExitStack() as opened:
        tails = {name: opened.enter_context(open(file, errors="replace")) for name, file in files.items() if file.is_file()}
        for tail in tails.values():
            tail.seek(0, 2)
        while True:  # until Ctrl-C
            for name, tail in tails.items():
                for line in tail:
                    print(f"{name} | {line}", end="", flush=True)
            time.sleep(FOLLOW_S)
