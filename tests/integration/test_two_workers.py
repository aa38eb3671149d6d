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
    first = pipeline.start()
    sending = threading.Thread(target=pipeline.send, args=(records,), kwargs={"rate": RATE})
    sending.start()
    first.says('"event": "restored"')
    second = pipeline.start()
    second.says('"event": "restored"')  # it has taken up a partition of the log, so the two share them
    assert second.terminate(pipeline.settings.drain_s + 5) == 0
    sending.join()
    pipeline.settle(END_MS, final=True)
    expected = batch(bundle, records, Clock(END_MS, END_MS))
    assert_shown(pipeline.client, pipeline.settings.database, expected)
    assert doubles(pipeline.client) == []
