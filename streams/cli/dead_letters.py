"""`throughline dead-letters list | show | replay`: records that could not become touchpoints, and another try for them."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.cli.settle import epoch_ms
from streams.cli.verbatim import verbatim
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from sinks.clickhouse.dead_letters import Kind, Which
    from streams.deadletters.replay import Summary, Wish

letters_app = typer.Typer(no_args_is_help=True, help="Records that could not become touchpoints.")
Reason = Annotated[str, typer.Option(help="Only those of this reason.")]
Since = Annotated[str | None, typer.Option(help="Only those that the broker stored from then on (ISO 8601).")]
Load = Annotated[str, typer.Option(help="Only those of the history load of this name.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
_WIDE = 160  # columns where no terminal says how wide it is


def register(app: typer.Typer) -> None:
    app.add_typer(letters_app, name="dead-letters")


@letters_app.callback()
def dead_letters() -> None:
    """Records that could not become touchpoints."""


@letters_app.command("list")
def list_kinds(reason: Reason = "", since: Since = None, load: Load = "", as_json: AsJson = False) -> None:
    """How many there are, by reason, topic and load; how many stand open; the place of one of each."""
    from sinks.clickhouse.dead_letters import kinds
    from streams.known import database

    settings, which = load_settings(), _which(reason, since, None, load)
    with reaching(settings):
        found = kinds(database(settings), which)
    if as_json:
        typer.echo(json.dumps([_kind(each) for each in found]))
    elif found:
        Console(width=None if Console().is_terminal else _WIDE).print(_table(found))
    else:
        typer.echo("none", err=True)


@letters_app.command()
def show(
    place: Annotated[str, typer.Argument(metavar="TOPIC:PARTITION:OFFSET", help="Where it lies, as `list` says.")],
    as_json: AsJson = False,
) -> None:
    """One of them with all that it carries, which may be personal data: why it was rejected, and what to do."""
    from sinks.clickhouse.dead_letters import at
    from streams.deadletters.told import parsed_place, told
    from streams.known import database

    settings = load_settings()
    try:
        wanted = parsed_place(place)
    except ValueError:
        raise typer.BadParameter(f"{place}: expected TOPIC:PARTITION:OFFSET, as `throughline dead-letters list` says") from None
    with reaching(settings):
        found = [told(each) for each in at(database(settings), *wanted)]
    if not found:
        typer.echo(f"no rejected record of {place} has landed: `throughline dead-letters list` shows places", err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(found[0], ensure_ascii=False))
        return
    for name, value in found[0].items():
        typer.echo(f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")


@letters_app.command()
def replay(
    reason: Annotated[str, typer.Option(help="Of which reason.")],
    fixed_by: Annotated[
        str | None, typer.Option(metavar="MAPPING", help="A .sql file: one SELECT over `rejected`; without it, as they are.")
    ] = None,
    since: Since = None,
    until: Annotated[str | None, typer.Option(help="Only those that the broker stored before then (ISO 8601).")] = None,
    load: Load = "",
    as_load: Annotated[str, typer.Option(help="Send them as a history load of this name: never too late, nobody is alerted.")] = "",
    only_try: Annotated[bool, typer.Option("--dry-run", help="Only say what would be accepted.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Send those once more that would be accepted now; exit code 5 if some would not.  A second time sends nothing twice."""
    from streams.deadletters.replay import Wish
    from streams.sources.mapping import read_mapping

    mapping = None if fixed_by is None else read_mapping(fixed_by)
    settings, wish = load_settings(), Wish(_which(reason, since, until, load), mapping, as_load, only_try)
    with reaching(settings):
        summary = _replay(settings, wish)
    typer.echo(json.dumps(summary.as_json()) if as_json else _sentence(summary, dry=only_try))
    if left := sum(summary.still_rejected.values()):
        raise CheckFailed(f"{left:,} of {summary.open_before:,} would be rejected once more: look at one with `dead-letters show`")


def _replay(settings: Settings, wish: "Wish") -> "Summary":
    from streams.deadletters.replay import replay as again
    from streams.known import database
    from streams.sources.produce import find_topic
    from streams.topology import TOUCHPOINTS

    client = database(settings)
    try:
        return again(settings, client, find_topic(settings, TOUCHPOINTS), wish)
    finally:
        client.disconnect()


def _which(reason: str, since: str | None, until: str | None, load: str) -> "Which":
    from sinks.clickhouse.dead_letters import Which
    from streams.deadletters.told import REMEDIES

    if reason and reason not in REMEDIES:
        raise typer.BadParameter(f"--reason {reason}: there are {', '.join(REMEDIES)}")
    times = {name: epoch_ms(text) for name, text in (("since_ms", since), ("until_ms", until)) if text}
    return Which(reason=reason, load=load, **times)


def _kind(kind: "Kind") -> dict[str, Any]:
    from streams.deadletters.told import place

    return {
        "reason": kind.reason, "topic": kind.topic, "load": kind.load, "open": kind.open, "replayed": kind.replayed,
        "first_at": _iso(kind.first_at), "last_at": _iso(kind.last_at), "example": place(*kind.example),
    }  # fmt: skip


def _table(found: list["Kind"]) -> Table:
    table = Table("reason", "topic", "load", box=None)
    for name in ("open", "replayed"):
        table.add_column(name, justify="right")
    for name in ("first", "last", "for example"):
        table.add_column(name)
    for each in map(_kind, found):
        load, counts = verbatim(each["load"]), (f"{each['open']:,}", f"{each['replayed']:,}")
        table.add_row(each["reason"], each["topic"], load, *counts, each["first_at"], each["last_at"], each["example"])
    return table


def _sentence(summary: "Summary", *, dry: bool) -> str:
    reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(summary.still_rejected.items()))
    parts = [f"{summary.open_before:,} open before", f"{summary.replayed:,} {'would be ' if dry else ''}replayed"]
    parts += [f"{sum(summary.still_rejected.values()):,} still rejected ({reasons})"] if reasons else []
    parts += [f"{summary.open_after:,} open after"]
    parts += [f"{summary.already_replayed:,} replayed earlier"] if summary.already_replayed else []
    return ", ".join(parts)


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds")
