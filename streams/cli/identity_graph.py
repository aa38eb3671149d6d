"""`throughline identity show` and `explain`: a person's identifiers, what stands between them, and why two are one person."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from clickhouse_driver import Client
from rich.console import Console
from rich.table import Table

from sinks.clickhouse import graph
from sinks.clickhouse.graph import Became, Between, Known
from streams.cli.chain import Chain, chain
from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.cli.verbatim import verbatim, visible
from streams.cli.whom import HELP, METAVAR, Whom, stranger, whom
from streams.known import database
from streams.settings import Settings, load_settings

_WIDE = 200  # columns where no terminal says how wide it is
Identifier = Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, with everything.")]


def show(identifier: Identifier, as_json: AsJson = False) -> None:
    """A person's identifiers, the pairs between them and with others, and the receipts of how it came to be."""
    settings = load_settings()
    with reaching(settings):
        client = database(settings)
        found = landed(client, settings, identifier)
        members = graph.members(client, found.person_id)
        persons = [each.own_id for each in members if each.kind != "object"]
        pairs, receipts = graph.pairs(client, persons), graph.receipts(client, persons)
    if as_json:
        typer.echo(_json(found.person_id, members, pairs, receipts))
    else:
        print(f"person {found.person_id}", file=sys.stderr)
        _print(_identifiers(members), _pairs("Pairs", pairs), _receipts(receipts))


def explain(
    one: Identifier, other: Annotated[str, typer.Argument(metavar=METAVAR, help="Another one.")], as_json: AsJson = False
) -> None:
    """Why two identifiers are one person: the pairs that lead from one to the other.  Exit code 5 if they are not one."""
    settings = load_settings()
    with reaching(settings):
        client = database(settings)
        found = chain(client, landed(client, settings, one), landed(client, settings, other))
    if as_json:
        typer.echo(json.dumps(_chained(found), default=iso, ensure_ascii=False))
    elif found.steps:
        _print(_pairs("", list(found.steps)))
    if not found.same:
        raise CheckFailed(f"{one} and {other} are not one person: {_why_not(found)}")
    if not found.steps:
        print(f"{one} and {other} are the same identifier", file=sys.stderr)


def landed(client: Client, settings: Settings, text: str) -> Whom:
    """Whoever is named, of whom something has landed; else says so and ends the command with exit code 1."""
    found = whom(client, settings, text)
    if not found.known:
        typer.echo(stranger(settings, text), err=True)
        raise typer.Exit(1)
    return found


def _why_not(found: Chain) -> str:
    broken = [step for step in found.steps if not step.holds]
    if not broken:
        return "no touchpoint leads from one to the other"
    return "; ".join(said(step) for step in broken)


def said(step: Between) -> str:
    """`a and b were unlinked by shop/e1 on 2025-01-01 10:00:00`."""
    about = visible(f"{step.weaker} and {step.stronger}")
    by = visible(f"{step.source}/{step.event_id} of {_when(step.occurred_at)}")
    if step.state == "refused":
        return f"the guard {step.guard} refuses the link of {about} by {by}"
    return f"{about} were {step.state} by {by}"


def _print(*tables: Table) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    for number, table in enumerate(each for each in tables if each.row_count):
        console.print(*([""] if number else []), table, sep="\n")


def _identifiers(members: list[Known]) -> Table:
    table = _table("Identifiers", "identifier", "kind", "since", "by")
    for each in members:
        by = f"{each.by_source}/{each.by_event}" if each.by_event else ""
        table.add_row(verbatim(each.identifier), each.kind, _when(each.linked_at), verbatim(by))
    return table


def _pairs(title: str, pairs: list[Between]) -> Table:
    table = _table(title, "weaker", "stronger", "state", "guard", "at", "by")
    for each in pairs:
        by = f"{each.source}/{each.event_id}" if each.event_id else ""
        row = each.weaker, each.stronger, each.state, each.guard, _when(each.occurred_at), by
        table.add_row(*map(verbatim, row), style="" if each.holds else "red")
    return table


def _receipts(receipts: list[Became]) -> Table:
    table = _table("Receipts", "decided", "", "person", "now", "identifiers", "objects", "why", "pair", "by")
    for each in receipts:
        moved = str(each.identifiers), str(each.objects)
        pair, by = f"{each.weaker} {each.stronger}", f"{each.source}/{each.event_id}" if each.event_id else ""
        row = _when(each.decided_at), each.kind, each.left, each.joined, *moved, each.why, pair, by
        table.add_row(*map(verbatim, row))
    return table


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False)


def _json(person_id: str, members: list[Known], pairs: list[Between], receipts: list[Became]) -> str:
    told = {
        "person_id": person_id, "identifiers": [each._asdict() for each in members], "pairs": [each._asdict() for each in pairs],
        "receipts": [each._asdict() for each in receipts],
    }  # fmt: skip
    return json.dumps(told, default=iso, ensure_ascii=False)


def _chained(found: Chain) -> dict[str, Any]:
    ends = [{"identifier": each.identifier, "person_id": each.person_id} for each in (found.one, found.other)]
    return {"same": found.same, "one": ends[0], "other": ends[1], "path": [step._asdict() for step in found.steps]}


def _when(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} has no JSON form")
