"""`throughline journeys apply` and `rejudge`: publish definitions and activate them, without a restart."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.errors import CheckFailed, Unreachable
from streams.cli.reach import reaching
from streams.cli.settle import epoch_ms
from streams.core.definition import Bundle, DefinitionError
from streams.core.verdict import NEVER
from streams.definitions import SHIPPED, load_bundle
from streams.settings import ConfigurationError, Settings, load_settings

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", help="YAML files, folders, or names of the catalogue; left out: those of the settings."),
]


Since = Annotated[
    str | None, typer.Option(help="Journeys that open from then on are judged by it (ISO 8601); left out: from now on.")
]


def apply(paths: Paths = None, effective_from: Since = None) -> None:
    """Publish definitions, activate them and make a view of each.  The first ones ever are effective from the beginning.

    A definition that means something else than when its version was published is refused (exit code 5): it needs a new version.
    """
    _activate(paths, epoch_ms(effective_from) if effective_from else time.time_ns() // 1_000_000)


def rejudge(paths: Paths = None) -> None:
    """Judge all journeys by these definitions, open and closed ones, and emit what changes under their versions."""
    _activate(paths, NEVER)


def _activate(paths: list[Path] | None, since_ms: int) -> None:
    from streams.publishing import MeaningChanged, apply_bundle

    settings = load_settings()
    bundle = _load(paths or list(settings.definitions or (SHIPPED,)))
    with reaching(settings):
        try:
            news = apply_bundle(settings, bundle, since_ms)
        except MeaningChanged as error:
            raise CheckFailed(f"{error}\nNothing was applied.") from None
    names = ", ".join(f"{each.name} {each.version}" for each in bundle.definitions)
    print(f"{'activated' if news else 'active already'}: {names} (bundle {bundle.content_hash})", file=sys.stderr)
    _make_views(settings, bundle)


def _make_views(settings: Settings, bundle: Bundle) -> None:
    """Journeys are judged without them, so they come last, and what they lack is made good by applying once more."""
    from streams.showing import make_views

    try:
        with reaching(settings):
            made, refused = make_views(settings, bundle)
    except (Unreachable, ConfigurationError) as error:
        raise type(error)(f"the definitions are active, their views are not made: {error}; then apply them again") from None
    print(*(f"view {name}" for name in made), *refused, sep="\n", file=sys.stderr)


def _load(paths: list[Path]) -> Bundle:
    try:
        return load_bundle(paths)
    except DefinitionError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        raise CheckFailed(f"{len(error.problems)} problems in the definitions: nothing was applied") from None
