"""Definitions that a command names: NAME or DEFINITION.RULE, in the files that are given."""

from pathlib import Path
from typing import NamedTuple

import typer

from streams.core.definition import Bundle, Definition, DefinitionError
from streams.core.definition.problems import meant
from streams.definitions import SHIPPED, load_bundle
from streams.settings import ConfigurationError, load_settings


class Chosen(NamedTuple):
    definition: Definition
    rule: str | None


def bundle_at(paths: list[Path] | None) -> Bundle:
    """The definitions given, else those of the settings.  Raises ConfigurationError with every problem."""
    try:
        return load_bundle(paths or load_settings().definitions or (SHIPPED,))
    except DefinitionError as error:
        raise ConfigurationError("\n".join(map(str, error.problems))) from None


def chosen(name: str | None, paths: list[Path] | None) -> list[Chosen]:
    """All definitions, or the one that is named.  A NAME that is a path is one of the paths."""
    if name is not None and (Path(name).exists() or name.endswith((".yaml", ".yml"))):
        return chosen_in(bundle_at([Path(name), *(paths or [])]), None)
    return chosen_in(bundle_at(paths), name)


def chosen_in(bundle: Bundle, name: str | None) -> list[Chosen]:
    """Raises BadParameter for a name that is not there."""
    known = {each.name: each.definition for each in bundle.definitions}
    if name is None:
        return [Chosen(each, None) for each in known.values()]
    journey, dot, rule = name.partition(".")
    if journey not in known:
        raise typer.BadParameter(f"no definition is called `{journey}`{meant(journey, known)}")
    if dot and rule not in known[journey].breakages:
        raise typer.BadParameter(f"`{journey}` has no rule `{rule}`{meant(rule, known[journey].breakages)}")
    return [Chosen(known[journey], rule or None)]
