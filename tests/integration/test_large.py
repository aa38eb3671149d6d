"""No record is too large to be dealt with: the broker refuses it, or intake rejects it and goes on."""

import random

import pytest
from kafka import KafkaProducer
from kafka.errors import MessageSizeTooLargeError

from streams.agents.rejected_row import CUT_BYTES
from streams.topology import TOUCHPOINTS
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import HOUR_MS, touch
from tests.integration.definitions import FIRST

AT = 1_600_000_000_000
MB = 1 << 20
NOISE = random.Random(1).randbytes(10 * MB)


def put(pipeline: Pipeline, value: bytes, key: bytes = b"", compression: str | None = None) -> None:
    sender = KafkaProducer(
        bootstrap_servers=pipeline.settings.kafka_bootstrap, compression_type=compression, max_request_size=64 * MB,
    )  # fmt: skip
    try:
        sender.send(pipeline.settings.topic(TOUCHPOINTS), value, key, partition=0).get(60)
    finally:
        sender.close()


def test_records_up_to_what_the_broker_takes_and_beyond(pipelines: Pipelines) -> None:
    """10 MB: refused by the broker.  7 MB: a dead letter.  Just below the limit, and 40 MB that compress well: their beginnings."""
    pipeline = pipelines(FIRST)
    worker = pipeline.start()
    with pytest.raises(MessageSizeTooLargeError):
        put(pipeline, NOISE)
    put(pipeline, NOISE[: 7 * MB])
    put(pipeline, NOISE[: 8 * MB - 200])
    put(pipeline, b'{"source": "' + b"x" * 40 * MB, b"k" * MB, "gzip")
    pipeline.send([touch("case.opened", AT, {"case": "behind them", "customer": "c"})], partition=0)
    pipeline.settle(AT + HOUR_MS)
    worker.check()
    assert pipeline.query("SELECT count() FROM v_touchpoints") == [(1,)]
    query = "SELECT reason, detail, value FROM rejected_touchpoints FINAL ORDER BY offset"
    kept = pipeline.client.execute(query, settings={"strings_as_bytes": True})
    assert [(reason, len(value)) for reason, _, value in kept] == [(b"too_large", size) for size in (7 * MB, CUT_BYTES, CUT_BYTES)]
    assert kept[0][2] == NOISE[: 7 * MB]
    assert kept[2][1].endswith(b"; of 41,943,052 bytes the first 65,536 are kept")
