"""`throughline load`: touchpoints from files, by a mapping."""

import gc
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.cli.verbatim import visible
from streams.settings import Settings, load_settings
from streams.sources import LOOKUP, LOOKUP_VARIABLES, shipped
from streams.sources.produce import Target, find_topic
from streams.topology import TOUCHPOINTS

if TYPE_CHECKING:  # DuckDB is imported by the command that needs it: the others start without it
    from streams.sources.load import Job, Summary
    from streams.sources.rows import Source

_FIRST = 5  # touchpoints that a dry run shows
_messages = Console(stderr=True)


class Format(StrEnum):
    avro = "avro"
    json = "json"


class _Rate(ProgressColumn):
    def render(self, task: Task) -> str:
        return f"{task.speed or 0:,.0f}/s"


def register(app: typer.Typer) -> None:
    app.command("load")(load_command)


def load_command(
    paths: Annotated[
        list[Path], typer.Argument(help="Parquet, CSV or JSON files, or folders of them; each a view named by its stem.")
    ],
    mapping: Annotated[
        str, typer.Option(help=f"A .sql file, or one that ships: {', '.join(shipped())}; {LOOKUP}: lookup files, what persons are.")
    ],
    rate: Annotated[float | None, typer.Option(min=0.001, help="Touchpoints per second; without it as fast as possible.")] = None,
    name: Annotated[str, typer.Option("--load", help="Marks a history load into a live deployment by this name.")] = "",
    wire_format: Annotated[Format, typer.Option("--format", help="How touchpoints are written.")] = Format.avro,
    variables: Annotated[
        list[str] | None,
        typer.Option("--set", help=f"NAME=VALUE, for getvariable('NAME') in the mapping; {LOOKUP}: {', '.join(LOOKUP_VARIABLES)}."),
    ] = None,
    shuffle: Annotated[int | None, typer.Option(help="Random order, by this seed.")] = None,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="With --shuffle: share of touchpoints that come twice.")] = 0.0,
    broken: Annotated[float, typer.Option(min=0, max=1, help="With --shuffle: share of damaged records in addition.")] = 0.0,
    restart: Annotated[bool, typer.Option("--restart", help="Start over instead of continuing an interrupted load.")] = False,
    only_show: Annotated[bool, typer.Option("--dry-run", help="Show the first touchpoints and all rejects; send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Run a mapping over files and send its touchpoints; an interrupted load continues where it stopped."""
    if shuffle is None and (duplicates or broken):
        raise typer.BadParameter("--duplicates and --broken need --shuffle SEED, which says where they go")
    chosen = dict(map(pair, variables or []))
    settings = load_settings()
    with reaching(settings):
        target = None if only_show else find_topic(settings, TOUCHPOINTS)
    from streams.sources.load import Job
    from streams.sources.replay import Replay
    from streams.sources.rows import Source

    source = Source(mapping, paths, chosen, None if shuffle is None else Replay(shuffle, duplicates, broken))
    if target is None:
        _show(source, settings, as_json=as_json)
        return
    with reaching(settings):
        summary = _load(Job(source, name, wire_format.value, rate, restart), settings, target)
    typer.echo(json.dumps(summary.as_json()) if as_json else _sentence(summary))
    if summary.too_late:
        print(_too_late(summary, settings), file=sys.stderr)


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise typer.BadParameter(f"--set {text}: expected NAME=VALUE")
    return name, value


def _load(job: "Job", settings: Settings, target: Target) -> "Summary":
    from streams.sources.load import load

    gc.set_threshold(100_000, 50, 1_000)  # rows are tuples by the hundred thousand; looking for cycles among them costs a tenth
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=_messages) as bar:
        task = bar.add_task(job.source.mapping, total=None)
        return load(job, settings, target, lambda done, total: bar.update(task, completed=done, total=max(done, total)))


def _sentence(summary: "Summary") -> str:
    seen = summary.as_json()
    parts = [f"{summary.sent:,} touchpoints sent in {summary.seconds:.1f} s ({seen['per_second']:,}/s)"]
    parts += [f"{seen[name]:,} {name.replace('_', ' ')}" for name in ("rejected_by_mapping", "skipped", "duplicates") if seen[name]]
    parts += [f"{number:,} {kind}" for kind, number in sorted(summary.broken.items())]
    return ", ".join(parts)


def _too_late(summary: "Summary", settings: Settings) -> str:
    return (
        f"throughline: {summary.too_late:,} of them happened more than {settings.late_horizon_s / 86_400:g} days ago "
        "(late_horizon_s): with a live clock they land and change no journey; load them once more with --load NAME, "
        'or hold the clock (clock = "held")'
    )


def _show(source: "Source", settings: Settings, *, as_json: bool) -> None:
    from streams.sources.dry_run import dry_run

    first: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    read = 0
    for tried in dry_run(source, settings):
        read += 1
        if tried.reason:
            event = f"{tried.record['source']}/{tried.record['event_id']}"
            rejects.append({"row": tried.row, "event": event, "reason": tried.reason, "detail": tried.detail})
            if not as_json:
                typer.echo(visible(f"row {tried.row}, {event}: {tried.reason}: {tried.detail}"))
        elif len(first) < _FIRST:
            first.append(tried.record)
            if not as_json:
                typer.echo(json.dumps(tried.record, ensure_ascii=False))
    if as_json:
        typer.echo(json.dumps({"read": read, "rejected": len(rejects), "first": first, "rejects": rejects}))
    if rejects:
        raise CheckFailed(f"{len(rejects):,} of {read:,} rows would be rejected")
    _messages.print(f"{read:,} touchpoints, all fine" if read else "no touchpoints: the mapping gives no row")
