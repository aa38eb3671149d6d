"""`make bench`: progress on stderr, the figures on stdout.

Exit codes: 0 measured, whatever the goals say; 1 something failed; 4 broker or database cannot be started; 5 not all that was sent
landed.
"""

import json
from typing import Annotated

import typer

from tests.bench.console import chosen, measuring, show, tell
from tests.bench.page import write_page
from tests.bench.regression import WORTH_TELLING, Change, changes, costs, written
from tests.bench.regression import write as write_costs
from tests.bench.report import Shown, as_json, tables
from tests.bench.run import Options, Results, run


def main(
    count: Annotated[int, typer.Option(min=1_000, help="Touchpoints of a round.")] = Options.count,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each job.")] = Options.rounds,
    rate: Annotated[float, typer.Option(min=1, help="Touchpoints per second for event to queryable.")] = Options.rate,
    seconds: Annotated[float, typer.Option(min=1, help="For how long.")] = Options.seconds,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write docs/benchmarks.md and docs/benchmarks.json.")] = False,
) -> None:
    """What a touchpoint costs, beside the tightest loop without a framework and beside other frameworks."""
    with measuring() as progress:
        results = run(Options(count, rounds, rate, seconds), progress)
    changed = changes(costs(results), written())
    if write:
        tell(f"wrote {write_page(results, chosen())} and {write_costs(costs(results))}")
    _print(results, changed, as_json_=json_)


def _print(results: Results, changed: list[Change], *, as_json_: bool) -> None:
    if as_json_:
        print(json.dumps({**as_json(results), "changes": [each._asdict() for each in changed]}, indent=2))
        return
    show([*tables(results), _changes(changed)])


def _changes(changed: list[Change]) -> Shown:
    rows = [(each.figure, f"{each.before:.2f}", f"{each.now:.2f}", f"{each.share:+.0%}") for each in changed]
    title = f"Changes of more than {WORTH_TELLING:.0%} since figures were written, in units of the loop: {len(rows)}"
    return Shown(title, ("figure", "then", "now", "change"), rows)


if __name__ == "__main__":
    typer.run(main)
