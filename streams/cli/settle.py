"""`throughline settle --as-of TIME [--final]`."""

import sys
import time
from typing import Annotated

import typer

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.core.instant import iso_ms
from streams.settings import ConfigurationError, load_settings


def register(app: typer.Typer) -> None:
    app.command("settle")(settle)


def settle(
    as_of: Annotated[str, typer.Option(help="ISO 8601; without a zone it is UTC.")],
    final: Annotated[bool, typer.Option("--final", help="Close the books: `within: journey` is judged.")] = False,
    timeout_s: Annotated[float, typer.Option(help="Give up after so many seconds.")] = 600.0,
) -> None:
    """Say how far event time is (only where the clock is held), and return once all that follows has landed."""
    from streams.settling import NotSettled, await_landed, say_as_of

    settings = load_settings()
    if settings.clock != "held":
        raise ConfigurationError("clock: `settle` is for a held clock; a live one follows the touchpoints")
    as_of_ms = epoch_ms(as_of)
    started = time.monotonic()
    with reaching(settings):
        say_as_of(settings, as_of_ms, final=final)
        try:
            await_landed(settings, as_of_ms, final=final, timeout_s=timeout_s, tell=_tell)
        except NotSettled as error:
            raise CheckFailed(str(error)) from None
    print(f"settled as of {as_of} in {time.monotonic() - started:.1f} s", file=sys.stderr)


def epoch_ms(text: str) -> int:
    try:
        return iso_ms(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time in ISO 8601, for instance 2018-10-17T17:30:18") from None


def _tell(behind: list[str]) -> None:
    if sys.stderr.isatty():
        print(f"\r{len(behind)} clocks behind ", end="", file=sys.stderr, flush=True)
