"""What lasts: latency and verdicts over minutes, after a pause, and with a second worker; `--write` writes docs/lasting.md.

    python -m tests.bench.lasting                    # progress on stderr, the figures on stdout; --json
    python -m tests.bench.lasting --minutes 0 --pause-s 0     # 0 leaves a part out

Exit codes: 0 measured, whatever the goals say; 1 something failed; 4 broker or database cannot be started; 5 not all that was sent
landed.
"""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from tests.bench.console import chosen, measuring, show, tell
from tests.bench.lasted import Options, Results, measured
from tests.bench.lasting_page import goals, tables, write_page


def main(
    rate: Annotated[float, typer.Option(min=0, help="Touchpoints per second; 0: half of the maximal rate.")] = Options.rate,
    minutes: Annotated[float, typer.Option(min=0, help="For how long.")] = Options.minutes,
    absences: Annotated[int, typer.Option(min=2, help="Whose verdicts are waited for meanwhile.")] = Options.absences,
    paused_rate: Annotated[float, typer.Option(min=0, help="The live rate of the pause; 0: a quarter.")] = Options.paused_rate,
    pause_s: Annotated[float, typer.Option(min=0, help="How long nobody works, seconds.")] = Options.pause_s,
    count: Annotated[int, typer.Option(min=1_000, help="Touchpoints that tell the maximal rate.")] = Options.count,
    bulk: Annotated[int, typer.Option(min=1_000, help="Touchpoints of a round of one or two workers.")] = Options.bulk,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of one and of two workers.")] = Options.rounds,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write docs/lasting.md.")] = False,
) -> None:
    """Latency and verdicts over minutes, after a pause, and with a second worker."""
    options = Options(count, rate, minutes, absences, paused_rate, pause_s, bulk, rounds)
    with measuring() as progress:
        results = measured(options, progress)
    if write:
        tell(f"wrote {write_page(results, options, chosen())}")
    if json_:
        print(json.dumps(as_json(results), indent=2))
        return
    show(tables(results))


def as_json(results: Results) -> dict[str, Any]:
    """Every figure, and what the goals say."""
    return {**asdict(results), "goals": [goal._asdict() for goal in goals(results)]}


if __name__ == "__main__":
    typer.run(main)
