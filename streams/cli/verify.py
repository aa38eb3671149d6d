"""`throughline verify`: do the tables say what the touchpoints say?"""

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.cli.verbatim import verbatim
from streams.core.whole.compare import KINDS, Difference
from streams.metrics.metric import Reading
from streams.metrics.table import DIFFERENCES, OTHER, VERIFIED_AT, VERIFIED_PEOPLE
from streams.metrics.textfile import write_metrics
from streams.settings import ConfigurationError, Settings, load_settings
from streams.verifying import NotSettled, Verified
from streams.verifying import verify as compute

SHORT_ID, SHORT_VALUE = 12, 60  # characters
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)


def verify(
    parts: Annotated[int, typer.Option(min=1, help="Work people off in so many parts: memory for one, a pass for each.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Show so many differences, with their columns.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    metrics: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the counts for a textfile collector.")] = None,
) -> None:
    """Compute journeys and breakages again from all touchpoints, and list the rows that differ; exit code 5 if any does."""
    settings, began_s = load_settings(), time.time()
    gc.set_threshold(100_000, 50, 1_000)  # touchpoints stay by the hundred thousand, and are in no cycle
    with reaching(settings):
        try:
            verified = compute(settings, parts=parts, most=first, tell=_tell)
        except NotSettled as error:
            raise CheckFailed(f"not settled: {error}") from None
    if metrics is not None:
        _write(metrics, settings, readings(verified, began_s))
    if as_json:
        typer.echo(json.dumps(_described(verified), ensure_ascii=False))
    elif verified.counts:
        console = Console(width=None if sys.stdout.isatty() else 160)
        console.print(_counts_table(verified), "", _first_table(verified.first))
    _conclude(verified, time.time() - began_s)


def readings(verified: Verified, began_s: float) -> list[Reading]:
    """Every definition and kind, also where nothing differs: 0 is what an alert is to see."""
    counts: Counter[tuple[str, str]] = Counter()
    for (_, definition, _, kind), count in verified.counts.items():
        counts[definition if definition in verified.definitions else OTHER, kind] += count
    found = [DIFFERENCES.at(counts[name, kind], name, kind) for name in (*verified.definitions, OTHER) for kind in KINDS]
    aside = {"set_aside": verified.set_aside, "expired": verified.expired}
    people = {"compared": verified.people - sum(aside.values()), **aside}
    return [*found, *(VERIFIED_PEOPLE.at(count, verdict) for verdict, count in people.items()), VERIFIED_AT.at(began_s)]


def _write(file: Path, settings: Settings, found: list[Reading]) -> None:
    try:
        write_metrics(file, {"agent": "verify", "namespace": settings.namespace}, found)
    except OSError as error:
        raise ConfigurationError(f"--metrics {file}: {error.strerror}; name a file in a folder that can be written to") from None


def _conclude(verified: Verified, took_s: float) -> None:
    """Raises CheckFailed."""
    rows = f"{verified.rows['journeys']:,} journeys and {verified.rows['breakages']:,} breakages"
    seen = f"{rows} of {verified.people:,} people against {verified.touchpoints:,} touchpoints as of {_iso(verified)}"
    if verified.set_aside:
        print(f"{verified.set_aside:,} people are set aside: something about them is on its way", file=sys.stderr)
    if verified.expired:
        print(f"{verified.expired:,} people are set aside: touchpoints of theirs are older than `retention`", file=sys.stderr)
    if verified.quarantined:
        print(f"{verified.quarantined:,} identifiers or persons are left out: they are quarantined", file=sys.stderr)
    if total := verified.counts.total():
        raise CheckFailed(f"{total:,} differences: {seen}")
    print(f"no difference: {seen}, in {took_s:.1f} s", file=sys.stderr)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _counts_table(verified: Verified) -> Table:
    table = Table("table", "definition", "rule", title="Differences", title_justify="left", box=None)
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for place in sorted({each[:3] for each in verified.counts}):
        table.add_row(*place, *(f"{verified.counts[*place, kind]:,}" for kind in KINDS))
    return table


def _first_table(first: list[Difference]) -> Table:
    head = ("table", "definition", "rule", "person", "row", "kind", "column", "stands", "computed")
    table = Table(*head, title="The first of them", title_justify="left", box=None)
    for each in first:
        ids = each.person_id[:SHORT_ID], each.row_id[:SHORT_ID]
        for column, *values in _columns(each):
            shown = (verbatim(_short(value)) for value in values)
            table.add_row(each.table, each.definition, each.rule, *ids, each.kind, column, *shown)
    return table


def _columns(difference: Difference) -> Iterator[tuple[str, Any, Any]]:
    if not difference.columns:
        yield "", "", ""
    for name, (stands, computed) in difference.columns.items():
        yield name, stands, computed


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHORT_VALUE else f"{text[: SHORT_VALUE - 1]}…"


def _described(verified: Verified) -> dict[str, Any]:
    counts = [
        {"table": table, "definition": definition, "rule": rule, "kind": kind, "count": count}
        for (table, definition, rule, kind), count in sorted(verified.counts.items())
    ]
    first = [
        {**each._asdict(), "columns": {name: {"stands": s, "computed": c} for name, s, c in _columns(each) if name}}
        for each in verified.first
    ]
    return {
        "as_of": _iso(verified), "settled": verified.as_of.settled, "touchpoints": verified.touchpoints, "people": verified.people,
        "set_aside": verified.set_aside, "expired": verified.expired, "quarantined": verified.quarantined,
        "rows": dict(verified.rows), "differences": verified.counts.total(), "counts": counts, "first": first,
    }  # fmt: skip


def _iso(verified: Verified) -> str:
    """The clock as of which was judged."""
    return (EPOCH + timedelta(milliseconds=verified.as_of.clock.ms)).isoformat(timespec="milliseconds")
