"""`throughline journeys apply`: publish definitions and activate them, without a restart."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.cli.settle import epoch_ms
from streams.core.definition import Bundle, DefinitionError
from streams.core.verdict import NEVER
from streams.definitions import SHIPPED, load_bundle
from streams.publishing import apply_bundle
from streams.settings import load_settings

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", help="YAML files, folders, or names of the catalogue; left out: those of the settings."),
]


def apply(
    paths: Paths = None,
    effective_from: Annotated[
        str | None, typer.Option(help="Journeys that open from then on are judged by it (ISO 8601); left out: from now on.")
    ] = None,
    rejudge: Annotated[bool, typer.Option("--rejudge", help="All journeys are judged by it, open and closed ones.")] = False,
) -> None:
    """Publish definitions and activate them.  The first ones ever applied are effective from the beginning."""
    if rejudge and effective_from:
        raise typer.BadParameter("--rejudge and --effective-from exclude each other")
    since_ms = NEVER if rejudge else epoch_ms(effective_from) if effective_from else time.time_ns() // 1_000_000
    settings = load_settings()
    bundle = _load(paths or list(settings.definitions or (SHIPPED,)))
    with reaching(settings):
        news = apply_bundle(settings, bundle, since_ms)
    names = ", ".join(f"{each.name} {each.version}" for each in bundle.definitions)
    print(f"{'activated' if news else 'active already'}: {names} (bundle {bundle.content_hash})", file=sys.stderr)


def _load(paths: list[Path]) -> Bundle:
    try:
        return load_bundle(paths)
    except DefinitionError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        raise CheckFailed(f"{len(error.problems)} problems in the definitions: nothing was applied") from None
