"""One run: everything on one broker and one database, pairs interleaved, several rounds."""

import asyncio
from dataclasses import dataclass

from tests.bench.feed import fill
from tests.bench.figures import Latency, Round
from tests.bench.identifying import Identified, identified
from tests.bench.judging import Judged, judged
from tests.bench.live import live
from tests.bench.machine import described
from tests.bench.pairs import Paired, Tell, beside_peers, paired
from tests.bench.places import Places, places
from tests.bench.whole import NotAllLanded, whole_round
from tests.bench.world import Record, World, framed


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
    peers: dict[str, Paired]  # those that are installed


def run(options: Options, tell: Tell) -> Results:
    """Raises NotAllLanded, and CalledProcessError when a round of the bare job or the measuring of memory fails."""
    with places() as here:
        machine, judging, identity = described(here), judged(), identified()
        tell(f"broker and database are up, making {options.count:,} touchpoints")
        records = World(options.count).touchpoints()
        bare, size = _bare(here, records, options.rounds, tell)
        peers = beside_peers(here, options.count, options.rounds, tell)
        whole, shown = _whole(here, records, options.rounds, tell)
        tell(f"event to queryable: {options.rate:g}/s for {options.seconds:g} s")
        waited = live(here, options.rate, options.seconds)
        return Results(machine, options, size, bare.other, bare.transport, whole, shown, *waited, judging, identity, peers)


def _bare(here: Places, records: list[Record], rounds: int, tell: Tell) -> tuple[Paired, float]:
    """-> our transport beside the loop, mean size of a touchpoint in bytes."""
    sent = framed(records)
    with here.pipeline() as pipeline:
        asyncio.run(fill(pipeline.settings, sent))
        return paired(pipeline, "loop", len(records), rounds, tell), sum(len(value) for _, value in sent) / len(sent)


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
