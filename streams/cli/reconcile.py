"""`throughline reconcile`: received = landed + duplicates + rejected + dropped + erased, a day and input partition."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.cli.settle import epoch_ms
from streams.settings import ConfigurationError, Settings, load_settings

if TYPE_CHECKING:
    from streams.reconciling import Day

WIDE = 140  # columns where no terminal says how wide it is


def register(app: typer.Typer) -> None:
    app.command("reconcile")(reconcile)


def reconcile(
    since: Annotated[str | None, typer.Option(help="The first day (ISO 8601); left out: eight days ago.")] = None,
    patience_s: Annotated[float, typer.Option(min=0, help="How long what is on its way may take to land, seconds.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    metrics: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the counts for a textfile collector.")] = None,
) -> None:
    """What became of every record that intake read; exit code 5 if nothing became of some."""
    from streams.known import database
    from streams.reconciling import reconcile as account

    settings, began_s = load_settings(), time.time()
    first = datetime.fromtimestamp(epoch_ms(since) / 1_000, UTC) if since else datetime.now(UTC) - timedelta(days=8)
    with reaching(settings):
        days = account(database(settings), first.replace(hour=0, minute=0, second=0, microsecond=0), patience_s)
    missing = sum(each.missing for each in days)
    if metrics is not None:
        _write(metrics, settings, missing, began_s)
    if as_json:
        typer.echo(json.dumps([{**each._asdict(), "day": each.day.date().isoformat()} for each in days]))
    else:
        Console(width=None if Console().is_terminal else WIDE).print(_table(days))
    if missing:
        raise CheckFailed(
            f"{missing:,} records that intake read have not landed after {patience_s:g} s: is land running and ClickHouse up? "
            "If they are, records were lost between person.log and the tables; land those topics again"
        )


def _write(file: Path, settings: Settings, missing: int, began_s: float) -> None:
    from streams.metrics.table import MISSING, RECONCILED_AT
    from streams.metrics.textfile import write_metrics

    found = [MISSING.at(missing), RECONCILED_AT.at(began_s)]
    try:
        write_metrics(file, {"agent": "reconcile", "namespace": settings.namespace}, found)
    except OSError as error:
        raise ConfigurationError(f"--metrics {file}: {error.strerror}; name a file in a folder that can be written to") from None


def _table(days: list["Day"]) -> Table:
    table = Table("day", box=None)
    for name in days[0]._fields[1:] if days else ():
        table.add_column(name.replace("_", " "), justify="right")
    for each in days:
        table.add_row(each.day.date().isoformat(), *(f"{count:,}" for count in each[1:]))
    return table
