"""Workers come and go while touchpoints flow: they share the partitions, and the result is that of one computation over all."""

import threading

from streams.core.verdict import Clock
from streams.definitions import SHIPPED, load_bundle
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.pipeline import Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, shop
from tests.fixtures.touchpoints import DAY_MS
from tests.fixtures.views import doubles

COUNT, RATE = 12_000, 800.0
END_MS = START_MS + SPAN_MS + 30 * DAY_MS


def test_workers_share_partitions_and_one_that_leaves_drains(pipelines: Pipelines) -> None:
    bundle, records = load_bundle([SHIPPED]), [record for _, record in shop(11, COUNT)]
    pipeline = pipelines(bundle)
    pipeline.start()
    sending = threading.Thread(target=pipeline.send, args=(records,), kwargs={"rate": RATE})
    sending.start()
    pipeline.shared("stitch", 1)
    second = pipeline.start()
    for agent in ("intake", "stitch", "land"):
        pipeline.shared(agent, 2)
    assert second.terminate(pipeline.settings.drain_s + 5) == 0
    sending.join()
    pipeline.settle(END_MS, final=True)
    expected = batch(bundle, records, Clock(END_MS, END_MS))
    assert_shown(pipeline.client, pipeline.settings.database, expected)
    assert doubles(pipeline.client) == []
