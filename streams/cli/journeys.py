"""`throughline journeys`: definitions, checked and tried before they are applied."""

import json
import sys
import time
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.apply import apply, rejudge
from streams.cli.backtest import backtest
from streams.cli.calibrate import calibrate
from streams.cli.discover import discover
from streams.cli.draw import draw_command
from streams.cli.errors import CheckFailed
from streams.cli.explain import explain_command
from streams.cli.schema import schema
from streams.cli.skeletons import new_journeys
from streams.core.definition import Bundle, DefinitionError, Problem
from streams.core.identifiers import IdentityError, load_identifiers
from streams.core.journey import CaseFailure, run_cases
from streams.definitions import SHIPPED, load_bundle
from streams.known import known_identifiers
from streams.settings import ConfigurationError, load_settings

journeys_app = typer.Typer(help="Journey definitions: check them, run their cases, apply them.", no_args_is_help=True)
journeys_app.command("apply")(apply)
journeys_app.command("rejudge")(rejudge)
journeys_app.command("backtest")(backtest)
journeys_app.command("calibrate")(calibrate)
journeys_app.command("draw")(draw_command)
journeys_app.command("explain")(explain_command)
journeys_app.command("schema")(schema)
journeys_app.command("discover")(discover)
journeys_app.command("new")(new_journeys)
Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH...",
        help="YAML files, folders of them, or names of the catalogue; left out: those of the settings.",
        show_default=False,
    ),
]
Identity = Annotated[
    Path | None,
    typer.Option("--identity", metavar="FILE", help="An instance must be an identifier type of this identity.yaml."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")]


def register(app: typer.Typer) -> None:
    app.add_typer(journeys_app, name="journeys")


@journeys_app.command()
def check(paths: Paths = None, identity: Identity = None, as_json: AsJson = False) -> None:
    """Show everything that is wrong with definitions; exit code 5 if anything is."""
    bundle, problems = _load(paths, identity)
    if as_json:
        print(json.dumps({**_described(bundle), "problems": [_problem(each) for each in problems]}, indent=2))
    else:
        print(*problems, sep="\n", end="\n" if problems else "")
    if bundle is None:
        raise CheckFailed(f"{_counted(len(problems), 'problem')} in the definitions")
    for note in _undeclared(bundle):
        print(note, file=sys.stderr)
    print(f"{_counted(len(bundle.definitions), 'definition')} in order, bundle {bundle.content_hash}", file=sys.stderr)


@journeys_app.command("test")
def run_tests(paths: Paths = None, as_json: AsJson = False) -> None:
    """Run the cases that stand in definitions; exit code 5 if one does not hold."""
    bundle, problems = _load(paths, None)
    if bundle is None:
        print(*problems, sep="\n", file=sys.stderr)
        raise CheckFailed(f"{_counted(len(problems), 'problem')} in the definitions: nothing was run")
    started_s = time.perf_counter()
    failures = [failure for definition in bundle.definitions for failure in run_cases(bundle, definition)]
    took_ms = round(1_000 * (time.perf_counter() - started_s), 1)
    count = sum(len(each.definition.cases) for each in bundle.definitions)
    if as_json:
        print(json.dumps({"cases": count, "took_ms": took_ms, "failures": [failure._asdict() for failure in failures]}, indent=2))
    else:
        print(*failures, sep="\n", end="\n" if failures else "")
    if failures:
        raise CheckFailed(f"{_failed(failures)} of {_counted(count, 'case')} did not hold")
    print(f"{_counted(count, 'case')} held in {took_ms:g} ms", file=sys.stderr)


def _load(paths: list[Path] | None, identity: Path | None) -> tuple[Bundle | None, tuple[Problem, ...]]:
    try:
        types = load_identifiers(identity).kinds if identity else None
    except IdentityError as error:
        raise ConfigurationError(str(error)) from None
    try:
        return load_bundle(paths or load_settings().definitions or (SHIPPED,), types), ()
    except DefinitionError as error:
        return None, error.problems


def _undeclared(bundle: Bundle) -> Iterator[str]:
    """Allowed, and often a slip of the pen: of such a definition no journey would ever open."""
    known = known_identifiers(load_settings()).kinds
    for kind in sorted({*bundle.by_instance_type} - {*known}):
        near = get_close_matches(kind, known, 1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        yield f"note: the instance `{kind}` is not declared in identity.yaml, so only definitions make it an object{hint}"


def _described(bundle: Bundle | None) -> dict[str, object]:
    if bundle is None:
        return {"ok": False}
    versions = {each.name: each.version for each in bundle.definitions}
    return {"ok": True, "content_hash": bundle.content_hash, "definitions": versions}


def _problem(problem: Problem) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line, "where": problem.where, "message": problem.message}


def _failed(failures: list[CaseFailure]) -> int:
    return len({(failure.definition, failure.case) for failure in failures})


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
