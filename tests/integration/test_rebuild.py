"""What was lost stops the workers with a word on the way back; `throughline rebuild` leads there, to the very same rows."""

import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from kafka import KafkaProducer, TopicPartition

from deploy.local.broker import Broker
from deploy.local.database import Database
from sinks.clickhouse.migrate import migrate
from streams import topics, topology
from streams.core.life import REMEDY
from streams.core.log import Touchpoints, pack
from streams.core.stitch.state import BUCKET
from streams.core.verdict import NEVER, Clock
from streams.definitions import SHIPPED, load_bundle
from streams.passing import Passing
from streams.publishing import apply_bundle
from streams.resetting import renew
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, shop
from tests.fixtures.touchpoints import DAY_MS, touch
from tests.fixtures.views import doubles
from tests.sinks.samples import touchpoint
from tests.sinks.test_minutes import DIFFERENT

COUNT, LATER = 2_000, 300  # touchpoints that landed; that come while nobody works
END_MS = START_MS + SPAN_MS + 30 * DAY_MS
BUNDLE = load_bundle([SHIPPED])
RECORDS = [record for _, record in shop(9, COUNT + LATER)]


@pytest.fixture(scope="module")
def held(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """All of these tests leave it as they found it: whole, and at rest."""
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("rebuilt"))
    pipeline = made(BUNDLE, session_timeout_s=6.0)
    pipeline.send(RECORDS[:COUNT])
    work(pipeline, RECORDS[:COUNT])
    yield pipeline
    made.close()


def work(pipeline: Pipeline, records: list) -> None:
    """Workers do what there is to do, and stop; then the views show what one computation over all gives."""
    worker = pipeline.start()
    pipeline.settle(END_MS, final=True, timeout_s=2 * PATIENCE_S)
    pipeline.eventually(DIFFERENT, [])
    assert_shown(pipeline.client, pipeline.settings.database, batch(BUNDLE, records, Clock(END_MS, END_MS)))
    assert doubles(pipeline.client) == []
    worker.drains()


def stopped(pipeline: Pipeline, *complaints: str) -> None:
    worker = pipeline.start()
    assert worker.ended(PATIENCE_S) == 1
    for complaint in complaints:
        assert complaint in worker.said()


def entry(pipeline: Pipeline) -> tuple[int, bytes, bytes]:
    """Partition, key and value of somebody's state, as it stands."""
    with Passing(pipeline.settings) as passing:
        begins = passing.begins(topology.STATE)
        standing = {(each.partition, each.key): each.value for each in passing.read(topology.STATE, begins)}
    return next((*place, value) for place, value in standing.items() if place[1][:1] == BUCKET and value is not None)


def put_entry(pipeline: Pipeline, partition: int, key: bytes, value: bytes | None) -> None:
    producer = KafkaProducer(bootstrap_servers=pipeline.settings.kafka_bootstrap)
    producer.send(pipeline.settings.topic(topology.STATE), value, key, partition=partition).get(30)
    producer.close()


def damage_an_entry(pipeline: Pipeline) -> None:
    partition, key, _ = entry(pipeline)
    put_entry(pipeline, partition, key, b"\xc1")


