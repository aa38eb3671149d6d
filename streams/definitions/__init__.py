"""Definitions in files: those that ship with Throughline, and yours.

Those in this folder are in force where nothing else is chosen; those in `more` are there to be chosen.  The latter look at whole
persons, or at things that not everybody has, and every touchpoint that they may look at costs more than one that nobody asks for.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from streams.core.calendar import Calendar
from streams.core.calendar.read import load_calendars
from streams.core.definition import Bundle, DefinitionError, Problem, bundle_of
from streams.core.definition.problems import meant

SHIPPED = Path(__file__).parent
MORE = SHIPPED / "more"
CALENDARS = "calendars.yaml"
NO_JOURNEYS = frozenset({"identity.yaml", CALENDARS})  # what else lives beside definitions


def load_bundle(paths: Iterable[Path], identifier_types: Collection[str] | None = None) -> Bundle:
    """The bundle of some files and folders of files.  Raises DefinitionError with all problems, unreadable files too.

    A name of `shipped` stands for that file, unless there is a file or folder of that name.
    `identifier_types`: those that an instance may have; None: any.
    """
    paths, problems, texts = [_found(path) for path in paths], list[Problem](), list[tuple[str, str]]()
    calendars = _calendars(paths, problems)
    for path in paths:
        files = definition_files(path)
        if not files:
            problems.append(Problem(str(path), 1, "", "this folder has no definitions: expected `*.yaml` files"))
        texts += [(str(file), text) for file in files if (text := _text(file, problems)) is not None]
    try:
        bundle = bundle_of(texts, identifier_types, calendars)
    except DefinitionError as error:
        raise DefinitionError([*error.problems, *problems]) from None
    if problems:
        raise DefinitionError(problems)
    return bundle


def shipped() -> dict[str, Path]:
    """The catalogue: every definition that ships, by the name of its file; those that are in force by default come first."""
    return {file.stem: file for folder in (SHIPPED, MORE) for file in definition_files(folder)}


def _found(path: Path) -> Path:
    return path if path.exists() else shipped().get(str(path), path)


def _calendars(paths: Iterable[Path], problems: list[Problem]) -> dict[str, Calendar]:
    """Those that ship with Throughline; those of a `calendars.yaml` beside the definitions take their place by name."""
    folders = {path if path.is_dir() else path.parent: None for path in paths}
    found: dict[str, Calendar] = {}
    for file in dict.fromkeys([SHIPPED / CALENDARS, *(folder / CALENDARS for folder in folders)]):
        if file.exists() and (text := _text(file, problems)) is not None:
            try:
                found |= load_calendars(text, str(file))
            except DefinitionError as error:
                problems += error.problems
    return found


def _text(file: Path, problems: list[Problem]) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        problems.append(Problem(str(file), 1, "", f"there is no such file{_of_the_catalogue(file)}"))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(file), 1, "", f"cannot be read: {error}"))
    return None


def _of_the_catalogue(file: Path) -> str:
    """What is said besides about a name that is no path."""
    bare = len(file.parts) == 1 and not file.suffix
    return f", and none that ships has this name{meant(str(file), shipped())}" if bare else ""


def definition_files(path: Path) -> list[Path]:
    """A file as it is, of a folder its `*.yaml` in order of name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.glob("*.yaml") if file.name not in NO_JOURNEYS)


DEFAULT = frozenset(file.stem for file in definition_files(SHIPPED))
