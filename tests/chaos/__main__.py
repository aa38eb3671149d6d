"""`make chaos`: the long form.  Exit code 5: something was lost, doubled or wrong; 4: toxiproxy was asked for and is not here."""

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos.arena import Survived
from tests.chaos.attacks import ATTACKS
from tests.chaos.doors import Kind, Missing, doors, toxiproxy
from tests.chaos.run import Outcome, run
from tests.chaos.sizes import TRIALS, grounds

UNREACHABLE, CHECK_FAILED = 4, 5
Gate = Literal["auto", "own", "toxiproxy"]


def chaos(
    count: Annotated[int, typer.Option(help="Touchpoints that come meanwhile.")] = 300_000,
    size: Annotated[int, typer.Option(help="Touchpoints of one person; absences that one clock makes true.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of touchpoints and moments.")] = 1,
    only: Annotated[str, typer.Option(help="Attacks and trials whose name contains this; trials begin with `size: `.")] = "",
    sizes: Annotated[bool, typer.Option(help="Trials of size as well, which take as long again.")] = True,
    gate: Annotated[Gate, typer.Option(help="Between workers and servers; auto: toxiproxy where it is.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Attack workers, broker and database under load; account for every record; compare with one computation over all."""
    attacks = [attack for attack in ATTACKS if only in attack.name]
    trials = [trial for trial in TRIALS if sizes and only in trial.name]
    if not attacks and not trials:
        raise typer.BadParameter(f"--only: no attack's name contains {only!r}")
    kind, outcome, survived, wrong = _kind(gate), None, list[Survived](), list[str]()
    with tempfile.TemporaryDirectory(prefix="chaos") as folder, doors(kind) as made:
        if attacks:
            _tell(f"doors in front of broker and database: {kind}")
            outcome = run(Path(folder) / "arena", attacks, count, seed, lambda attack: attack.times, made, _tell)
            survived += outcome.survived
            wrong += outcome.failed
        if trials:
            with grounds(Path(folder) / "grounds") as pipelines:
                for trial in trials:
                    try:
                        survived.append(trial.run(pipelines, size, _tell))
                    except AssertionError as error:
                        wrong.append(f"{trial.name}: {error}")
                    pipelines.close()
    if as_json:
        print(json.dumps(_plain(outcome, survived, wrong, kind)))
    else:
        _show(outcome, survived, wrong)
    raise typer.Exit(CHECK_FAILED if wrong or any(each.lost or each.doubled for each in survived) or _failed(outcome) else 0)


def _kind(gate: Gate) -> Kind:
    if gate == "own":
        return "own"
    try:
        toxiproxy()
    except Missing as why:
        if gate == "auto":
            return "own"
        _tell(f"not run: {why}")
        raise typer.Exit(UNREACHABLE) from None
    return "toxiproxy"


def _failed(outcome: Outcome | None) -> bool:
    return outcome is not None and bool(
        outcome.account.lost or outcome.doubled or outcome.wrong or outcome.minutes or not outcome.looks
    )


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _plain(outcome: Outcome | None, survived: list[Survived], wrong: list[str], kind: Kind) -> dict[str, object]:
    told = {**outcome._asdict(), "account": outcome.account._asdict()} if outcome else {}
    return {**told, "survived": [each._asdict() for each in survived], "trials_wrong": wrong, "doors": kind}


def _show(outcome: Outcome | None, survived: list[Survived], wrong: list[str]) -> None:
    console, table = Console(width=None if sys.stdout.isatty() else 120), Table("attack", box=None)
    for name in ("times", "lost", "doubled", "seconds to recover, median", "most"):
        table.add_column(name, justify="right")
    for each in survived:
        counts = (str(count) for count in (each.times, each.lost, each.doubled))
        table.add_row(each.attack, *counts, f"{median(each.recovered_s):.1f}", f"{max(each.recovered_s):.1f}")
    console.print(table)
    for text in wrong:
        console.print(text)
    if outcome is None:
        return
    its = outcome.account
    console.print(
        f"received {its.received:,} = landed {its.landed:,} + rejected {its.rejected:,} + duplicates {its.duplicates:,}; "
        f"lost {its.lost}; seen twice {outcome.doubled} in {outcome.looks:,} looks"
    )
    console.print(outcome.wrong or "journeys and breakages are those of one computation over all")
    console.print(f"{outcome.minutes} figures a minute differ from what stands")


if __name__ == "__main__":
    typer.run(chaos)
