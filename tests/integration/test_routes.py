"""Intake hears where touchpoints of an order have gone, and sends what follows there itself."""

import time
from collections.abc import Iterator

from streams import topology
from streams.core.log import Touchpoints, home, unpack_log
from streams.passing import Passing
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.touchpoints import touch
from tests.integration.definitions import ORDER, bundle

ORDERS = 12
STANDING = "SELECT min(touchpoints), max(touchpoints), uniqExact(person_id), count() FROM v_journeys"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _straight(pipeline: Pipeline) -> Iterator[tuple[int, Touchpoints]]:
    """Records of intake that lie where an owner is at home, with their partition."""
    with Passing(pipeline.settings) as passing:
        for record in passing.read(topology.LOG, passing.begins(topology.LOG)):
            packed = unpack_log(record.value)
            if isinstance(packed, Touchpoints) and packed.redirects:
                yield record.partition, packed


def test_touchpoints_of_an_order_go_straight_to_its_customer_once_the_first_ones_have(pipelines: Pipelines) -> None:
    """All of them count, whichever way they took, also behind a restart of intake, which knows nothing any more."""
    pipeline = pipelines(bundle(ORDER), clock="live")
    worker = pipeline.start()
    due = {"due": _now_ms() + 10**8, "amount": 1.0}
    pipeline.send(
        touch("order.purchased", _now_ms(), {"order": f"o{n}", "customer": f"c{n}"}, due, event_id=f"bought{n}")
        for n in range(ORDERS)
    )
    pipeline.eventually(STANDING, [(1, 1, ORDERS, ORDERS)])
    sent, until_s = 1, time.monotonic() + PATIENCE_S
    while not (straight := list(_straight(pipeline))):
        assert time.monotonic() < until_s, "intake has heard of no route"
        pipeline.send(touch("mail.received", _now_ms(), {"order": f"o{n}"}, event_id=f"mail{sent}-{n}") for n in range(ORDERS))
        sent += 1
        pipeline.eventually(STANDING, [(sent, sent, ORDERS, ORDERS)])
    partitions = pipeline.settings.log_partitions
    for partition, packed in straight:
        roots = {redirect.address: redirect.root for redirect in packed.redirects}
        assert all(root.startswith("customer:c") for root in roots.values())
        assert all(home(roots.get(each.address, each.address), partitions) == partition for each in packed.items)
    worker.drains()
    pipeline.start()
    pipeline.send(touch("mail.received", _now_ms(), {"order": f"o{n}"}, event_id=f"last-{n}") for n in range(ORDERS))
    pipeline.eventually(STANDING, [(sent + 1, sent + 1, ORDERS, ORDERS)])
