"""What is large by itself, while workers come and go: one person's touchpoints, and what is due at one word of the clock."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.core.definition import bundle_of
from streams.core.touchpoint import hash_id
from streams.core.verdict import Clock
from streams.definitions import SHIPPED, load_bundle
from tests.chaos.arena import Survived
from tests.chaos.run import Tell
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, shop
from tests.fixtures.stack import JARS
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, Record, touch
from tests.fixtures.views import DoublesWatch, doubles
from tests.fixtures.workers import WorkerProcess

END_MS = START_MS + SPAN_MS + 30 * DAY_MS
SHOP = load_bundle([SHIPPED])
OTHERS = 10_000  # touchpoints of everybody else
GIANT_A_SECOND = 3_000.0  # what two cores take in beside all that waits for it
PROBE_S = 3.0
SMALL = 100  # touchpoints of each of the giant's other cases
PIECE = 20_000
LONG_S = 10 * PATIENCE_S
WATCH_S = 10.0  # between two looks at so many rows
SESSION = {"session_timeout_s": 10.0, "transaction_timeout_s": 10.0}
UNANSWERED = bundle_of(
    [
        (
            "case.yaml",
            """
journey: service_case
version: 1
instance: case
opens: case.opened
breakages: {unanswered: {absence: {after: case.opened, of: case.answered, within: 24h}}}
""",
        )
    ]
)
BROKEN = """
SELECT count(), uniqExact(instance), countIf(broken_at = opened.opened_at + INTERVAL 24 HOUR AND state = 'open')
FROM v_breakages AS broken JOIN v_journeys AS opened ON broken.journey_id = opened.journey_id
"""


class Trial(NamedTuple):
    """`run(pipelines, size, tell)` raises AssertionError if something is wrong."""

    name: str
    run: Callable[[Pipelines, int, Tell], Survived]


@contextmanager
def grounds(folder: Path) -> Iterator[Pipelines]:
    """A broker and a database for trials alone."""
    with Broker(folder / "broker", jars_dir=JARS, tethered=True) as broker, Database(folder / "db", tethered=True) as database:
        made = Pipelines(broker, database, folder)
        try:
            yield made
        finally:
            made.close()


# one person --------------------------------------------------------------------------------------------------------------


def one_person(pipelines: Pipelines, size: int, tell: Tell) -> Survived:
    """Nine in ten touchpoints are of one case, the others of many small cases of the same customer.

    Recovery is what everybody else waits meanwhile: from sending a touchpoint until it is a journey in the views.
    """
    name = f"one person with {size:,} touchpoints"
    pipeline, others = pipelines(SHOP, **SESSION), [record for _, record in shop(5, OTHERS)]
    first, _ = pipeline.start(), pipeline.start()
    with DoublesWatch(pipeline.connect, pause_s=WATCH_S) as watch:
        waits_s = _waits_s(pipeline, size, others)
        tell(f"{name}: all sent, others waited {max(waits_s):.1f} s at most")
        first.drains()
        pipeline.start()
        pipeline.settle(END_MS, final=True, timeout_s=LONG_S)
    sent = [_purchase(number) for number in range(len(waits_s))]
    small = [record for number, record in enumerate(_giant(size)) if number % 10 == 0]
    shown = batch(SHOP, [*others, *sent, *small], Clock(END_MS, END_MS))
    assert_shown(pipeline.client, pipeline.settings.database, shown)
    receipts = pipeline.query("SELECT scope, person_id, address_id FROM v_quarantined")
    assert receipts == [("address", hash_id("customer", "g"), hash_id("case", "giant"))], receipts
    expected = len({each["event_id"] for each in chain(others, sent)}) + size
    return Survived(name, 1, expected - _landed(pipeline), len(watch.found) + len(doubles(pipeline.client)), waits_s)


def _waits_s(pipeline: Pipeline, size: int, others: list[Record]) -> list[float]:
    """While all of it is sent, a purchase now and then.  -> how long each took to be shown."""
    waits_s, over = list[float](), threading.Event()
    flood = threading.Thread(target=_flood, args=(pipeline, size, others, over), daemon=True)
    flood.start()
    while not over.wait(PROBE_S):
        waits_s.append(_shown_after_s(pipeline, _purchase(len(waits_s))))
    flood.join()
    return waits_s


def _giant(size: int) -> Iterator[Record]:
    cases = max(1, size // 10 // SMALL)
    for number in range(size):
        small, at_ms = number // 10, START_MS + number
        action = "case.opened" if number == 1 or (number % 10 == 0 and small < cases) else "case.noted"
        case = f"of-g{small % cases}" if number % 10 == 0 else "giant"
        known = {"customer": "g"} if action == "case.opened" else {}
        yield touch(action, at_ms, {"case": case, **known})


def _flood(pipeline: Pipeline, size: int, others: list[Record], over: threading.Event) -> None:
    coming = _giant(size)
    try:
        for at in range(0, size, PIECE):
            piece = islice(coming, PIECE)
            begin, end = (round(len(others) * part / size) for part in (at, min(size, at + PIECE)))
            pipeline.send(chain(piece, others[begin:end]), rate=GIANT_A_SECOND)
    finally:
        over.set()


def _purchase(number: int) -> Record:
    name = f"probe{number}"
    return touch("order.purchased", START_MS, {"order": name, "customer": name}, {"amount": 1.0}, region="BR")


def _shown_after_s(pipeline: Pipeline, probe: Record) -> float:
    began_s, order = time.monotonic(), probe["identifiers"][0]["value"]
    pipeline.send([probe])
    shown = "SELECT count() FROM v_journeys WHERE definition = 'order' AND instance = %(order)s"
    pipeline.eventually(shown, [(1,)], LONG_S, order=order)
    return time.monotonic() - began_s


# one clock ---------------------------------------------------------------------------------------------------------------


def one_clock(pipelines: Pipelines, size: int, tell: Tell) -> Survived:
    """So many cases that nobody answers, all due at one word of the clock.  While they are worked off three workers join at once;
    one of them leaves and one is killed while states are read back, and the one that was there first leaves.

    Recovery is from the word until all stand.
    """
    name = f"one clock by which {size:,} absences are due"
    pipeline = pipelines(UNANSWERED, **SESSION)
    first = pipeline.start()
    _open(pipeline, size)
    tell(f"{name}: {size:,} cases are open")
    with DoublesWatch(pipeline.connect, pause_s=WATCH_S) as watch:
        began_s = time.monotonic()
        pipeline.say(START_MS + 2 * DAY_MS)
        pipeline.eventually("SELECT count() > 0 FROM breakages", [(1,)])
        _come_and_go(pipeline, first)
        told = pipeline.query("SELECT uniqExact(instance) FROM breakages")[0][0]
        assert 0 < told < size, "they came and went when all was over"
        pipeline.landed(START_MS + 2 * DAY_MS, timeout_s=LONG_S)
        took_s = time.monotonic() - began_s
    read_s = max(_read_back_s(pipeline.workers))
    tell(f"{name}: {told:,} stood when workers had come and gone; a state was read back in {read_s:.1f} s at most")
    found = pipeline.query(BROKEN)
    assert found == [(size, size, size)], f"of {size} absences stand, are of different cases, and are right: {found}"
    return Survived(name, 1, size - _landed(pipeline), len(watch.found), [took_s])


def _open(pipeline: Pipeline, size: int) -> None:
    opened = (touch("case.opened", START_MS + number % HOUR_MS, {"case": f"c{number}"}) for number in range(size))
    while piece := list(islice(opened, PIECE)):
        pipeline.send(piece)
    pipeline.settle(START_MS + HOUR_MS, timeout_s=LONG_S)


def _come_and_go(pipeline: Pipeline, first: WorkerProcess) -> None:
    second, third, fourth = (pipeline.start() for _ in range(3))
    for each in (second, third):
        each.agent("stitch")
    pipeline.shared("stitch", 4)
    second.drains()
    third.kill()
    first.drains()
    fourth.says('"event": "restored"', PATIENCE_S)
    pipeline.start()


def _read_back_s(workers: list[WorkerProcess]) -> Iterator[float]:
    for worker in workers:
        for line in worker.said().splitlines():
            if '"event": "restored"' in line:
                yield float(json.loads(line)["seconds"])


def _landed(pipeline: Pipeline) -> int:
    return int(pipeline.query("SELECT uniqExact(source, event_id) FROM v_touchpoints")[0][0])


TRIALS = (Trial("size: one person", one_person), Trial("size: one clock", one_clock))
