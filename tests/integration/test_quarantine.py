"""One that is too large is left out with one receipt; for everybody else it is as if it had never been."""

import json
import random
from collections.abc import Iterator
from itertools import chain
from typing import Any

from streams.core.definition import Bundle, bundle_of
from streams.core.touchpoint import hash_id
from streams.core.verdict import Clock
from streams.definitions import SHIPPED, load_bundle
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, shop
from tests.fixtures.touchpoints import DAY_MS, Record, touch
from tests.fixtures.views import doubles

COUNT, MANY, MOST = 1_500, 30_000, 1_000  # touchpoints of others; of one case; that there may be
END_MS = START_MS + SPAN_MS + 30 * DAY_MS
BUNDLE = load_bundle([SHIPPED])
GIANT, OWNER = {"case": "giant"}, {"case": "giant", "customer": "g"}
RECEIPTS = "SELECT scope, person_id, address_id, address_type, most_touchpoints FROM v_quarantined"
VISIT = """
journey: visit
version: 1
instance: {episode: {gap: 3d}}
opens: [order.purchased, case.opened]
"""


def giant(numbers: range) -> Iterator[Record]:
    """A case that an integration writes notes to, again and again; whose it is the first one says that comes last."""
    return (touch("case.opened" if n == 0 else "case.noted", START_MS + n, GIANT if n else OWNER) for n in numbers)


def verified(pipeline: Pipeline) -> tuple[int, bool, int]:
    found: dict[str, Any] = json.loads(pipeline.command("verify", "--json"))
    return found["differences"], found["settled"], found["quarantined"]


def shown(pipeline: Pipeline, bundle: Bundle, records: list[Record]) -> None:
    assert_shown(pipeline.client, pipeline.settings.database, batch(bundle, records, Clock(END_MS, END_MS)))
    assert doubles(pipeline.client) == []


def test_everybody_else_goes_on_and_a_larger_limit_brings_it_back(pipelines: Pipelines) -> None:
    """Its case moves to its owner when it is quarantined already; workers start anew in the middle of it."""
    pipeline = pipelines(BUNDLE, most_touchpoints=MOST, session_timeout_s=6.0)
    others = [record for _, record in shop(5, COUNT)]
    mine = [touch("order.purchased", START_MS, {"order": "of-g", "customer": "g"}, {"amount": 1.5}, region="BR")]
    pipeline.send(chain(others[: COUNT // 2], giant(range(1, MANY // 2))))
    first = pipeline.start()
    pipeline.eventually("SELECT count() FROM v_quarantined", [(1,)])
    first.drains()
    second = pipeline.start()
    pipeline.send(chain(giant(range(MANY // 2, MANY)), giant(range(1, 500)), others[COUNT // 2 :], mine, giant(range(1))))
    pipeline.settle(END_MS, final=True, timeout_s=2 * PATIENCE_S)
    assert pipeline.query(RECEIPTS) == [("address", hash_id("customer", "g"), hash_id("case", "giant"), "case", MOST)]
    assert pipeline.query("SELECT touchpoints > most_touchpoints, first_at < last_at FROM v_quarantined") == [(1, 1)]
    shown(pipeline, BUNDLE, [*others, *mine])
    assert verified(pipeline) == (0, True, 1)
    assert pipeline.query("SELECT count() FROM v_touchpoints WHERE address_value = 'giant'") == [(MANY,)]
    said = first.log.read_text() + second.log.read_text()
    assert (said.count('"quarantined"'), "giant" in said) == (1, False)
    second.drains()

    pipeline.settings = pipeline.settings.model_copy(update={"most_touchpoints": 2 * MANY})
    pipeline.command("rebuild")
    third = pipeline.start()
    pipeline.settle(END_MS, final=True, timeout_s=2 * PATIENCE_S)
    assert pipeline.query("SELECT count() FROM v_quarantined") == [(0,)]
    assert pipeline.query("SELECT touchpoints, person_id FROM v_journeys WHERE instance = 'giant'") == [
        (MANY, hash_id("customer", "g"))
    ]
    assert verified(pipeline) == (0, True, 0)
    third.drains()


def test_few_touchpoints_that_are_too_large_are_left_out_and_come_back(pipelines: Pipelines) -> None:
    """Forty notes of 300 kB for one case are more than one record of state may be; under a larger limit they are a journey."""
    pipeline = pipelines(BUNDLE, session_timeout_s=6.0)
    others = [record for _, record in shop(7, COUNT // 3)]
    note = [{"note": random.Random(n).randbytes(150_000).hex()} for n in range(40)]  # nothing that compresses much
    large = [touch("case.opened" if n == 0 else "case.noted", START_MS + n, GIANT, note[n]) for n in range(40)]
    first = pipeline.start()
    for at in range(0, len(large), 10):
        pipeline.send(large[at : at + 10])
    pipeline.send(others)
    pipeline.settle(END_MS, final=True, timeout_s=2 * PATIENCE_S)
    assert pipeline.query("SELECT scope, address_type, most_touchpoints, most_kept_bytes FROM v_quarantined") == [
        ("address", "case", 10_000, 4 << 20)
    ]
    assert pipeline.query("SELECT kept_bytes > most_kept_bytes, touchpoints BETWEEN 14 AND 40 FROM v_quarantined") == [(1, 1)]
    shown(pipeline, BUNDLE, others)
    assert verified(pipeline) == (0, True, 1)
    first.drains()

    pipeline.settings = pipeline.settings.model_copy(update={"most_kept_bytes": 14 << 20, "max_record_bytes": 10 << 20})
    pipeline.command("topics", "apply")
    pipeline.command("rebuild")
    second = pipeline.start()
    pipeline.settle(END_MS, final=True, timeout_s=2 * PATIENCE_S)
    assert pipeline.query("SELECT count() FROM v_quarantined") == [(0,)]
    shown(pipeline, BUNDLE, [*others, *large])
    assert verified(pipeline) == (0, True, 0)
    second.drains()


def test_a_person_as_a_whole_is_left_out_and_all_that_it_has_stays(pipelines: Pipelines) -> None:
    """Somebody with more orders than a person may have touchpoints: each order stands, and no visit of theirs."""
    bundle = bundle_of(
        [("visit.yaml", VISIT), ("order.yaml", "journey: order\nversion: 1\ninstance: order\nopens: order.purchased\n")]
    )
    pipeline = pipelines(bundle, most_touchpoints=40)
    others = [record for _, record in shop(6, COUNT // 3)]
    theirs = [touch("order.purchased", START_MS + n, {"order": f"g{n}", "customer": "g"}) for n in range(100)]
    pipeline.start()
    pipeline.send([*others, *theirs])
    pipeline.settle(END_MS, final=True)
    person = hash_id("customer", "g")
    assert pipeline.query(RECEIPTS) == [("person", person, person, "", 40)]
    found = "SELECT definition, count() FROM v_journeys WHERE person_id = %(person)s GROUP BY 1"
    assert pipeline.query(found, person=person) == [("order", 100)]
    assert pipeline.query("SELECT count() > 50 FROM v_journeys WHERE definition = 'visit'") == [(1,)]
    assert verified(pipeline) == (0, True, 1)
