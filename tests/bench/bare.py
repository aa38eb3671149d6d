"""One round of the bare job in a process of its own: `python -m tests.bench.bare loop|transport|PEER COUNT`.

Settings come from the environment.  Prints one JSON object: touchpoints, wall_s, cpu_s.
"""

import asyncio
import gc
import logging
import sys

from streams.agents.run import GC_THRESHOLDS
from streams.settings import Settings, load_settings
from tests.bench.bare_job import BareJob
from tests.bench.bare_loop import bare_loop
from tests.bench.bare_transport import run_transport
from tests.bench.overlapped import Overlapped
from tests.bench.peers import PEERS
from tests.bench.peers.gathered import Run


def main() -> None:
    logging.disable(logging.ERROR)  # the clients' own: what fails is raised
    settings = load_settings()
    run = OURS.get(sys.argv[1]) or PEERS[sys.argv[1]].run
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    run(settings, int(sys.argv[2]))


def _loop(settings: Settings, count: int) -> None:
    asyncio.run(bare_loop(settings, Overlapped(BareJob(settings), count)))


def _transport(settings: Settings, count: int) -> None:
    run_transport(settings, Overlapped(BareJob(settings), count))


OURS: dict[str, Run] = {"loop": _loop, "transport": _transport}

if __name__ == "__main__":
    main()
