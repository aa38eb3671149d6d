"""When the time of a region is over: what the broker keeps, and what `verify` says of what is left."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from deploy.local.broker import Broker
from deploy.local.database import Database
from sinks.clickhouse.retention import BY_REGION, keep
from streams import topics, topology
from streams.topology import TOPICS
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, shop
from tests.fixtures.touchpoints import DAY_MS, Record, touch
from tests.integration.test_verify import END_MS, definitions

COUNT = 800


@pytest.fixture(scope="module")
def shopped(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("retention"))
    pipeline = made(definitions(1, "48h"))
    pipeline.start()
    pipeline.send([record for _, record in shop(5, COUNT)] + list(linked_long_ago()))
    pipeline.settle(END_MS, final=True)
    yield pipeline
    made.close()


def linked_long_ago() -> Iterator[Record]:
    """People whom only a touchpoint that will be gone makes one: a cookie and its customer, an order and its customer."""
    for number in range(5):
        cookie, customer, lately = f"k{number}", f"old{number}", START_MS + SPAN_MS - DAY_MS
        yield touch("account.login", START_MS, {"cookie": cookie, "customer": customer})
        yield touch("order.purchased", START_MS, {"order": f"first{number}", "customer": customer})
        yield touch("order.purchased", lately, {"order": f"second{number}", "cookie": cookie})
        yield touch("payment.failed", lately, {"order": f"first{number}"})
        yield touch("case.opened", lately, {"case": f"only{number}", "customer": customer})


def verified(pipeline: Pipeline, retention: dict[str, int], code: int = 0) -> dict[str, Any]:
    """`retention` as the setting, in days."""
    before, pipeline.settings = pipeline.settings, pipeline.settings.model_copy(update={"retention": retention})
    try:
        told: dict[str, Any] = json.loads(pipeline.command("verify", "--json", code=code))
    finally:
        pipeline.settings = before
    return told


def test_what_is_left_is_what_the_touchpoints_say_that_are_left(shopped: Pipeline) -> None:
    """A sixth of a crowd's two months goes.  Who linked then is still one person now, and who has lived since then is compared."""
    days = (round(time.time() * 1_000) - START_MS - SPAN_MS // 6) // DAY_MS
    client = shopped.connect()
    keep(client, {"default": days})
    for table in BY_REGION:
        client.execute(f"OPTIMIZE TABLE {table} FINAL")
    ((left, first),) = client.execute("SELECT count(), min(occurred_at) FROM touchpoints FINAL")
    client.disconnect()
    assert 0 < left < COUNT
    assert first.timestamp() * 1_000 >= START_MS + SPAN_MS // 6 - DAY_MS
    told = verified(shopped, {"default": days})
    assert (told["differences"], told["first"], told["settled"]) == (0, [], True)
    assert 0 < told["expired"] < told["people"]  # others are compared
    assert verified(shopped, {}, code=5)["differences"] > 0  # without knowing that rows went


def test_topics_that_exist_are_kept_no_longer_than_allowed_and_else_left_as_they_are(pipelines: Pipelines) -> None:
    pipeline = pipelines(None)
    name = pipeline.settings.topic
    own = {name(topology.REJECTED): {"retention.ms": "-1"}, name(topology.RECEIPTS): {"retention.ms": "1000000"}}
    with topics.admin(pipeline.settings) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, its) for topic, its in own.items()])
    topics.apply(pipeline.settings)
    assert of(pipeline, pipeline.settings)[topology.REJECTED]["retention.ms"] == "-1"  # nobody set how long

    settings = pipeline.settings.model_copy(update={"retention": {"default": 60, "eu": 20}})
    topics.apply(settings)
    now = of(pipeline, settings)
    assert now[topology.REJECTED]["retention.ms"] == now[topology.LOG]["retention.ms"] == str(20 * DAY_MS)
    assert now[topology.TOUCHPOINTS]["retention.ms"] == str(7 * DAY_MS)
    assert now[topology.RECEIPTS]["retention.ms"] == "1000000"
    journeys = now[topology.JOURNEYS]
    assert (journeys["cleanup.policy"], journeys["retention.ms"]) == ("compact,delete", str(60 * DAY_MS))
    assert now[topology.STATE]["cleanup.policy"] == now[topology.IDENTITY_STATE]["cleanup.policy"] == "compact"
    assert now[topology.TOUCHPOINTS]["message.timestamp.type"] == "LogAppendTime"  # what was not to change did not
    assert [topic.name for topic in topics.plan(settings) if topic.shortened] == []


def of(pipeline: Pipeline, settings: Any) -> dict[str, dict[str, str]]:
    with topics.admin(settings) as admin:
        resources = [ConfigResource(ConfigResourceType.TOPIC, pipeline.settings.topic(topic.name)) for topic in TOPICS]
        answered = admin.describe_configs(resources, config_filter="all")["topic"]
    return {
        name.partition(".")[2]: {key: str(entry["value"]) for key, entry in values.items()} for name, values in answered.items()
    }
