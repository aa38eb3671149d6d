"""`throughline journeys discover`: what happens most in files, before any rule exists."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.verbatim import verbatim
from streams.settings import load_settings
from streams.sources import shipped

if TYPE_CHECKING:  # DuckDB is imported by the command that needs it
    from streams.sources.discover import Discovery

_PARTS = 10  # of a variant that are printed
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Parquet, CSV or JSON files, or folders of them.")]
Mapped = Annotated[str, typer.Option("--mapping", help=f"A .sql file, or one that ships: {', '.join(shipped())}.")]
Instance = Annotated[
    str | None, typer.Option("--instance", metavar="TYPE", help="Identifier type of a journey; left out: the strongest object.")
]


def found_in(mapping: str, files: list[Path], instance: str | None, top: int) -> "Discovery":
    """Raises ConfigurationError."""
    from streams.known import known_identifiers
    from streams.sources.discover import discover as discovered
    from streams.sources.touches import open_touches

    return discovered(open_touches(mapping, files, known_identifiers(load_settings()), instance), top)


def discover(
    files: Files,
    mapping: Mapped,
    instance: Instance = None,
    top: Annotated[int, typer.Option(min=1, max=1_000, help="Variants to show, and three times as many steps.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the most frequent variants, step times, beginnings, endings and loops of what a mapping gives."""
    found = found_in(mapping, files, instance, top)
    if as_json:
        print(json.dumps({**asdict(found), "first_at": _iso(found.first_ms), "last_at": _iso(found.last_ms)}))
        return
    console = Console(width=None if sys.stdout.isatty() else 132, highlight=False)
    cuts = ", ".join(f"{name} {short(seconds)}" for name, seconds in found.duration_s.items())
    console.print(
        f"{found.instances:,} journeys ({found.instance}), {found.touchpoints:,} touchpoints, "
        f"{_iso(found.first_ms)} to {_iso(found.last_ms)}; from first to last {cuts}",
        soft_wrap=True,
    )
    for count, what in ((found.refused, "rows are refused"), (found.without, f"touchpoints carry no {found.instance}")):
        if count:
            console.print(f"{count:,} {what}: see `throughline load --dry-run`")
    for table in (_variants(found), _steps(found), _ends(found), _loops(found), _unfinished(found)):
        if table.row_count:
            console.print("", table)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def short(seconds: float) -> str:
    """A duration as a person reads it: 42 s, 3.5 m, 7.2 h, 4.1 d."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _table(title: str, *columns: str, numbers: tuple[str, ...] = ()) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _variants(found: "Discovery") -> Table:
    table = _table(f"Most frequent of {found.variants:,} variants", numbers=("journeys", "share", "p50"))
    table.add_column("example")
    table.add_column("what happens")
    for each in found.frequent:
        told = (f"{each.instances:,}", f"{each.share:.1%}", short(each.p50_s), each.example)
        table.add_row(*told, verbatim(_sequence(each.actions)))
    return table


def _sequence(actions: tuple[str, ...]) -> str:
    runs = [(action, len(list(run))) for action, run in groupby(actions)]
    told = " → ".join(f"{action} x{times}" if times > 1 else action for action, times in islice(runs, _PARTS))
    return f"{told} → … ({len(actions)} touchpoints)" if len(runs) > _PARTS else told


def _steps(found: "Discovery") -> Table:
    table = _table("Most frequent steps, one right after the other", "from", "to", numbers=("count", "p50", "p95"))
    for each in found.steps:
        table.add_row(verbatim(each.before), verbatim(each.after), f"{each.count:,}", short(each.p50_s), short(each.p95_s))
    return table


def _ends(found: "Discovery") -> Table:
    table = _table("First and last", "action", numbers=("begin with it", "end with it"))
    table.add_column("")
    names = dict.fromkeys([*islice(found.firsts, 6), *islice(found.lasts, 6)])
    for name in names:
        begin, end = found.firsts.get(name, 0), found.lasts.get(name, 0)
        table.add_row(verbatim(name), f"{begin:,}", f"{end:,}", "an ending" if name in found.endings else "")
    return table


def _loops(found: "Discovery") -> Table:
    table = _table("Loops", "action", numbers=("repeated at once", "came back"))
    for each in found.loops[:8]:
        table.add_row(verbatim(each.action), f"{each.repeated:,}", f"{each.returned:,}")
    return table


def _unfinished(found: "Discovery") -> Table:
    table = _table("Unfinished: the last touchpoint is no ending", "stopped with", numbers=("journeys", "silent for (p50)"))
    for each in found.unfinished[:8]:
        table.add_row(verbatim(each.last), f"{each.instances:,}", short(each.silent_p50_s))
    return table
