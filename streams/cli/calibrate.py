"""`throughline journeys calibrate DEFINITION.RULE`: at which threshold how many break."""

import json
import sys
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.explain import Where
from streams.cli.history import Asked, AsOf, Final, From, History, Mapped, Variables, read_history, timed
from streams.cli.named import bundle_at, chosen_in
from streams.core.definition.values import span
from streams.core.explain.words import lengths
from streams.core.touchpoint import Scalar
from streams.history.calibrate import Calibration, in_order
from streams.history.dial import Dial, NoDial, dial_of


class Line(NamedTuple):
    threshold: str
    breaks: int
    now: bool


def calibrate(
    name: Annotated[str, typer.Argument(metavar="DEFINITION.RULE", help="Which rule.")],
    sources: From,
    paths: Where = None,
    mapping: Mapped = None,
    variables: Variables = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="As 1h,2h,4h; left out: at quantiles of what was observed."),
    ] = None,
    as_of: AsOf = None,
    final: Final = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Judge recorded touchpoints by one rule at several thresholds: how many break, a day and of those that could."""
    bundle = bundle_at(paths)
    (chosen,) = chosen_in(bundle, name)
    if chosen.rule is None:
        raise typer.BadParameter(f"{name}: expected DEFINITION.RULE, with one of {', '.join(chosen.definition.breakages)}")
    asked = [each.strip() for each in at.split(",")] if at else []
    try:
        dial = dial_of(bundle, chosen.definition.journey, chosen.rule, asked)
    except NoDial as error:
        raise typer.BadParameter(f"{name}: {error}") from None
    settings = [_setting(dial, each) for each in asked]
    history = read_history(Asked(sources, mapping, variables, as_of, final), [bundle])
    with timed("judged at all thresholds", lambda: history.touchpoints):
        could, lines = _judged(Calibration(dial, history.people, history.clock), settings)
    if as_json:
        print(json.dumps(_described(name, dial, history, could, lines), indent=2, ensure_ascii=False))
    else:
        _show(name, dial, history, could, lines)


def _setting(dial: Dial, text: str) -> Scalar:
    try:
        if dial.kind == "length":
            span(text)
            return text
        return int(text) if dial.kind == "count" else float(text)
    except ValueError:
        what = {"length": "a length like `4h` or `4 working hours`", "count": "a whole number", "number": "a number"}[dial.kind]
        raise typer.BadParameter(f"--at {text}: expected {what} for {dial.place[-1]}") from None


def _judged(calibration: Calibration, settings: list[Scalar]) -> tuple[int, list[Line]]:
    could = calibration.could()
    lines = [Line(_now(calibration.dial), calibration.broken_now(), now=True)]
    for setting in in_order(settings or calibration.settings()):
        lines.append(Line(str(setting), calibration.broken(setting), now=False))
        if not settings and calibration.dial.kind == "count" and not lines[-1].breaks:
            break
    return could, lines


def _now(dial: Dial) -> str:
    if dial.kind != "length":
        return f"{dial.now:g}"
    return lengths({region: span(text) for region, text in dial.now.items()}) if dial.now else "no limit"


def _show(name: str, dial: Dial, history: History, could: int, lines: list[Line]) -> None:
    print(f"{name}: {could:,} could break in {history.days:,} days\n")
    table = Table(dial.place[-1], box=None)
    for column in ("break", "a day", "per cent"):
        table.add_column(column, justify="right")
    for line in lines:
        shown = f"{line.threshold} (now)" if line.now else line.threshold
        table.add_row(shown, f"{line.breaks:,}", f"{line.breaks / history.days:,.2f}", _per_cent(line.breaks, could))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _per_cent(breaks: int, could: int) -> str:
    return f"{100 * breaks / could:.1f}" if could else "-"


def _described(name: str, dial: Dial, history: History, could: int, lines: list[Line]) -> dict[str, Any]:
    return {
        "rule": name,
        "key": ".".join(dial.place),
        "touchpoints": history.touchpoints,
        "people": len(history.people),
        "days": history.days,
        "could": could,
        "thresholds": [
            {
                "threshold": line.threshold,
                "now": line.now,
                "breaks": line.breaks,
                "per_day": round(line.breaks / history.days, 3),
                "per_cent": round(100 * line.breaks / could, 2) if could else None,
            }
            for line in lines
        ],
    }
