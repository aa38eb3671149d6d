"""`throughline identity link` and `unlink`: say on purpose that two identifiers are one person, or are not."""

import json
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer
from clickhouse_driver import Client

from sinks.clickhouse import graph
from streams.cli.errors import CheckFailed
from streams.cli.foresight import Foresight, of_link, of_unlink
from streams.cli.identity_graph import AsJson, Identifier, iso, landed, said
from streams.cli.reach import reaching
from streams.cli.whom import METAVAR, Whom
from streams.core.definition.problems import meant
from streams.core.identifiers import Identifiers
from streams.known import database, known_identifiers
from streams.settings import Settings, load_settings
from streams.sources import purpose

POLL_S = 0.2
Other = Annotated[str, typer.Argument(metavar=METAVAR, help="Another one.")]
Why = Annotated[str, typer.Option("--why", help="The reason; kept with your user name as attributes of the touchpoint.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Say so although it will not do what is asked for.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return once what follows has landed, with the receipt.")]
Timeout = Annotated[float, typer.Option("--timeout-s", help="With --wait: give up after so many seconds.")]
Foresee = Callable[[Client, Identifiers, Whom, Whom], Foresight]


def link(
    one: Identifier, other: Other, why: Why, anyway: Anyway = False, wait: Wait = False, timeout_s: Timeout = 120.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that two identifiers are one person, whatever was said before.  Exit code 5, with nothing said, if a guard forbids it."""
    _say("linked", of_link, one, other, why, anyway=anyway, wait_s=timeout_s if wait else 0.0, as_json=as_json)


def unlink(
    one: Identifier, other: Other, why: Why, anyway: Anyway = False, wait: Wait = False, timeout_s: Timeout = 120.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take a link of two identifiers back for good.  Exit code 5, with nothing said, if other pairs keep them one person."""
    _say("unlinked", of_unlink, one, other, why, anyway=anyway, wait_s=timeout_s if wait else 0.0, as_json=as_json)


def _say(
    word: purpose.Said, foresee: Foresee, one: str, other: str, why: str, *, anyway: bool, wait_s: float, as_json: bool
) -> None:  # fmt: skip
    if not why.strip():
        raise typer.BadParameter("--why: say the reason, for whoever reads the receipt")
    settings = load_settings()
    with reaching(settings):
        client, identifiers = database(settings), known_identifiers(settings)
        ends = [landed(client, settings, each) for each in (one, other)]
        pairs = [_as_written(identifiers, each) for each in ends]
        if ends[0].own_id == ends[1].own_id:
            raise typer.BadParameter(f"{one} and {other} are the same identifier")
        ahead = foresee(client, identifiers, *ends)
        if ahead.is_done and ahead.standing is not None:
            print(f"nothing to do: {said(ahead.standing)}", file=sys.stderr)
            _tell(ahead, "", [], as_json=as_json)
            return
        if ahead.doubt and not anyway:
            raise CheckFailed(f"{ahead.doubt}; nothing was said (--anyway does)")
        print(ahead.tells or ahead.doubt, file=sys.stderr)
        before = graph.pair_version(client, ahead.weaker.own_id, ahead.stronger.own_id)
        event_id = purpose.say(settings, word, pairs, why.strip())
        receipts = _wait(client, settings, ahead, before, event_id, word, wait_s) if wait_s else []
    _tell(ahead, event_id, receipts, as_json=as_json)


def _as_written(identifiers: Identifiers, whom: Whom) -> tuple[str, str]:
    """(type, value) from which intake makes this identifier."""
    kind, _, value = whom.identifier.partition(":")
    if kind not in identifiers.types or identifiers.types[kind].kind != "person":
        persons = [name for name, its in identifiers.types.items() if its.kind == "person"]
        raise typer.BadParameter(f"{whom.identifier}: `{kind}` is no identifier of a person{meant(kind, persons)}")
    for written in (whom.written, value):
        if written and identifiers.value(kind, written) == value:
            return kind, written
    remedy = (
        "it is kept hashed, so give the value itself" if identifiers.types[kind].kept == "hashed" else "give it as its source does"
    )
    raise typer.BadParameter(f"{whom.identifier}: intake would not make this identifier of it; {remedy}")


def _wait(
    client: Client, settings: Settings, ahead: Foresight, before: int, event_id: str, word: str, wait_s: float
) -> list[graph.Became]:  # fmt: skip
    """-> the receipts of what moved, none where nothing was to.  Raises CheckFailed."""
    until, pair = time.monotonic() + wait_s, (ahead.weaker.own_id, ahead.stronger.own_id)
    while time.monotonic() < until:
        if graph.pair_version(client, *pair) > before:
            receipts = graph.receipts_by(client, purpose.SOURCE, event_id)
            (standing,) = (each for each in graph.pairs(client, [pair[0]]) if (each.weaker_id, each.stronger_id) == pair)
            if standing.state != word:
                raise CheckFailed(f"it came otherwise: {said(standing)}")
            if receipts or not ahead.moves:
                return receipts
        time.sleep(POLL_S)
    raise CheckFailed(f"after {wait_s:g} s {event_id} has not landed in {settings.database}: is a worker running? It is on its way")


def _tell(ahead: Foresight, event_id: str, receipts: list[graph.Became], *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "source": purpose.SOURCE, "event_id": event_id, "weaker": ahead.weaker.identifier,
            "stronger": ahead.stronger.identifier, "path": [step._asdict() for step in ahead.path],
            "receipts": [each._asdict() for each in receipts],
        }  # fmt: skip
        typer.echo(json.dumps(told, default=iso, ensure_ascii=False))
        return
    if event_id:
        typer.echo(f"{purpose.SOURCE}/{event_id}")
    for each in receipts:
        moved = f"{each.identifiers} identifiers and {each.objects} objects"
        typer.echo(f"{each.kind}: {moved} of {each.left} belong to {each.joined}")
