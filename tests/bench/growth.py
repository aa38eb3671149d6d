"""What very many open journeys cost in the core: memory, and the time of one touchpoint more among few of them and among many.

python -m tests.bench.growth memory 2000000      # one JSON object
python -m tests.bench.growth cost 10000 2000000
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

import msgspec
import psutil

from streams.agents.run import GC_THRESHOLDS
from streams.core.stitch.partition import Partition
from streams.core.touchpoint import Touchpoint
from tests.bench.grown import Grown, thing
from tests.bench.seeds import AT_ONCE, Logs, Seeds, arrive, stories, work
from tests.bench.world import HOUR_MS, Record

ROOT = Path(__file__).parents[2]
PARTITIONS = 8
SEEDS = 5_000
ROUNDS, EACH_ROUND, NEW = 9, 1_000, 0.1  # touchpoints of a round; the share that opens a journey


class Memory(msgspec.Struct, frozen=True):
    """Bytes for each open journey, of a process that holds all partitions: growth of what only this process has (USS)."""

    journeys: int
    stitch_bytes: float
    stitch_entries: float
    identity_bytes: float
    identifiers: float


class Cost(msgspec.Struct, frozen=True):
    """Microseconds of CPU for a touchpoint, over all partitions that it passes; medians of rounds that took turns.

    `ratio` is the median of the rounds' ratios.
    """

    few: int
    many: int
    few_us: float
    many_us: float
    ratio: float


def measured_memory(journeys: int) -> Memory:
    return msgspec.convert(_own_process("memory", journeys), Memory)


def measured_cost(few: int, many: int) -> Cost:
    return msgspec.convert(_own_process("cost", few, many), Cost)


def _own_process(*arguments: object) -> object:
    """Raises CalledProcessError."""
    command = [sys.executable, "-m", "tests.bench.growth", *map(str, arguments)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(said)


def memory(journeys: int) -> Memory:
    grown = Grown(Seeds(min(SEEDS, journeys), PARTITIONS, PARTITIONS), journeys)
    before = _held_bytes()
    parts = grown.parts()
    stitch = _held_bytes() - before
    entries = sum(len(part.store) for part in parts)
    del parts
    before = _held_bytes()
    identity = grown.persons()
    count, persons = grown.count, _held_bytes() - before
    return Memory(count, stitch / count, entries / count, persons / count, len(identity.memory) / count)


def _held_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_full_info().uss)


def cost(few: int, many: int, rounds: int = ROUNDS, each: int = EACH_ROUND) -> Cost:
    """Touchpoints of journeys that nobody has touched since the restart, each of another one, and of new ones among them."""
    seeds = Seeds(min(SEEDS, few), PARTITIONS, PARTITIONS)
    runs = [Run(Grown(seeds, count), rounds + 1, each) for count in (few, many)]
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    for run in runs:
        run.round_us()  # warm
    found = []
    for number in range(rounds):
        took = {run: run.round_us() for run in (runs if number % 2 == 0 else reversed(runs))}
        found.append([took[run] for run in runs])
    sizes = [run.grown.count for run in runs]
    ratio = median(many_us / few_us for few_us, many_us in found)
    return Cost(sizes[0], sizes[1], median(us for us, _ in found), median(us for _, us in found), ratio)


class Run:
    """Rounds among as many journeys as there are.  Raises ValueError when there are fewer than touchpoints."""

    def __init__(self, grown: Grown, rounds: int, each: int) -> None:
        self.grown, self.parts = grown, grown.parts()
        known = round(each * (1 - NEW))
        random = Random(2)
        chosen = iter(random.sample(range(grown.count), rounds * known))
        told = list(islice(stories(grown.seeds.count), grown.seeds.count))
        self._rounds: Iterator[list[Touchpoint]] = iter([
            self._touchpoints(told, list(islice(chosen, known)), number * (each - known), each - known) for number in range(rounds)
        ])  # fmt: skip

    def _touchpoints(self, told: list[list[Record]], known: list[int], first: int, fresh: int) -> list[Touchpoint]:
        size = self.grown.seeds.count
        records = [next_of(told[number % size][-1], number // size) for number in known]
        records += [opened(told[number % size][0], self.grown.blocks + number) for number in range(first, first + fresh)]
        Random(first).shuffle(records)
        return self.grown.seeds.taken(records).touchpoints

    def round_us(self) -> float:
        """In batches as the transport makes them."""
        touchpoints = next(self._rounds)
        logs: Logs = [[] for _ in self.parts]
        parts: list[Partition] = self.parts
        began_s = time.process_time()
        for at in range(0, len(touchpoints), AT_ONCE):
            arrive(logs, touchpoints[at : at + AT_ONCE])
            work(parts, logs)
        return (time.process_time() - began_s) / len(touchpoints) * 1e6


def next_of(last: Record, block: int) -> Record:
    """The ninth touchpoint of a copy in that block: it does not end the journey."""
    kind, number = last["identifiers"][0]["type"], int(last["identifiers"][0]["value"][-6:])
    action = {"order": "parcel.scanned", "case": "case.updated"}[kind]
    value = thing(block, number)
    return {
        **last, "event_id": f"{kind}-{value}-next", "action": action, "occurred_at": last["occurred_at"] + HOUR_MS,
        "identifiers": [{"type": kind, "value": value}],
    }  # fmt: skip


def opened(first: Record, block: int) -> Record:
    """The first touchpoint of a journey of nobody known, which is in no block."""
    kind, number = first["identifiers"][0]["type"], int(first["identifiers"][0]["value"][-6:])
    value = thing(block, number)
    return {**first, "event_id": f"{kind}-{value}-0", "identifiers": [{"type": kind, "value": value}]}


if __name__ == "__main__":
    measure, *numbers = sys.argv[1:]
    print(msgspec.json.encode({"memory": memory, "cost": cost}[measure](*map(int, numbers))).decode())
