"""`throughline simulate`: made-up live traffic whose breakages are known."""

import json
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.live import Live

from streams.cli.reach import reaching
from streams.core.definition.values import duration_ms
from streams.settings import ConfigurationError, load_settings
from streams.simulate import DEFINITIONS
from streams.topology import TOUCHPOINTS

_messages = Console(stderr=True)


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate_command)


def simulate_command(
    seed: Annotated[int, typer.Option(help="The same seed gives the same stories.")] = 1,
    rate: Annotated[float, typer.Option(min=0.1, max=5_000, help="Touchpoints per second, about.")] = 50.0,
    customers: Annotated[int, typer.Option(min=1, help="How many people there are.")] = 1_000,
    span: Annotated[
        str | None, typer.Option("--for", help="How long stories begin, as 90s or 5m; without it until Ctrl-C.")
    ] = None,
    number: Annotated[int | None, typer.Option("--count", min=1, help="Touchpoints to send, about, instead of --for.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Gets one JSON object for each breakage that is to be found.")] = None,
    only_definitions: Annotated[bool, typer.Option("--definitions", help="Print where the journeys that it is about lie.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Send orders, service cases and visits as they happen; every story that begins is told to its end, minutes later."""
    if only_definitions:
        typer.echo(DEFINITIONS)
        return
    if span is not None and number is not None:
        raise typer.BadParameter("--for and --count exclude each other")
    span_s = number / rate if number is not None else _seconds(span)
    settings = load_settings()
    from streams.simulate.live import Summary, simulate
    from streams.simulate.traffic import Traffic
    from streams.sources.produce import find_topic

    with _opened(truth) as lines, reaching(settings), Live(console=_messages) as shown:

        def tell(seen: Summary) -> None:
            shown.update(f"{seen.sent:,} touchpoints sent, {seen.expected.total():,} breakages to be found")

        target = find_topic(settings, TOUCHPOINTS)
        traffic = Traffic(seed, customers, time.time_ns() // 1_000_000, span_s, rate)
        summary = simulate(traffic, target, lines, tell)
    typer.echo(json.dumps(summary.as_json()) if as_json else f"{summary.sent:,} touchpoints sent in {summary.seconds:.1f} s")


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else duration_ms(text) / 1_000
    except ValueError as error:
        raise typer.BadParameter(f"--for {text}: {error}") from None


def _opened(truth: Path | None) -> AbstractContextManager[IO[str] | None]:
    try:
        return nullcontext() if truth is None else truth.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--truth {truth} cannot be written: {error.strerror}") from None
