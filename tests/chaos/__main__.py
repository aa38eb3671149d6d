"""`make chaos`: the long form.  Exit code 5: something was lost, doubled or wrong."""

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos.attacks import ATTACKS
from tests.chaos.run import Outcome, run

CHECK_FAILED = 5


def chaos(
    count: Annotated[int, typer.Option(help="Touchpoints that come meanwhile.")] = 300_000,
    seed: Annotated[int, typer.Option(help="Of touchpoints and moments.")] = 1,
    only: Annotated[str, typer.Option(help="Attacks whose name contains this.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Attack workers, broker and database under load; account for every record; compare with one computation over all."""
    attacks = [attack for attack in ATTACKS if only in attack.name]
    if not attacks:
        raise typer.BadParameter(f"--only: no attack's name contains {only!r}")
    with tempfile.TemporaryDirectory(prefix="chaos") as folder:
        outcome = run(Path(folder), attacks, count, seed, lambda attack: attack.times, lambda text: print(text, file=sys.stderr))
    if as_json:
        print(
            json.dumps(
                {
                    **outcome._asdict(),
                    "survived": [each._asdict() for each in outcome.survived],
                    "account": outcome.account._asdict(),
                }
            )
        )
    else:
        _show(outcome)
    raise typer.Exit(
        CHECK_FAILED if outcome.account.lost or outcome.doubled or outcome.wrong or outcome.minutes or not outcome.looks else 0
    )


def _show(outcome: Outcome) -> None:
    console, table = Console(width=None if sys.stdout.isatty() else 120), Table("attack", box=None)
    for name in ("times", "recovered after s: median", "most"):
        table.add_column(name, justify="right")
    for each in outcome.survived:
        table.add_row(each.attack, str(each.times), f"{median(each.recovered_s):.1f}", f"{max(each.recovered_s):.1f}")
    its = outcome.account
    console.print(table)
    console.print(
        f"received {its.received:,} = landed {its.landed:,} + rejected {its.rejected:,} + duplicates {its.duplicates:,}; "
        f"lost {its.lost}; seen twice {outcome.doubled} in {outcome.looks:,} looks"
    )
    console.print(outcome.wrong or "journeys and breakages are those of one computation over all")
    console.print(f"{outcome.minutes} figures a minute differ from what stands")


if __name__ == "__main__":
    typer.run(chaos)
