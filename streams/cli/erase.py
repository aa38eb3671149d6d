"""`throughline person erase`: forget somebody, and know them when they come again only to drop them."""

import json
import os
import sys
import time
from typing import Annotated, Any

import typer

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.core.suppressed import SHORTEST_SECRET, VARIABLE
from streams.erasing import Erasure, NotErased
from streams.erasing import erase as take_out
from streams.erasures import NoErasureSecret, OtherErasureSecret
from streams.known import known_identifiers
from streams.settings import ConfigurationError, Settings, load_settings


def register(person: typer.Typer) -> None:
    person.command("erase")(erase)


def erase(
    identifier: Annotated[str, typer.Argument(metavar="TYPE:VALUE", help="Any identifier of the person, as customer:4711.")],
    why: Annotated[str, typer.Option(help="The reason, kept with the suppression list; no personal data.")],
    who: Annotated[str, typer.Option(help="Who erases; left out: $USER.")] = "",
    timeout_s: Annotated[float, typer.Option(help="Give up waiting for the workers after so many seconds.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the identifiers that were erased.")] = False,
) -> None:
    """Erase a person: state, rows and tables at once, raw topics by their retention; drop whatever comes again."""
    settings, began_s = load_settings(), time.monotonic()
    secret_of(settings)
    with reaching(settings):
        kind, value = normalised(settings, identifier)
        try:
            done = take_out(settings, kind, value, why=why, who=who or os.environ.get("USER", ""), timeout_s=timeout_s, tell=_tell)
        except (NoErasureSecret, OtherErasureSecret) as error:
            raise ConfigurationError(f"erasure_secret: {error}") from None
        except NotErased as error:
            raise CheckFailed(str(error)) from None
    if as_json:
        typer.echo(json.dumps(_described(done), ensure_ascii=False))
    rows = f"{sum(done.rows.values()):,} rows deleted, {done.minutes:,} minutes computed anew"
    print(f"erased {len(done.keys)} identifiers in {time.monotonic() - began_s:.1f} s: {rows}", file=sys.stderr)


def secret_of(settings: Settings) -> str:
    """Raises ConfigurationError."""
    if len(settings.forgetting) < SHORTEST_SECRET:
        raise ConfigurationError(
            f"erasure_secret: {VARIABLE} must hold a secret of at least {SHORTEST_SECRET} characters, the same for all workers and "
            "for ever: erased people are known by it when they come again"
        )
    return settings.forgetting


def normalised(settings: Settings, identifier: str) -> tuple[str, str]:
    """Type and value as intake compares them.  Raises BadParameter."""
    kind, colon, value = identifier.partition(":")
    if not (kind and colon and value):
        raise typer.BadParameter("expected TYPE:VALUE, as customer:4711")
    formed = known_identifiers(settings).value(kind, value)
    if not formed:
        raise typer.BadParameter(f"{kind}: this value stands for nobody, or is none of its type (see identity.yaml)")
    return kind, formed


def _described(done: Erasure) -> dict[str, Any]:
    return {"erasure": done.erasure, "identifiers": done.keys, "rows": done.rows, "minutes": done.minutes}


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
