"""The `throughline` command.  Exit codes: 0 fine, 1 failed, 2 usage, 3 configuration, 4 a dependency is unreachable, 5 a check failed."""

import importlib
import sys
from collections.abc import Callable

import click
import typer

from streams.cli.errors import CheckFailed, Unreachable
from streams.settings import ConfigurationError

FAILED, USAGE, CONFIGURATION, UNREACHABLE, CHECK_FAILED = 1, 2, 3, 4, 5
PARTS = ("settings", "topics", "database", "journeys", "worker", "settle", "load", "simulate", "report", "person", "local", "demo")

app = typer.Typer(
    name="throughline", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    help="Customer journeys, stitched live from Kafka into ClickHouse, that say when one breaks.",
)  # fmt: skip


def _register() -> None:
    for name in PARTS:
        part = importlib.import_module(f"streams.cli.{name}")
        register: Callable[[typer.Typer], None] = part.register
        register(app)


def main() -> None:
    """Run the command; every expected failure is one sentence on stderr and its exit code."""
    _register()
    sys.exit(_run())


def _run() -> int:
    try:
        return app(standalone_mode=False) or 0
    except click.exceptions.Abort:
        return FAILED
    except click.ClickException as error:
        error.show()
        return USAGE
    except (ConfigurationError, Unreachable, CheckFailed) as error:
        print(f"throughline: {error}", file=sys.stderr)
        return {ConfigurationError: CONFIGURATION, Unreachable: UNREACHABLE, CheckFailed: CHECK_FAILED}[type(error)]


if __name__ == "__main__":
    main()
