"""`throughline person export`: everything known about a person, for the person."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from sinks.clickhouse.everything import everything
from streams.cli.erase import normalised
from streams.cli.reach import reaching
from streams.core.mentioned import mentioned
from streams.known import database, known_identifiers
from streams.settings import load_settings


def register(person: typer.Typer) -> None:
    person.command("export")(export)


def export(
    identifier: Annotated[str, typer.Argument(metavar="TYPE:VALUE", help="Any identifier of the person, as customer:4711.")],
) -> None:
    """Write one JSON object with everything that is known about a person, rejected records too."""
    settings = load_settings()
    with reaching(settings):
        kind, value = normalised(settings, identifier)
        identifiers, client = known_identifiers(settings), database(settings)
        try:
            found = everything(client, kind, value, lambda key, its, keys: mentioned(key, its, identifiers, set(keys).__contains__))
        finally:
            client.disconnect()
    typer.echo(json.dumps(found, default=_iso, ensure_ascii=False, indent=2))
    if not (found["touchpoints"] or found["identifiers"] or found["rejected"]):
        typer.echo(f"nothing is known about {kind} of this value", err=True)
        raise typer.Exit(1)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} has no JSON form")
