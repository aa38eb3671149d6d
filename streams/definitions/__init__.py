"""Definitions in files: those that ship with Throughline, and yours."""

from collections.abc import Collection, Iterable
from pathlib import Path

from streams.core.definition import Bundle, DefinitionError, Problem, bundle_of

SHIPPED = Path(__file__).parent
NO_JOURNEYS = frozenset({"identity.yaml", "calendars.yaml"})  # what else lives beside definitions


def load_bundle(paths: Iterable[Path], identifier_types: Collection[str] | None = None) -> Bundle:
    """The bundle of some files and folders of files.  Raises DefinitionError with all problems, unreadable files too.

    `identifier_types`: those that an instance may have; None: any.
    """
    texts, problems = [], []
    for path in paths:
        files = definition_files(path)
        if not files:
            problems.append(Problem(str(path), 1, "", "this folder has no definitions: expected `*.yaml` files"))
        for file in files:
            try:
                texts.append((str(file), file.read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError) as error:
                problems.append(Problem(str(file), 1, "", f"cannot be read: {error}"))
    try:
        bundle = bundle_of(texts, identifier_types)
    except DefinitionError as error:
        raise DefinitionError([*error.problems, *problems]) from None
    if problems:
        raise DefinitionError(problems)
    return bundle


def definition_files(path: Path) -> list[Path]:
    """A file as it is, of a folder its `*.yaml` in order of name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.glob("*.yaml") if file.name not in NO_JOURNEYS)
