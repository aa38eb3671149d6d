"""`throughline identity`: what people are known by, and who is one person."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.cli.identity_graph import explain, show
from streams.cli.identity_purpose import link, unlink
from streams.core.definition import Problem
from streams.core.identifiers import SHIPPED, Identifiers, IdentifierType, IdentityError, load_identifiers
from streams.settings import ConfigurationError, load_settings

_WIDE = 200  # columns where no terminal says how wide it is
GUARDS = ("never", "partners", "most", "expires")
SHAPING = ("region", "strict", "keeps_case", "dotless", "tagless", "matches")

identity_app = typer.Typer(no_args_is_help=True, help="What people are known by, and who is one person.")
identity_app.command("show")(show)
identity_app.command("explain")(explain)
identity_app.command("link")(link)
identity_app.command("unlink")(unlink)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, with everything.")]


def register(app: typer.Typer) -> None:
    app.add_typer(identity_app, name="identity")


@identity_app.callback()
def identity() -> None:
    """What people are known by, and who is one person."""


@identity_app.command("check")
def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="An identity.yaml; left out: that of the settings.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show everything that is wrong with an identity.yaml, exit code 3 if anything is; else its types."""
    settings = load_settings()
    where = file or settings.identity or SHIPPED
    try:
        identifiers = load_identifiers(where, settings.secret)
    except IdentityError as error:
        _complain(error.problems, as_json=as_json)
        raise ConfigurationError(f"{where} cannot be used: {_counted(len(error.problems), 'problem')}") from None
    if as_json:
        print(json.dumps(_described(identifiers), indent=2, ensure_ascii=False))
    else:
        Console(width=None if sys.stdout.isatty() else _WIDE).print(_table(identifiers))
    print(f"{_counted(len(identifiers.types), 'type')} in order, at most {identifiers.most} of a person", file=sys.stderr)


def _complain(problems: tuple[Problem, ...], *, as_json: bool) -> None:
    if as_json:
        told = [{"file": each.file, "line": each.line, "where": each.where, "message": each.message} for each in problems]
        print(json.dumps({"ok": False, "problems": told}, indent=2, ensure_ascii=False))
    else:
        print(*problems, sep="\n")


def _described(identifiers: Identifiers) -> dict[str, Any]:
    types = [{"type": name, "rank": rank, **_plain(its)} for rank, (name, its) in enumerate(identifiers.types.items(), 1)]
    return {"ok": True, "types": types, "nobody": sorted(identifiers.nobody), "most_identifiers": identifiers.most}


def _plain(its: IdentifierType) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(its))
    return plain


def _table(identifiers: Identifiers) -> Table:
    table = Table("type", "kind", "rank", "form", "guards", "kept", box=None, pad_edge=False)
    for rank, (name, its) in enumerate(identifiers.types.items(), 1):
        plain = _plain(its)
        shape = ", ".join([its.form, *(_said(key, plain[key]) for key in SHAPING if plain[key])])
        guards = ", ".join(_said(key, plain[key]) for key in GUARDS if plain[key])
        table.add_row(name, its.kind, str(rank), shape, guards, its.kept)
    return table


def _said(key: str, value: Any) -> str:
    """`most 20`, `never test@* *@example.com`, `partners customer 5`."""
    if isinstance(value, dict):
        return f"{key} {' '.join(f'{name} {count}' for name, count in value.items())}"
    if isinstance(value, list):
        return f"{key} {' '.join(value)}"
    return key if value is True else f"{key} {value}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
