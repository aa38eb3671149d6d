"""Recovery, memory and growth of what stitch keeps: progress on stderr, the figures on stdout; `--write` writes docs/recovery.md.

    python -m tests.bench.recovery --journeys 1000000 --moved 100000 --held 2000000,5000000 --grown 2000000

Exit codes: 0 measured, whatever the goals say; 1 something failed; 4 broker or database cannot be started; 5 what was laid was not
taken up, or a touchpoint does not come through.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.settings import Settings
from tests.bench.console import chosen, measuring, show, tell
from tests.bench.goals import Goal
from tests.bench.growth import PARTITIONS, SEEDS, Cost, Memory, measured_cost, measured_memory
from tests.bench.machine import described
from tests.bench.page import heading, markdown
from tests.bench.places import places
from tests.bench.recovering import Recovered, move, recover
from tests.bench.report import Shown
from tests.bench.seeds import Seeds

PAGE = Path(__file__).parents[2] / "docs" / "recovery.md"
FEW = 10_000
BACK_JOURNEYS, MOVED_JOURNEYS, GROWN_JOURNEYS = 1_000_000, 100_000, 5_000_000  # of the goals
AS_SHIPPED = {name: Settings.model_fields[name].default for name in ("session_timeout_s", "transaction_timeout_s")}
BACK_S, MOVED_S, JOURNEY_BYTES, TEN_MILLION_GIB, GROWTH = 30.0, 10.0, 1_024, 12.0, 1.3
INTRODUCTION = """\
# Recovery, memory and growth

How long a worker takes to be back at work, what an open journey costs in memory, and whether a touchpoint costs more among many
journeys. Measured on one machine with a broker and a database of its own. Written by

    python -m tests.bench.recovery --write{options}

| | |
|---|---|
{machine}

## What is measured

- **A journey** here is open and has eight touchpoints of about 255 bytes as framed Avro, of an order or a case, judged by the
  shipped definitions; it has a customer, whom 0.6 of as many share, so its touchpoints lie at the home of the customer, found
  by redirects, at the home of the order or case and at that of the customer. {partitions} partitions.
- **How so many are made**: the real cores of identity and stitch work off {seeds:,} of them; the rest are copies of their packed
  entries under other numbers of order, case, customer and event, at the homes of these numbers. A copy has size, times and
  breakages of its seed. They are laid on the real state topics, with positions that count them. Afterwards it is proven that they
  are journeys like any other: the worker takes up exactly the entries that were laid, and touchpoints of {proven} of them, drawn at
  random, give journeys of nine touchpoints that opened when their seeds did and belong to their own customers.
  Touchpoints and rows of before are not laid: nothing looks for them on a restart, and the tables are smaller than they would be.
- **Recovery**: from the start of the process until a touchpoint that is sent then to each of the {partitions} partitions is a
  journey in `v_journeys`, looked at every 0.1 s. The worker is forked from a server that has imported everything: what an operator
  starts imports for {imports_s:.1f} s more, so long on this machine as it was. Reading the state is what the agent's own log says
  (`restored`), of the slowest partition. *CPU of stitch* is what its process spent meanwhile, to which other work on the machine
  adds little. SIGKILL goes to the worker and all its agents, as when a machine is lost: the broker has to give them up first
  (`session_timeout_s`).
- **A partition moves**: two workers share the partitions, one ends, and the other takes up what it had; from the signal until
  a touchpoint of each partition, sent once the process has ended, is a journey.
- **Memory** is of a process that holds all partitions as after a restart: growth of what this process alone has (USS), divided.
  *stitch*: buckets, redirects at both homes, index of deadlines. *identity*: entries of orders, cases and customers, with what lies
  below them. A worker runs them as processes of their own. Buckets are kept packed and squeezed, as they lie on the state topic: a
  touchpoint like these takes about 300 bytes packed, and eight of them are most of it; in them, 144 bytes are random numbers that
  nothing makes smaller. 10,000,000 are by arithmetic.
- **Growth** is CPU of the core, without Kafka: {each:,} touchpoints a round in batches of 200, of journeys drawn at random of which
  nobody remembers anything but their state, one in ten opens a new one. Few and many take turns in one process.
- **Goals** name a number of journeys; one that was measured at fewer counts as not held.

## Figures
"""
END = """\
## To repeat it

