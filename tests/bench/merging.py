"""Event to queryable of touchpoints that are not concerned, while persons merge.

    python -m tests.bench.merging            # as JSON

Rounds with merges and without alternate on one pipeline with a live clock: a ratio within one run.  A merge is a log-in that
names a customer and a cookie, each of which has an order of its own already.
"""

import json
import threading
import time
from dataclasses import asdict
from statistics import median

from tests.bench.figures import Latency, latency
from tests.bench.live import WARM_UP_S, run
from tests.bench.places import Places, places
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import Record, touch

RATE, MERGES, SECONDS, ROUNDS = 500.0, 100.0, 20.0, 3


def merging(here: Places, rate: float = RATE, merges: float = MERGES, seconds: float = SECONDS, rounds: int = ROUNDS) -> dict:
    """-> by kind of round: p95 of touchpoints and of journeys, ms, and their ratios; how many persons merged."""
    found: dict[str, list[dict[str, Latency]]] = {"without": [], "with": []}
    with here.pipeline(clock="live") as pipeline:
        pipeline.start()
        run(pipeline, rate, WARM_UP_S, first=10**9)
        for number in range(rounds):
            _live_apart(pipeline, number, int(merges * seconds))
            for kind in ("without", "with") if number % 2 == 0 else ("with", "without"):
                sender = threading.Thread(target=_log_in, args=(pipeline, number, int(merges * seconds), merges))
                if kind == "with":
                    sender.start()
                reader = run(pipeline, rate, seconds, first=(2 * number + (kind == "with")) * 10**6)
                found[kind].append({view: latency(waited_ms) for view, waited_ms in reader.waited_ms.items()})
                if kind == "with":
                    sender.join()
        ((merged,),) = pipeline.query("SELECT count() FROM v_merges")
    p95 = {kind: {view: median(each[view].p95_ms for each in its) for view in its[0]} for kind, its in found.items()}
    return {
        "rate": rate, "merges_per_s": merges, "merged": merged, "p95_ms": p95,
        "ratio": {view: p95["with"][view] / p95["without"][view] for view in p95["with"]},
        "rounds": {kind: [{view: asdict(each[view]) for view in each} for each in several] for kind, several in found.items()},
    }  # fmt: skip


def _live_apart(pipeline: Pipeline, number: int, count: int) -> None:
    """So many customers and as many cookies, each with an order."""
    pipeline.send(_seen(number, place, kind) for place in range(count) for kind in ("customer", "cookie"))
    wanted = 2 * count * (number + 1)
    pipeline.eventually("SELECT count() FROM v_journeys WHERE startsWith(instance, 'apart')", [(wanted,)])


def _seen(number: int, place: int, kind: str) -> Record:
    name = f"{kind}{number}x{place}"
    return touch("order.purchased", _now_ms(), {"order": f"apart-{name}", kind: name}, {"estimated_delivery_at": _now_ms() + 10**9})


def _log_in(pipeline: Pipeline, number: int, count: int, rate: float) -> None:
    both = ({kind: f"{kind}{number}x{place}" for kind in ("customer", "cookie")} for place in range(count))
    pipeline.send((touch("account.login", _now_ms(), each) for each in both), rate=rate)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    with places() as here:
        print(json.dumps(merging(here)))
