"""`throughline demo`, which is what `make demo` runs."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from clickhouse_driver import Client
from rich.console import Console

from streams.cli.errors import Unreachable
from streams.cli.reach import reaching
from streams.settings import Settings, load_settings

INCIDENTS_WITHIN_S = 180.0
ONCE_S = 20  # how long live traffic flows before a demo with --once looks at it
POLL_S = 0.2


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the first look, instead of staying until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Broker, database and workers on this machine, real input and live traffic, and what came out of it."""
    try:
        from streams.demo.session import running
    except ImportError as error:
        raise Unreachable(
            f"the demo needs the embedded stack: pip install 'throughline[local]' ({error.name} is missing)"
        ) from None
    started = time.monotonic()
    settings = load_settings(namespace="demo", clock="live")
    with _own_foreground(), _ends_by_signal(), reaching(settings), running(settings) as there:
        _look(there, started, as_json=as_json)
        if not once:
            print("\nEverything stays up, with live traffic flowing. Ctrl-C stops it.", file=sys.stderr)
            signal.pause()


def _look(settings: Settings, started: float, *, as_json: bool) -> None:
    from sinks.clickhouse import read
    from streams.demo import show
    from streams.known import database

    client = database(settings)
    first_s = _first_journey_s(client, started)
    if not as_json:
        print(f"the first journey is queryable after {first_s:g} s", file=sys.stderr)
    rate = _all_incidents(client)
    print(f"looking at live traffic for {ONCE_S} s", file=sys.stderr)
    time.sleep(ONCE_S)
    counts, found, latency = read.counts(client), read.report(client), read.latency(client, ONCE_S)
    if as_json:
        typer.echo(json.dumps(show.as_json(counts, found, latency, rate, first_s), indent=1))
        return
    _show(settings, client, counts, found)


def _show(settings: Settings, client: Client, counts: dict[str, int], found: Any) -> None:
    from streams.cli.person import show_person
    from streams.demo import show

    console = Console()
    console.print(show.counts_table(counts), "", show.breakages_table(found["breakages"]), "")
    somebody = show.story_of(client)
    if somebody:
        console.print("[bold]One person's story[/bold], with the touchpoints that prove it\n")
        show_person(client, *somebody)
        console.print()
    show.show_questions(console, client)
    show.show_connections(console, settings)


def _first_journey_s(client: Client, started: float) -> float:
    _until(client, lambda count: count > 0)
    return round(time.monotonic() - started, 1)


def _all_incidents(client: Client) -> float:
    """Wait for the whole sample.  -> touchpoints a second while it landed."""
    from deploy.local.sample import TRUTH

    incidents = json.loads(TRUTH.read_text(encoding="utf-8"))["incidents"]
    _until(client, lambda count: count >= incidents, "WHERE definition = 'service_case' AND backfilled")
    ((count, took_ms),) = client.execute(
        "SELECT count(), toUnixTimestamp64Milli(max(landed_at)) - toUnixTimestamp64Milli(min(received_at)) "
        "FROM v_touchpoints WHERE load = 'demo'"
    )
    return float(round(1_000 * count / max(1, took_ms), 1))


def _until(client: Client, reached: Any, where: str = "") -> None:
    deadline = time.monotonic() + INCIDENTS_WITHIN_S
    while not reached(client.execute(f"SELECT count() FROM v_journeys {where}")[0][0]):
        if time.monotonic() > deadline:
            raise Unreachable(f"nothing has landed within {INCIDENTS_WITHIN_S:g} s: look into .throughline/demo/worker.log")
        time.sleep(POLL_S)


@contextmanager
def _ends_by_signal() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the demo in order, with exit code 0."""

    def end(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C must not cut the stopping short
            signal.signal(number, signal.SIG_IGN)
        raise _Ended

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        yield
    except _Ended:
        print("stopping", file=sys.stderr)


class _Ended(BaseException):
    """Somebody asked us to end."""


@contextmanager
def _own_foreground() -> Iterator[None]:
    """Take the terminal's foreground, so that Ctrl-C reaches us alone: `make` would turn it into an error of its own."""
    if not (sys.stdin.isatty() and os.getpgrp() != os.getpid()):
        yield
        return
    former = os.tcgetpgrp(0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(0, former)
