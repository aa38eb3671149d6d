"""`throughline settings`: every setting with its value, default and meaning."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.settings import PREFIX, Settings, load_settings

_LONGEST = max(map(len, Settings.model_fields)) + len(PREFIX)  # of the names: half a name is none


def register(app: typer.Typer) -> None:
    app.command("settings")(show)


def show(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Every setting: its name in the environment, its value now, what it means.  Secrets are not shown."""
    settings = load_settings()
    values = settings.model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(values, indent=1))
        return
    table = Table(box=None)
    table.add_column("environment variable", no_wrap=True, overflow="fold", min_width=_LONGEST)
    table.add_column("value", overflow="fold")
    table.add_column("meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(f"{PREFIX}{name}".upper(), str(values[name]), field.description or "")
    Console(width=None if sys.stdout.isatty() else 160).print(table)
