"""One run: everything on one broker and one database, pairs interleaved, several rounds."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clickhouse_driver import Client

from streams.worker import environment
from tests.bench.bare_job import make_tables
from tests.bench.feed import fill
from tests.bench.figures import Latency, Round
from tests.bench.identifying import Identified, identified
from tests.bench.judging import Judged, judged
from tests.bench.live import live
from tests.bench.machine import described
from tests.bench.places import Places, places
from tests.bench.whole import NotAllLanded, whole_round
from tests.bench.world import Record, World, framed
from tests.fixtures.pipeline import Pipeline

ROOT = Path(__file__).parents[2]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    count: int = 200_000
    rounds: int = 3
    rate: float = 2_000.0
    seconds: float = 30.0


@dataclass(frozen=True)
class Results:
    machine: dict[str, str]
    options: Options
    touchpoint_bytes: float
    loop: list[Round]
    transport: list[Round]
    whole: list[Round]
    shown: dict[str, int]
    latency: dict[str, Latency]
    look_ms: float
    judged: list[Judged]
    identified: Identified


def run(options: Options, tell: Tell) -> Results:
    """Raises NotAllLanded, and CalledProcessError when a round of the bare job or the measuring of memory fails."""
    with places() as here:
        machine, judging, identity = described(here), judged(), identified()
        tell(f"broker and database are up, making {options.count:,} touchpoints")
        records = World(options.count).touchpoints()
        loop, transport, size = _bare_pairs(here, records, options.rounds, tell)
        whole, shown = _whole(here, records, options.rounds, tell)
        tell(f"event to queryable: {options.rate:g}/s for {options.seconds:g} s")
        waited = live(here, options.rate, options.seconds)
        return Results(machine, options, size, loop, transport, whole, shown, *waited, judging, identity)


def _bare_pairs(here: Places, records: list[Record], rounds: int, tell: Tell) -> tuple[list[Round], list[Round], float]:
    """-> rounds of the loop, rounds of the transport, mean size of a touchpoint in bytes."""
    measured: dict[str, list[Round]] = {"loop": [], "transport": []}
    sent = framed(records)
    with here.pipeline() as pipeline:
        asyncio.run(fill(pipeline.settings, sent))
        for number in range(rounds):
            pair = ("loop", "transport") if number % 2 == 0 else ("transport", "loop")
            for which in pair:
                measured[which].append(_bare_round(pipeline, which, len(records)))
                tell(f"bare job, {which}, round {number + 1}: {measured[which][-1].per_cpu_second():,.0f} per CPU-second")
    return measured["loop"], measured["transport"], sum(len(value) for _, value in sent) / len(sent)


def _bare_round(pipeline: Pipeline, which: str, count: int) -> Round:
    make_tables(pipeline.client)
    command = [sys.executable, "-m", "tests.bench.bare", which, str(count)]
    said = subprocess.run(
        command, cwd=ROOT, env=environment(pipeline.settings), stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    _require_inserted(pipeline.client, count)
    figures = json.loads(said[said.index("{") :])  # Faust writes to the terminal first
    return Round(figures["touchpoints"], figures["wall_s"], {which: figures["cpu_s"]})


def _require_inserted(client: Client, count: int) -> None:
    [(rows, touchpoints)] = client.execute(
        "SELECT (SELECT count() FROM bare_touchpoints), (SELECT sum(touchpoints) FROM bare_journeys FINAL)"
    )
    if (rows, touchpoints) != (count, count):
        raise NotAllLanded(f"the bare job inserted {rows} touchpoints and counts {touchpoints} in journeys, sent were {count}")


def _whole(here: Places, records: list[Record], rounds: int, tell: Tell) -> tuple[list[Round], dict[str, int]]:
    measured, seen = [], []
    for number in range(rounds):
        figures, shown = whole_round(here, records)
        measured.append(figures)
        seen.append(shown)
        tell(f"whole pipeline, round {number + 1}: {figures.per_second:,.0f}/s")
    if any(shown != seen[0] for shown in seen):
        raise NotAllLanded(f"rounds of the same touchpoints do not show the same: {seen}")
    return measured, seen[0]
