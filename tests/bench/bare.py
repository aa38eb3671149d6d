"""One round of the bare job in a process of its own: `python -m tests.bench.bare loop|transport COUNT`.

Settings come from the environment.  Prints one JSON object: touchpoints, wall_s, cpu_s.
"""

import asyncio
import gc
import logging
import sys

from streams.agents.run import GC_THRESHOLDS
from streams.settings import load_settings
from tests.bench.bare_job import BareJob
from tests.bench.bare_loop import bare_loop
from tests.bench.bare_transport import run_transport
from tests.bench.overlapped import Overlapped


def main() -> None:
    logging.disable(logging.ERROR)  # the clients' own: what fails is raised
    settings = load_settings()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    work = Overlapped(BareJob(settings), int(sys.argv[2]))
    if sys.argv[1] == "transport":
        run_transport(settings, work)
    asyncio.run(bare_loop(settings, work))


if __name__ == "__main__":
    main()
