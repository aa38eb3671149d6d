"""`throughline topics plan | apply`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams import topics
from streams.cli.reach import reaching
from streams.settings import load_settings
from streams.topics import Planned

topics_app = typer.Typer(no_args_is_help=True, help="Topics as streams/topology.py says.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    app.add_typer(topics_app, name="topics")


@topics_app.command()
def plan(as_json: AsJson = False) -> None:
    """Show what is missing and what differs; change nothing."""
    settings = load_settings()
    with reaching(settings):
        _show(topics.plan(settings), "to create", as_json=as_json)


@topics_app.command()
def apply(as_json: AsJson = False) -> None:
    """Create what is missing, and shorten what is kept for longer than the setting `retention` allows.

    A topic that differs otherwise is shown and left as it is.
    """
    settings = load_settings()
    with reaching(settings):
        _show(topics.apply(settings), "created", as_json=as_json)


def _show(planned: list[Planned], missing: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(topic) for topic in planned], indent=1))
        return
    table = Table("topic", "partitions", "cleanup", "", box=None)
    for topic in planned:
        differs = "; ".join(f"{what} is {now}, the map says {wanted}" for what, now, wanted in topic.differences)
        said = (differs or "as it is to be") if topic.exists else missing
        table.add_row(topic.name, str(topic.partitions), topic.config["cleanup.policy"], said)
    Console().print(table)
