"""`throughline person show`: one person's story."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from clickhouse_driver import Client
from rich.console import Console
from rich.table import Table

from sinks.clickhouse.attributes import Attribute, attributes
from sinks.clickhouse.timeline import Moment, Proof, person_timeline, timeline
from streams.cli import erase, erased, export
from streams.cli.reach import reaching
from streams.cli.verbatim import verbatim, visible
from streams.cli.whom import HELP, METAVAR, stranger, whom
from streams.known import database
from streams.settings import load_settings

STYLES = {"broken": "bold red", "promise overdue": "red", "promise kept late": "yellow", "recovered": "green", "touchpoint": ""}
SHOWN = {  # what of a moment's detail is worth a line; the rest is in the JSON form
    "touchpoint": ("address", "channel", "origin", "direction", "team"),
    "promise made": ("due_at",),
    "promise kept late": ("margin_s",),
    "broken": ("severity", "state", "due_at"),
    "withdrawn": ("due_at",),
}
_WIDE = 200  # columns where no terminal says how wide it is

person_app = typer.Typer(no_args_is_help=True, help="What is known about one person.")


def register(app: typer.Typer) -> None:
    erase.register(person_app)
    erased.register(person_app)
    export.register(person_app)
    app.add_typer(person_app, name="person")


@person_app.callback()
def person() -> None:
    """What is known about one person."""


@person_app.command("show")
def show(
    identifier: Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with everything.")] = False,
) -> None:
    """What a person is, and every touchpoint, journey, promise and breakage in the order of event time, with the evidence."""
    settings = load_settings()
    with reaching(settings):
        client = database(settings)
        person_id = whom(client, settings, identifier).person_id
        moments, known = timeline(client, person_id), attributes(client, person_id)
        if as_json:
            typer.echo(json.dumps(_story(person_id, known, moments), default=_iso, ensure_ascii=False))
        elif moments:
            _print_attributes(known)
            _print(moments)
        if not moments:
            typer.echo(stranger(settings, identifier), err=True)
            raise typer.Exit(1)


def show_person(client: Client, identifier_type: str, value: str) -> None:
    """Prints the story of the person that an identifier belongs to."""
    _print(person_timeline(client, identifier_type, value))


def _print_attributes(known: list[Attribute]) -> None:
    for each in known:
        typer.echo(f"{visible(f'{each.name}: {each.value}')}  (since {_when(each.since)})")


def _print(moments: list[Moment]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for moment in moments:
        table.add_row(_when(moment.at), verbatim(_what(moment)), verbatim(_about(moment)), style=STYLES.get(moment.kind, "cyan"))
        for proof in moment.evidence if moment.kind == "broken" else ():
            what, where = f"  {proof.role}: {proof.action}", f"{_when(proof.occurred_at)} {_id(proof)}"
            table.add_row("", verbatim(what), verbatim(where), style="dim")
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _what(moment: Moment) -> str:
    return moment.name if moment.kind == "touchpoint" else f"{moment.kind} {moment.name}".strip()


def _about(moment: Moment) -> str:
    shown = ((name, moment.detail.get(name)) for name in SHOWN.get(moment.kind, ()))
    known = [moment.definition, moment.instance, *(_shown(name, value) for name, value in shown if value not in (None, "", "none"))]
    return "  ".join(filter(None, known))


def _shown(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return f"{name.removesuffix('_at')} {_when(value)}"
    return f"{value:+,.0f} s" if name == "margin_s" else str(value)


def _id(proof: Proof) -> str:
    return f"{proof.source}/{proof.event_id}"


def _when(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _story(person: str, known: list[Attribute], moments: list[Moment]) -> dict[str, Any]:
    told = [{**moment._asdict(), "evidence": [proof._asdict() for proof in moment.evidence]} for moment in moments]
    return {"person_id": person, "attributes": [each._asdict() for each in known], "moments": told}


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} has no JSON form")
