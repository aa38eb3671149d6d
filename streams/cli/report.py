"""`throughline report`: what has landed, by definition."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sinks.clickhouse import read
from streams.cli.reach import reaching
from streams.known import database
from streams.settings import load_settings

STATES = ("open", "recovered", "withdrawn")


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Journeys by outcome, and breakages by rule and state."""
    settings = load_settings()
    with reaching(settings):
        found = read.report(database(settings))
    if as_json:
        typer.echo(json.dumps(found))
        return
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(journeys_table(found["journeys"]), "", breakages_table(found["breakages"]))


def journeys_table(journeys: dict[str, dict[str, int]]) -> Table:
    table = Table("definition", "outcome", title="Journeys", title_justify="left", box=None)
    table.add_column("journeys", justify="right")
    for definition, outcomes in sorted(journeys.items()):
        for outcome, number in sorted(outcomes.items()):
            table.add_row(definition, outcome, f"{number:,}")
    return table


def breakages_table(breakages: dict[str, dict[str, dict[str, int]]]) -> Table:
    table = Table("definition", "rule", title="Breakages", title_justify="left", box=None)
    for state in STATES:
        table.add_column(state, justify="right")
    for definition, rules in sorted(breakages.items()):
        for rule, states in sorted(rules.items()):
            table.add_row(definition, rule, *(f"{states.get(state, 0):,}" for state in STATES))
    return table
