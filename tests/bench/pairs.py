"""Rounds of the bare job, two contestants in turns, each round a process of its own."""

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
from tests.bench.figures import Round
from tests.bench.peers import PEERS
from tests.bench.places import Places
from tests.bench.whole import NotAllLanded
from tests.bench.world import World, framed
from tests.fixtures.pipeline import Pipeline

ROOT = Path(__file__).parents[2]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Paired:
    """Rounds of our transport and those of another contestant beside them, over the same touchpoints."""

    transport: list[Round]
    other: list[Round]

    def per_cpu_second(self) -> list[float]:
        """Our transport to the other, one ratio a pair."""
        return [ours.per_cpu_second() / other.per_cpu_second() for ours, other in zip(self.transport, self.other, strict=True)]

    def per_second(self) -> list[float]:
        return [ours.per_second / other.per_second for ours, other in zip(self.transport, self.other, strict=True)]


def paired(pipeline: Pipeline, other: str, count: int, rounds: int, tell: Tell) -> Paired:
    """`count`: touchpoints on the input topic.  Who is first changes from round to round."""
    measured: dict[str, list[Round]] = {"transport": [], other: []}
    for number in range(rounds):
        for which in (other, "transport") if number % 2 == 0 else ("transport", other):
            measured[which].append(bare_round(pipeline, which, count))
            tell(f"bare job, {which}, round {number + 1}: {measured[which][-1].per_cpu_second():,.0f} per CPU-second")
    return Paired(measured["transport"], measured[other])


def beside_peers(here: Places, count: int, rounds: int, tell: Tell) -> dict[str, Paired]:
    """Those that are installed; slow ones get a share of `count`."""
    shares = {peer: PEERS[peer].share(count) for peer in PEERS if PEERS[peer].installed}
    measured = {}
    for share in sorted(set(shares.values())):
        with here.pipeline() as pipeline:
            asyncio.run(fill(pipeline.settings, framed(World(share).touchpoints())))
            for peer in (peer for peer in shares if shares[peer] == share):
                measured[peer] = paired(pipeline, peer, share, rounds, tell)
    return measured


def bare_round(pipeline: Pipeline, which: str, count: int) -> Round:
    """Raises NotAllLanded, and CalledProcessError when the contestant fails."""
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