def truncate_the_state(pipeline: Pipeline) -> None:
    """Half of what each partition held is there again, as after a disk that lost a segment."""
    with Passing(pipeline.settings) as passing:
        kept = [*passing.read(topology.STATE, passing.begins(topology.STATE))]
    renew(pipeline.settings, [topology.STATE])
    producer = KafkaProducer(bootstrap_servers=pipeline.settings.kafka_bootstrap)
    for partition in range(pipeline.settings.log_partitions):
        its = [record for record in kept if record.partition == partition]
        for record in its[: len(its) // 2]:
            producer.send(pipeline.settings.topic(topology.STATE), record.value, record.key, partition=partition)
    producer.flush()
    producer.close()


def make_the_log_anew(pipeline: Pipeline) -> None:
    renew(pipeline.settings, [topology.LOG])


def lose_state_and_the_beginning_of_the_log(pipeline: Pipeline) -> None:
    """As after a downtime that was longer than the log's retention."""
    renew(pipeline.settings, [topology.STATE])
    delete_up_to_the_end(pipeline, topology.LOG)


def delete_up_to_the_end(pipeline: Pipeline, name: str) -> None:
    topic = next(each for each in topology.TOPICS if each.name == name)
    places = [TopicPartition(pipeline.settings.topic(name), part) for part in range(topology.partitions(topic, pipeline.settings))]
    with topics.admin(pipeline.settings) as admin:
        admin.delete_records(dict.fromkeys(places, -1))


def lose_kafka(pipeline: Pipeline) -> None:
    renew(pipeline.settings, [topic.name for topic in topology.TOPICS])
    apply_bundle(pipeline.settings, BUNDLE, NEVER)


class Loss(NamedTuple):
    lose: Callable[[Pipeline], None]
    complaint: str


LOSSES = [
    Loss(damage_an_entry, "an entry of person.state cannot be read"),
    Loss(truncate_the_state, "some were lost"),
    Loss(make_the_log_anew, "person.log is not the topic that person.state was made from"),
    Loss(lose_state_and_the_beginning_of_the_log, "records are missing"),
    Loss(lose_kafka, "the tables were made from other topics"),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.lose.__name__)
def test_what_is_lost_stops_the_workers_and_is_rebuilt_from_the_touchpoints(held: Pipeline, loss: Loss) -> None:
    loss.lose(held)
    stopped(held, loss.complaint, REMEDY)
    told = json.loads(held.command("rebuild", "--json"))
    assert (told["touchpoints"] > 0.9 * COUNT, told["from_input"], told["gone"]) == (True, 0, {})
    work(held, RECORDS[:COUNT])


def test_a_state_that_is_deleted_is_made_again_from_a_log_that_is_whole(held: Pipeline) -> None:
    """What is made again outbids what landed before, so nothing has to be rebuilt."""
    renew(held.settings, [topology.STATE])
    held.send(RECORDS[:10])
    work(held, RECORDS[:COUNT])


def test_an_entry_that_is_gone_is_missed(held: Pipeline) -> None:
    """And with a copy of it in its place all goes on."""
    partition, key, value = entry(held)
    put_entry(held, partition, key, None)
    stopped(held, "its position counts", REMEDY)
    put_entry(held, partition, key, value)
    work(held, RECORDS[:COUNT])


def test_tables_that_are_gone_are_landed_again_from_the_topics(held: Pipeline) -> None:
    database = held.settings.database
    held.query(f"DROP DATABASE {database} SYNC")
    stopped(held, "the database is not prepared: run `throughline migrate`")
    admin = held._connect("default")
    migrate(admin, database)
    admin.disconnect()
    stopped(held, "the tables are empty, and land had landed before", "`throughline rebuild --tables`")
    assert json.loads(held.command("rebuild", "--tables", "--json")) == {"person_log_begins": {}}
    work(held, RECORDS[:COUNT])


def test_a_rebuild_that_was_interrupted_keeps_agents_from_working(held: Pipeline) -> None:
    """It is repeated, though what it had sent has not landed."""
    held.put(topology.LOG, pack(Touchpoints([touchpoint("never landed", address="customer:nobody")])))
    producer = KafkaProducer(bootstrap_servers=held.settings.kafka_bootstrap)
    producer.send(held.settings.topic(topology.DEFINITIONS), b"2026-01-01T00:00:00+00:00", b"rebuild", partition=0).get(30)
    producer.close()
    stopped(held, "a rebuild began at 2026-01-01T00:00:00+00:00 and has not ended: run `throughline rebuild` again")
    held.command("rebuild")
    work(held, RECORDS[:COUNT])


def test_nobody_rebuilds_under_workers_or_over_what_has_not_landed(held: Pipeline) -> None:
    worker = held.start("worker", "--only", "stitch")
    worker.says('"event": "restored"')
    held.command("rebuild", code=5)
    worker.drains()
    agents = [held.start("worker", "--only", "intake,identity,stitch")]
    held.send([touch("site.visited", START_MS, {"customer": "nobody-lands"})])
    with Passing(held.settings, time.monotonic() + PATIENCE_S) as passing:
        passing.wait("intake", topology.TOUCHPOINTS, passing.last(topology.TOUCHPOINTS))
    assert [agent.terminate() for agent in agents] == [0]
    held.command("rebuild", code=5)
    work(held, RECORDS[:COUNT])


def test_touchpoints_that_were_taken_and_never_landed_come_from_the_input(held: Pipeline) -> None:
    intake = held.start("worker", "--only", "intake")
    held.send(RECORDS[COUNT:])
    with Passing(held.settings, time.monotonic() + PATIENCE_S) as passing:
        passing.wait("intake", topology.TOUCHPOINTS, passing.last(topology.TOUCHPOINTS))
    intake.drains()
    make_the_log_anew(held)
    told = json.loads(held.command("rebuild", "--json"))
    assert 0.9 * LATER < told["from_input"] <= LATER
    work(held, RECORDS)


def test_a_log_that_lost_what_nobody_had_read_yet_stops_the_workers(held: Pipeline) -> None:
    """As after a downtime of stitch and land beyond the retention of the log: what it held comes from the input topic."""
    intake = held.start("worker", "--only", "intake")
    held.send(RECORDS[:10])
    with Passing(held.settings, time.monotonic() + PATIENCE_S) as passing:
        passing.wait("intake", topology.TOUCHPOINTS, passing.last(topology.TOUCHPOINTS))
    intake.drains()
    delete_up_to_the_end(held, topology.LOG)
    stopped(held, "person.log", "records are missing", REMEDY)
    assert json.loads(held.command("rebuild", "--json"))["log_gone"] > 0
    work(held, RECORDS)


def test_what_the_input_topic_lost_before_it_was_read_is_counted(held: Pipeline) -> None:
    held.send(RECORDS[:10])
    delete_up_to_the_end(held, topology.TOUCHPOINTS)
    stopped(held, "touchpoints", "records are missing", REMEDY)
    told = json.loads(held.command("rebuild", "--json"))
    assert sum(told["gone"].values()) == 10
    work(held, RECORDS)
