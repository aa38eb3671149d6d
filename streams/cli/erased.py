"""`throughline person erased --verify`: is anything left of somebody, where, and until when?"""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.erase import normalised
from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.core.touchpoint import id_of
from streams.erasures import Erasures, NoErasureSecret, OtherErasureSecret
from streams.known import database, known_identifiers
from streams.left import Left, Wanted
from streams.left import left as what_is_left
from streams.settings import ConfigurationError, Settings, load_settings

BY_ITSELF = ("retention", "compaction")


def register(person: typer.Typer) -> None:
    person.command("erased")(erased)


def erased(
    identifiers: Annotated[list[str], typer.Argument(metavar="TYPE:VALUE...", help="Identifiers of one person, as customer:4711.")],
    verify: Annotated[bool, typer.Option("--verify", help="Search every topic and table, not only the suppression list.")] = False,
    ignore_retention: Annotated[
        bool, typer.Option("--ignore-retention", help="What goes by itself, by retention or compaction, is no failure.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Whether a person was erased; with --verify, that nothing is left: exit code 5 if anything is, with where and until when."""
    settings = load_settings()
    with reaching(settings):
        keys = [":".join(normalised(settings, each)) for each in identifiers]
        listed = _listed(settings, keys)
        found = _left(settings, keys) if verify else []
    if as_json:
        typer.echo(json.dumps({"suppressed": listed, "left": [each._asdict() for each in found]}))
    elif found:
        Console(width=None if sys.stdout.isatty() else 120).print(_table(found))
    _conclude(listed, [each for each in found if not (ignore_retention and each.kind in BY_ITSELF)], verify=verify)


def _conclude(listed: bool, failing: list[Left], *, verify: bool) -> None:
    """Raises CheckFailed."""
    if failing:
        raise CheckFailed(f"something is left in {', '.join(dict.fromkeys(each.place for each in failing))}")
    if not listed:
        raise CheckFailed("not on the suppression list: use `throughline person erase`")
    print("nothing is left of it, and what comes again is dropped" if verify else "on the suppression list", file=sys.stderr)


def _listed(settings: Settings, keys: list[str]) -> bool:
    """Whether all of them are on the suppression list.  Raises ConfigurationError."""
    erasures = Erasures(settings)
    try:
        erasures.read()
        return all(erasures.suppressed.has_id(id_of(key)) for key in keys)
    except (NoErasureSecret, OtherErasureSecret) as error:
        raise ConfigurationError(f"erasure_secret: {error}") from None
    finally:
        erasures.close()


def _left(settings: Settings, keys: list[str]) -> list[Left]:
    client = database(settings)
    try:
        return what_is_left(settings, client, Wanted(keys, known_identifiers(settings)))
    finally:
        client.disconnect()


def _table(found: list[Left]) -> Table:
    table = Table("place", "kind", "until", title="What is left", title_justify="left", box=None)
    table.add_column("records", justify="right")
    for each in found:
        table.add_row(each.place, each.kind, each.until, f"{each.records:,}")
    return table