`python -m tests.bench.recovery` prints the tables, `--json` one JSON object; `--write` writes this page. It starts a broker and a
database of its own on free ports and leaves nothing behind. Other work on the machine makes every figure worse: look at the load.
"""


@dataclass(frozen=True)
class Results:
    machine: dict[str, str]
    imports_s: float
    recovered: list[Recovered]
    moved: list[Recovered]
    memory: list[Memory]
    growth: list[Cost]


def goals(results: Results) -> list[Goal]:
    """One that was measured at fewer journeys than it names does not hold."""
    found = [
        _within(f"one worker, {each.event}", each.all_s, BACK_S, each.journeys, BACK_JOURNEYS, " s") for each in results.recovered
    ]
    for event, session_s in dict.fromkeys((each.event, each.session_s) for each in results.moved):
        its = [each for each in results.moved if (each.event, each.session_s) == (event, session_s)]
        name = f"a partition moves, {event}, session {session_s:g} s, longest"
        found.append(_within(name, max(each.all_s for each in its), MOVED_S, its[0].journeys, MOVED_JOURNEYS, " s"))
    for held in results.memory[-1:]:
        name, gib = "memory of an open journey", 1e7 * held.stitch_bytes / 2**30
        found += [
            Goal(name, f"<= {JOURNEY_BYTES:,} B", f"{held.stitch_bytes:,.0f} B", held.stitch_bytes <= JOURNEY_BYTES),
            Goal("10,000,000 open journeys", f"<= {TEN_MILLION_GIB:g} GiB", f"{gib:.1f} GiB", gib <= TEN_MILLION_GIB),
        ]
    name = f"a touchpoint, to one among {FEW:,}"
    return [*found, *(_within(name, each.ratio, GROWTH, each.many, GROWN_JOURNEYS) for each in results.growth)]


def _within(name: str, value: float, most: float, journeys: int, wanted: int, unit: str = "") -> Goal:
    holds = value <= most and journeys >= wanted
    return Goal(name, f"<= {most:g}{unit} at {wanted:,}", f"{value:.{1 if unit else 2}f}{unit} at {journeys:,}", holds)


def tables(results: Results) -> list[Shown]:
    taken = ("event", "journeys", "session, s", "first", "all", "reading state", "CPU of stitch", "records")
    return [
        Shown("Recovery of one worker, seconds", taken, [_taken(each) for each in results.recovered]),
        Shown("A partition moves, seconds", taken, [_taken(each) for each in results.moved]),
        Shown(
            "Memory of an open journey, bytes",
            ("journeys", "stitch", "its entries", "identity", "its identifiers"),
            [_held(each) for each in results.memory],
        ),
        Shown(
            "A touchpoint in stitch, µs of CPU",
            ("journeys", "among few", "among many", "ratio"),
            [(f"{c.few:,} and {c.many:,}", f"{c.few_us:.0f}", f"{c.many_us:.0f}", f"{c.ratio:.2f}") for c in results.growth],
        ),
        Shown("Goals", ("figure", "goal", "measured", "holds"), [_goal(each) for each in goals(results)]),
    ]


def _taken(each: Recovered) -> tuple[str, ...]:
    seconds = (f"{value:.1f}" for value in (each.first_s, each.all_s, each.restored_s, each.cpu_s))
    return each.event, f"{each.journeys:,}", f"{each.session_s:g}", *seconds, f"{each.records:,}"


def _held(each: Memory) -> tuple[str, ...]:
    stitch = f"{each.stitch_bytes:,.0f}", f"{each.stitch_entries:.2f}"
    return f"{each.journeys:,}", *stitch, f"{each.identity_bytes:,.0f}", f"{each.identifiers:.2f}"


def _goal(each: Goal) -> tuple[str, ...]:
    return each.name, each.wanted, each.found, "yes" if each.holds else "no"


def _imports_s() -> float:
    """Wall seconds of a command that imports what a worker imports."""
    began_s = time.monotonic()
    subprocess.run([sys.executable, "-c", "import tests.fixtures.warm"], check=True, cwd=PAGE.parents[1])
    return time.monotonic() - began_s


def run(journeys: int, moved: int, held: list[int], grown: list[int], rounds: int, progress: Callable[[str], None]) -> Results:
    with places() as here:
        machine, imports_s = described(here), _imports_s()
        progress(f"imports {imports_s:.1f} s")
        recovered = recover(here, journeys, _seeds(journeys), progress, **AS_SHIPPED)
        moves = move(here, moved, _seeds(moved), progress, rounds=rounds, **AS_SHIPPED)
    memory = [measured_memory(each) for each in held]
    progress(f"memory: {memory}")
    growth = [measured_cost(FEW, each) for each in grown]
    progress(f"growth: {growth}")
    return Results(machine, imports_s, recovered, moves, memory, growth)


def _seeds(journeys: int) -> Seeds:
    return Seeds(min(SEEDS, journeys), PARTITIONS, PARTITIONS)


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


def write_page(results: Results, arguments: str, page: Path = PAGE) -> Path:
    introduction = INTRODUCTION.format(
        **heading(results.machine, arguments), partitions=PARTITIONS, seeds=SEEDS, proven=50,
        imports_s=results.imports_s, each=1_000,
    )  # fmt: skip
    parts = [introduction, *("\n".join(markdown(shown)) + "\n" for shown in tables(results) if shown.rows), END]
    page.write_text("\n".join(parts), encoding="utf-8")
    return page


def main(
    journeys: Annotated[int, typer.Option(min=100, help="Open journeys of the worker that is killed.")] = 1_000_000,
    moved: Annotated[int, typer.Option(min=100, help="Open journeys of two workers that share them.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each signal ends a worker.")] = 2,
    held: Annotated[str, typer.Option(help="Open journeys whose memory is measured, comma separated.")] = "500000,2000000",
    grown: Annotated[str, typer.Option(help="Open journeys among which a touchpoint is measured.")] = "100000,2000000",
    json_: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write docs/recovery.md.")] = False,
) -> None:
    """Recovery, memory and growth of what stitch keeps."""
    with measuring() as progress:
        results = run(journeys, moved, _numbers(held), _numbers(grown), rounds, progress)
    if write:
        tell(f"wrote {write_page(results, chosen())}")
    if json_:
        print(json.dumps({**msgspec.to_builtins(results), "goals": [goal._asdict() for goal in goals(results)]}, indent=2))
        return
    show(tables(results))


if __name__ == "__main__":
    typer.run(main)
