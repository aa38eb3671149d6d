"""`throughline journeys backtest OLD NEW`: what a change of definitions would have changed."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.errors import CheckFailed
from streams.cli.history import (
    Asked,
    AsOf,
    Final,
    From,
    History,
    Mapped,
    Variables,
    day,
    definitions_of,
    moment,
    read_history,
    timed,
)
from streams.history.compare import Broke, Comparison, Key, broken_by, compare

Difference = TypeVar("Difference", tuple[Key, Broke], tuple[Key, Broke, Broke])
MOST_DAYS = 10  # that the table shows; the JSON form has all
COLUMNS = ("before", "after", "appeared", "vanished", "changed", "a day before", "a day after")


def backtest(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Definitions as they are: a YAML file or a folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="As they are to be.")],
    sources: From,
    mapping: Mapped = None,
    variables: Variables = None,
    as_of: AsOf = None,
    final: Final = False,
    most_new: Annotated[
        str | None, typer.Option(metavar="N|PERCENT", help="Exit 5 if more breakages appear; 5% is of those before.")
    ] = None,
    most_alerts_per_day: Annotated[
        float | None, typer.Option(min=0, metavar="N", help="Exit 5 if NEW breaks more often a day, on average.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="So many single breakages of each kind and rule in the JSON form.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Judge recorded touchpoints by two versions of definitions and show what breaks otherwise.  Needs no broker."""
    limit = _limit(most_new) if most_new else None
    before, after = definitions_of(old), definitions_of(new)
    history = read_history(Asked(sources, mapping, variables, as_of, final), [before, after])
    with timed("judged twice", lambda: history.touchpoints):
        found = compare(*(broken_by(each, history.people, history.clock) for each in (before, after)))
    if as_json:
        print(json.dumps(_described(found, history, examples), indent=2, ensure_ascii=False))
    else:
        _show(found, history)
    _hold(found, history, limit, most_alerts_per_day)


def _limit(text: str) -> tuple[float, bool]:
    """(number, whether it is a share of what broke before)."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise typer.BadParameter(f"--most-new {text}: expected a number, or a share like 5%") from None
    return number, text.endswith("%")


def _hold(found: Comparison, history: History, limit: tuple[float, bool] | None, most_a_day: float | None) -> None:
    said, appeared, before = [], len(found.appeared), found.old.total()
    if limit is not None:
        number, of_before = limit
        most = before * number / 100 if of_before else number
        if appeared > most:
            said.append(f"{appeared:,} breakages appear, {most:,.0f} may" + (f" ({number:g}% of {before:,})" if of_before else ""))
    a_day = found.new.total() / history.days
    if most_a_day is not None and a_day > most_a_day:
        said.append(f"{a_day:,.1f} breakages a day, {most_a_day:g} may")
    if said:
        raise CheckFailed("; ".join(said))


def _rules(found: Comparison) -> list[tuple[str, str]]:
    return sorted({*found.old, *found.new})


def _show(found: Comparison, history: History) -> None:
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table("rule", title="Breakages", title_justify="left", box=None)
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for rule in _rules(found):
        _row(table, ".".join(rule), (found.old[rule], found.new[rule]), found.of_rule(rule), history.days)
    changes = (len(found.appeared), len(found.vanished), len(found.changed))
    _row(table, "all", (found.old.total(), found.new.total()), changes, history.days)
    console.print(table)
    days = sorted({*found.old_days, *found.new_days}, key=lambda at: (-abs(found.new_days[at] - found.old_days[at]), at))
    other = [at for at in days if found.new_days[at] != found.old_days[at]]
    if other:
        print(f"\nDays that differ most ({min(MOST_DAYS, len(other))} of {len(other)})")
        console.print(_days_table(found, other))


def _row(table: Table, name: str, counts: tuple[int, int], changes: tuple[int, int, int], days: int) -> None:
    table.add_row(name, *(f"{each:,}" for each in (*counts, *changes)), *(f"{each / days:,.2f}" for each in counts))


def _days_table(found: Comparison, other: list[int]) -> Table:
    table = Table("day", box=None)
    for name in ("before", "after"):
        table.add_column(name, justify="right")
    for at in sorted(other[:MOST_DAYS]):
        table.add_row(day(at), f"{found.old_days[at]:,}", f"{found.new_days[at]:,}")
    return table


def _described(found: Comparison, history: History, examples: int) -> dict[str, Any]:
    days = sorted({*found.old_days, *found.new_days})
    return {
        "as_of": moment(history.clock.ms),
        "touchpoints": history.touchpoints,
        "people": len(history.people),
        "days": history.days,
        "before": found.old.total(),
        "after": found.new.total(),
        "appeared": len(found.appeared),
        "vanished": len(found.vanished),
        "changed": len(found.changed),
        "rules": [_rule(found, rule, history.days, examples) for rule in _rules(found)],
        "by_day": [{"day": day(at), "before": found.old_days[at], "after": found.new_days[at]} for at in days],
    }


def _rule(found: Comparison, rule: tuple[str, str], days: int, most: int) -> dict[str, Any]:
    before, after = found.old[rule], found.new[rule]
    appeared, vanished, changed = found.of_rule(rule)
    examples = {
        "appeared": [_single(*each) for each in _first(found.appeared, rule, most)],
        "vanished": [_single(*each) for each in _first(found.vanished, rule, most)],
        "changed": [_single(*each) for each in _first(found.changed, rule, most)],
    }
    return {
        "definition": rule[0],
        "rule": rule[1],
        "before": before,
        "after": after,
        "appeared": appeared,
        "vanished": vanished,
        "changed": changed,
        "before_per_day": round(before / days, 3),
        "after_per_day": round(after / days, 3),
        "examples": examples,
    }


def _first(some: Sequence[Difference], rule: tuple[str, str], most: int) -> Iterator[Difference]:
    return islice((each for each in some if each[0][:2] == rule), most)


def _single(key: Key, broke: Broke, after: Broke | None = None) -> dict[str, Any]:
    said = {"instance": key.instance, "occurrence": key.occurrence}
    return {**said, **_when(broke)} if after is None else {**said, "before": _when(broke), "after": _when(after)}


def _when(broke: Broke) -> dict[str, Any]:
    times = {"due_at": broke.due_at, "broken_at": broke.broken_at, "recovered_at": broke.recovered_at}
    return {"state": broke.state, **{name: None if at is None else moment(at) for name, at in times.items()}}
