"""What the whole job costs and what is wrong in the end: our pipeline beside the same job written in Faust with tables.

    python -m tests.bench.wrong            # tables; --json; --write writes docs/comparison.md

Exit codes: 0 compared, whatever came out; 1 something failed; 4 broker or database cannot be started.
"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from tests.bench.console import chosen, measuring, show, tell
from tests.bench.contestants import CONTESTANTS
from tests.bench.machine import described
from tests.bench.places import places
from tests.bench.versus import Results, compare
from tests.bench.wrong_page import tables, write_page

COUNT = 20_000


def main(
    only: Annotated[str, typer.Option(help="Contestants whose name contains this.")] = "",
    count: Annotated[int, typer.Option(min=1_000, help="Touchpoints of a round.")] = COUNT,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write docs/comparison.md.")] = False,
) -> None:
    """What the whole job costs and what is wrong in the end, ours beside the same in Faust."""
    with measuring() as progress, places() as here:
        machine = described(here)
        outcomes = compare(here, count, [each for each in CONTESTANTS if only in each.name], progress)
    results = Results(machine, count, outcomes)
    if write:
        tell(f"wrote {write_page(results, chosen())}")
    if json_:
        print(json.dumps(asdict(results), indent=2))
        return
    show(tables(results))


if __name__ == "__main__":
    typer.run(main)
