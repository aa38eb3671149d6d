"""The `throughline` command.

Exit codes: 0 fine, 1 failed, 2 usage, 3 configuration, 4 a dependency is unreachable, 5 a check did not hold.
"""

import importlib
import sys
from collections.abc import Callable

import typer

from streams.cli.errors import ended

PARTS = {  # command -> the module that registers it
    "local": "local", "topics": "topics", "migrate": "database", "journeys": "journeys", "worker": "worker", "agent": "worker",
    "load": "load", "settle": "settle", "simulate": "simulate", "report": "report", "person": "person", "demo": "demo",
    "settings": "settings", "minutes": "minutes", "profile": "profile", "mapping": "skeletons",
    "verify": "verify", "identity": "identity", "rebuild": "rebuild", "dead-letters": "dead_letters", "reconcile": "reconcile",
}  # fmt: skip

app = typer.Typer(
    name="throughline", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)  # fmt: skip


def _register(command: str | None) -> None:
    """Only what is asked for: importing everything would cost every command a second."""
    wanted = [PARTS[command]] if command in PARTS else dict.fromkeys(PARTS.values())
    for name in wanted:
        part = importlib.import_module(f"streams.cli.{name}")
        register: Callable[[typer.Typer], None] = part.register
        register(app)


def main() -> None:
    """Run the command; every expected failure is one sentence on stderr and its exit code."""
    _register(sys.argv[1] if len(sys.argv) > 1 else None)
    sys.exit(ended(app))  # typer ends by SystemExit: 0, 2 for wrong usage, 1 when aborted


@app.callback()
def throughline() -> None:
    """Customer journeys, stitched live from Kafka into ClickHouse, that say when one breaks."""


if __name__ == "__main__":
    main()
