"""`throughline profile`: what a file holds."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.verbatim import verbatim

if TYPE_CHECKING:  # DuckDB is imported by the command that needs it
    from streams.sources.profile import Profile, Shared

_MOST_COLUMNS = 60  # of a file are printed; --json has all
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Parquet, CSV or JSON files, or folders of them.")]


def register(app: typer.Typer) -> None:
    app.command("profile")(profile)


def profile(files: Files, as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Columns, times, identifiers, actions, gaps and doubles of files.  Values that could be personal are shown as a shape."""
    from streams.sources.profile import as_json as described
    from streams.sources.profile import profile_files

    profiles, shared = profile_files(files)
    if as_json:
        print(json.dumps({"files": [described(each) for each in profiles], "shared": [vars(each) for each in shared]}, indent=1))
        return
    console = Console(width=None if sys.stdout.isatty() else 132, highlight=False)
    for each in profiles:
        _print(console, each)
    _print_shared(console, shared)


def _print(console: Console, profile: "Profile") -> None:
    from streams.sources.profile_words import findings, suggestions

    console.print(verbatim(str(profile.file), "bold") + f": {profile.rows:,} rows, {len(profile.columns):,} columns")
    console.print(_table(profile))
    if (more := len(profile.columns) - _MOST_COLUMNS) > 0:
        console.print(f"and {more:,} more columns: --json has them all")
    for line in findings(profile):
        console.print(verbatim(f"- {line}"), soft_wrap=True)
    for line in suggestions(profile):
        console.print(verbatim(f"→ {line}"), soft_wrap=True)
    console.print()


def _table(profile: "Profile") -> Table:
    from streams.sources.profile_words import how, looks_like

    table = Table("column", "type", box=None, pad_edge=False)
    table.add_column("filled", justify="right")
    table.add_column("values", justify="right")
    table.add_column("looks like", no_wrap=True)
    table.add_column("most frequent, or their shape")
    for column in profile.columns[:_MOST_COLUMNS]:
        share = f"{column.known / column.rows:.0%}" if column.rows else "-"
        seen = [each for each in (how(column), ", ".join(column.examples)) if each]
        cells = (column.name, column.kind[:24].lower(), share, f"{column.distinct:,}", looks_like(column, profile))
        table.add_row(*map(verbatim, cells), verbatim("; ".join(seen)))
    return table


def _print_shared(console: Console, shared: list["Shared"]) -> None:
    for each in shared:
        both = f"{each.one}.{each.column} and {each.other}.{each.other_column}"
        console.print(verbatim(f"{both} share {each.values:,} values"), soft_wrap=True)
