"""The bare job in other frameworks, each written as its own documentation writes such a job.

All share `tests.bench.bare_job` and the settings of the garbage collector; what is theirs is how they read Kafka, keep a state a
person, gather rows and commit.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from tests.bench.bare_job import INSERT_ROWS
from tests.bench.peers.gathered import Run

SLOW = 5  # they get a fifth of the touchpoints


class Peer(NamedTuple):
    name: str  # in tables
    module: str  # below tests.bench.peers
    function: str
    package: str  # without it the peer cannot run
    slow: bool
    lacks: str  # what it does not do, as `our transport` or the whole pipeline does it

    @property
    def installed(self) -> bool:
        return find_spec(self.package) is not None

    @property
    def run(self) -> Run:
        """Imports it, which is no part of the measurement."""
        run: Run = getattr(import_module(f"{__name__}.{self.module}"), self.function)
        return run

    def share(self, count: int) -> int:
        """How many of so many touchpoints its rounds work off, in whole inserts."""
        return min(count, max(1, count // SLOW // INSERT_ROWS) * INSERT_ROWS) if self.slow else count


_FAUST_TABLE = (
    "States in a table with a changelog topic, as by default: a record a touchpoint, without a transaction. A touchpoint counts as "
    "done when the agent has it, before it is inserted: a crash loses up to a whole insert, and the table is ahead of the "
    "database. Inserts run in a thread, awaited"
)
_FAUST_TAKE = (
    "Batches of up to 20,000 by `take`, done after their insert, at least once: a crash inserts them again. Faust refuses to "
    "change a table inside of `take`, so states are a plain dict: no changelog, lost with the process, as in our bare job"
)
_QUIX = (
    "States in RocksDB; every checkpoint flushes the sink, then commits: at least once, a crash inserts again what a checkpoint "
    "had. Exactly once is to be had between topics, not for a database. While it inserts it does nothing else. "
)
_BYTEWAX = (
    "States in memory; without a recovery store, as by default: no changelog, no commits, after a crash everything from the "
    "beginning. Partitions are assigned by itself, no consumer group. While it inserts it does nothing else"
)
PEERS = {
    "faust": Peer("Faust, a table", "faust_streaming", "run_table", "faust", True, _FAUST_TABLE),
    "faust_take": Peer("Faust, take and a dict", "faust_streaming", "run_take", "faust", True, _FAUST_TAKE),
    "quix": Peer(
        "Quix Streams", "quix_streams", "run_default", "quixstreams", True, f"{_QUIX}With a changelog topic, as by default"
    ),
    "quix_plain": Peer(
        "Quix Streams, no changelog", "quix_streams", "run_without_changelog", "quixstreams", True,
        f"{_QUIX}Its states are lost with the machine, nearer to our bare job, which keeps them in memory",
    ),
    "bytewax": Peer("Bytewax", "bytewax_flow", "run_flow", "bytewax", False, _BYTEWAX),
}  # fmt: skip
