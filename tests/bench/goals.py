"""What the figures are to be, and whether they are."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.bench.figures import spread
from tests.bench.identifying import Identified
from tests.bench.pairs import Paired
from tests.bench.peers import PEERS
from tests.bench.run import Results

SHARE_OF_LOOP = 0.9
TIMES_PEER = {"faust": 6.0, "quix": 1.5}  # as each framework does it by default
PER_CPU_SECOND = 8_000
P95_MS = 1_500
JUDGING_US = 10.0  # for a person with ten touchpoints; three times that with a thousand
LINKS_PER_S = 30_000
MERGE_MS = 2.0  # of two persons with fifty touchpoints each
IDENTIFIERS, IDENTIFIERS_GIB = 5_000_000, 2.0


class Goal(NamedTuple):
    name: str
    wanted: str
    found: str
    holds: bool


def ratios(results: Results) -> list[float]:
    """Our transport to the loop, touchpoints per CPU-second, one a pair."""
    return Paired(results.transport, results.loop).per_cpu_second()


def goals(results: Results) -> list[Goal]:
    """By the median of the rounds."""
    share = spread(ratios(results)).middle
    whole = spread(round_.per_cpu_second() for round_ in results.whole).middle
    late = [
        Goal(f"event to {view}, p95", f"< {P95_MS:,} ms", f"{waited.p95_ms:,.0f} ms", waited.p95_ms < P95_MS)
        for view, waited in results.latency.items()
    ]
    judging = [
        Goal(f"judging, {one.name}", f"<= {most_us:g} µs", f"{one.on_us:.1f} µs", one.on_us <= most_us)
        for one, most_us in zip(results.judged[-2:], (JUDGING_US, 3 * JUDGING_US), strict=True)
    ]
    return [
        Goal("our transport to the loop, bare job", f">= {SHARE_OF_LOOP}", f"{share:.2f}", share >= SHARE_OF_LOOP),
        *_of_peers(results),
        Goal("whole pipeline, per CPU-second", f">= {PER_CPU_SECOND:,}", f"{whole:,.0f}", whole >= PER_CPU_SECOND),
        *late,
        *judging,
        *_of_identity(results.identified),
    ]


def _of_peers(results: Results) -> Iterator[Goal]:
    """Per CPU-second, for those that are installed."""
    for peer, least in TIMES_PEER.items():
        if peer in results.peers:
            times = spread(results.peers[peer].per_cpu_second()).middle
            yield Goal(f"our transport to {PEERS[peer].name}, bare job", f">= {least:g}", f"{times:.2f}", times >= least)


def _of_identity(found: Identified) -> list[Goal]:
    gib = IDENTIFIERS * found.bytes_each / 2**30
    return [
        Goal(
            "identity, new links per CPU-second",
            f">= {LINKS_PER_S:,}",
            f"{found.links_per_s:,.0f}",
            found.links_per_s >= LINKS_PER_S,
        ),
        Goal(f"identity, {IDENTIFIERS:,} identifiers", f"<= {IDENTIFIERS_GIB:g} GiB", f"{gib:.2f} GiB", gib <= IDENTIFIERS_GIB),
        Goal("merging two persons", f"< {MERGE_MS:g} ms", f"{found.merge_ms:.2f} ms", found.merge_ms < MERGE_MS),
    ]
