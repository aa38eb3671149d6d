"""`throughline mapping new` and `throughline journeys new`: commented skeletons from what a file holds."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.discover import Files, Instance, Mapped, found_in
from streams.settings import ConfigurationError

mapping_app = typer.Typer(help="Mappings: from files to touchpoints.", no_args_is_help=True)
_TOP = 40  # variants, and three times as many steps, that a skeleton is chosen from
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Left out: standard output.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file.")]


def register(app: typer.Typer) -> None:
    app.add_typer(mapping_app, name="mapping")


@mapping_app.callback()
def mapping() -> None:
    """Mappings: from files to touchpoints."""


@mapping_app.command("new")
def new_mapping(files: Files, output: Output = None, force: Force = False) -> None:
    """Write a commented mapping that `throughline load --dry-run` takes as it is, for the file that looks most like events."""
    _may_write(output, ".sql", force=force)
    from streams.sources.profile import most_like_events, profile_files
    from streams.sources.skeleton_mapping import mapping_text, warnings

    profiles, shared = profile_files(files)
    chosen = most_like_events(profiles)
    others = [each for each in profiles if each is not chosen]
    _write(mapping_text(chosen, others, shared), output)
    for line in warnings(chosen):
        print(f"{chosen.file}: {line}", file=sys.stderr)


def new_journeys(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _, as parcel_pickup.")],
    files: Files,
    mapping: Mapped,
    instance: Instance = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Write a commented definition that `journeys check` and `journeys test` take as it is, from what a mapping gives."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise typer.BadParameter(f"{name}: expected small letters, digits and _, as parcel_pickup", param_hint="NAME")
    _may_write(output, ".yaml", force=force)
    from streams.sources.skeleton_journey import definition_text

    _write(definition_text(name, found_in(mapping, files, instance, _TOP)), output)


def _may_write(output: Path | None, suffix: str, *, force: bool) -> None:
    if output is None:
        return
    if output.suffix != suffix:
        raise typer.BadParameter(f"{output}: expected a name that ends in {suffix}", param_hint="--output")
    if output.exists() and not force:
        raise ConfigurationError(f"{output} exists: give another name, or --force to overwrite it")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{output}: cannot be written: {error.strerror}") from None
    print(f"written: {output}", file=sys.stderr)
