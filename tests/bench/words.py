"""The words by which stitch squeezes its state, made of touchpoints that nobody ever had.

python -m tests.bench.words FILE    # streams/core/stitch/words.zdict was made so; another one is another format of the state

They come from the simulator and from the cases of the catalogue, kept as the real cores keep them.  Some of the simulator's get
ids as sources send them: UUIDs, and what OpenTelemetry calls trace and session.  No touchpoint of a person may ever be among them:
what is in the words outlives every erasure.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from uuid import UUID

import zstandard

from streams.core.definition import Bundle
from streams.core.journey.cases import told
from streams.core.log import Activation, Touchpoints, pack
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.state import BUCKET, packed_bucket
from streams.core.stitch.store import MemoryStore
from streams.core.verdict import NEVER
from streams.definitions import load_bundle, shipped
from streams.simulate.traffic import plan
from tests.bench.seeds import Seeds
from tests.bench.world import HISTORY_MS, Record

WORDS_BYTES = 4_096
WORDS_LEVEL = 1  # of compression for which they are learned; by another one they would be other words
SLOWER = 600  # than the simulator, whose days are minutes
LOOKS = 3  # at what is kept while the stories go on


def samples() -> Iterator[bytes]:
    """Packed buckets."""
    seeds, records = Seeds(0, 4, 2), list(_simulated(Random(7)))
    size = len(records) // LOOKS + 1
    for begin in range(0, len(records), size):
        seeds.happen(records[begin : begin + size])
        yield from _kept(seeds.parts)
    for name in shipped():
        yield from _kept(_cases(load_bundle([shipped()[name]], seeds.identifiers.kinds)))


def _simulated(random: Random) -> Iterator[Record]:
    styles: dict[str, tuple[float, str]] = {}
    for _, _, record in plan(1, 150, HISTORY_MS, 60, rate=10.0).arrivals:
        at_ms = HISTORY_MS + (record["occurred_at"] - HISTORY_MS) * SLOWER + random.randrange(SLOWER)
        style, session = styles.setdefault(record["identifiers"][0]["value"], (random.random(), _hex(random)))
        ids = {"trace_id": _hex(random), "session_id": session} if style < 0.5 else {}
        event_id = str(UUID(_hex(random))) if 0.3 < style < 0.7 else record["event_id"]
        yield {**record, "occurred_at": at_ms, "event_id": event_id, "attributes": {**ids, **record["attributes"]}}


def _hex(random: Random) -> str:
    return f"{random.getrandbits(128):032x}"


def _cases(bundle: Bundle) -> list[Partition]:
    """A partition for each case, as it ends."""
    parts = []
    for definition in bundle.definitions:
        for case in definition.definition.cases:
            part = Partition(0, 1, MemoryStore(), Judge(lambda _: bundle))
            part.restore("life")
            touchpoints = [each for _, each in told(bundle, definition, case)[0]]
            part.step(list(enumerate([pack(Activation(bundle.content_hash, NEVER)), pack(Touchpoints(touchpoints))])), 0)
            parts.append(part)
    return parts


def _kept(parts: Iterable[Partition]) -> Iterator[bytes]:
    return (packed_bucket(value) for part in parts for key, value in part.store.items() if key[:1] == BUCKET)


if __name__ == "__main__":
    words = zstandard.train_dictionary(WORDS_BYTES, list(samples()), level=WORDS_LEVEL)
    Path(sys.argv[1]).write_bytes(words.as_bytes())
