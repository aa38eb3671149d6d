"""A fault of ours stops the worker with exit code 1 and says what to do; nothing is committed behind it."""

import errno
import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.local.daemon import has_ended
from streams import topics, topology
from streams.cli.reach import reaching
from streams.core.log import Activation, Link, Links, Redirect, Redirects, pack
from streams.core.verdict import NEVER
from streams.settings import ConfigurationError, Settings
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.integration.definitions import FIRST


@dataclass(frozen=True)
class Keeper:
    """An agent that keeps its position in a topic of its own: what it reads, where it keeps it, a record that changes it."""

    agent: str
    reads: str
    keeps: str
    record: bytes
    complaint: str


MOVES = pack(Redirects([Redirect("order:o", "customer:c", 1)]))
LINKS = pack(Links([Link("order:o", "customer:c", (1, 0, "event", "source"))]))
KEEPERS = [
    Keeper("stitch", topology.LOG, topology.STATE, MOVES, "person.log is not the topic that person.state was made from"),
    Keeper(
        "identity",
        topology.LINKS,
        topology.IDENTITY_STATE,
        LINKS,
        "is not the topic that identity.state was made from",
    ),
]


def _length(pipeline: Pipeline, topic: str) -> int:
    consumer = KafkaConsumer(bootstrap_servers=pipeline.settings.kafka_bootstrap)
    place = TopicPartition(pipeline.settings.topic(topic), 0)
    (length,) = consumer.end_offsets([place]).values()
    consumer.close()
    return int(length)


def _await_state(pipeline: Pipeline, topic: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not _length(pipeline, topic):
        pipeline.check()
        assert time.monotonic() < until, f"{topic} stays empty"
        time.sleep(0.2)


def test_an_unknown_bundle_stops_the_worker(pipelines: Pipelines) -> None:
    """Whoever is started after it stops, too: it is not passed over."""
    pipeline = pipelines(FIRST, session_timeout_s=6.0)  # so long the second waits for the first, which left without a word
    pipeline.put(topology.LOG, pack(Activation("0" * 32, NEVER)))
    for worker in (pipeline.start("worker", "--only", "stitch"), pipeline.start("worker", "--only", "stitch")):
        assert worker.ended(PATIENCE_S) == 1
        assert f"has no bundle {'0' * 32}: publish it with `throughline journeys apply`" in worker.said()


@pytest.mark.parametrize("keeper", KEEPERS, ids=lambda keeper: keeper.agent)
def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one(pipelines: Pipelines, keeper: Keeper) -> None:
    pipeline = pipelines(None)
    pipeline.put(keeper.reads, keeper.record)
    worker = pipeline.start("worker", "--only", keeper.agent)
    _await_state(pipeline, keeper.keeps)
    worker.drains()
    with topics.admin(pipeline.settings) as admin:
        admin.delete_topics([pipeline.settings.topic(keeper.reads)])
    topics.apply(pipeline.settings)
    length = _length(pipeline, keeper.keeps)
    other_life = pipeline.start("worker", "--only", keeper.agent)
    assert other_life.ended(PATIENCE_S) == 1
    assert keeper.complaint in other_life.said()
    assert _length(pipeline, keeper.keeps) == length


def test_a_data_directory_that_cannot_be_made_is_said_to_be_one(pipelines: Pipelines, tmp_path: Path) -> None:
    """And not taken for a server that does not answer."""
    (tmp_path / "file").touch()
    worker = pipelines(FIRST).start("worker", "--only", "stitch", data_dir=tmp_path / "file" / "data")
    assert worker.ended(PATIENCE_S) == 1
    assert "data/faust/stitch cannot be read or written (Not a directory)" in worker.said()
    assert "ClickHouse" not in worker.said()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_read_only_is_not_taken_for_a_server_that_does_not_answer(number: int) -> None:
    with pytest.raises(ConfigurationError, match="set data_dir to another directory"), reaching(Settings(data_dir=Path("data"))):
        raise OSError(number, os.strerror(number))


def test_a_worker_ends_with_the_first_of_its_agents(pipelines: Pipelines) -> None:
    pipeline = pipelines(FIRST)
    worker = pipeline.start("worker", "--only", "intake,stitch")
    intake, stitch = worker.agent("intake"), worker.agent("stitch")
    worker.says('"event": "restored"')
    intake.kill()
    assert worker.ended() == 1
    assert has_ended(stitch)


def test_agents_do_not_outlive_a_worker_that_was_killed(pipelines: Pipelines) -> None:
    worker = pipelines(FIRST).start("worker", "--only", "stitch,identity")
    agents = [worker.agent("stitch"), worker.agent("identity")]
    worker.says('"event": "restored"')
    worker.kill()
    _, alive = psutil.wait_procs(agents, timeout=PATIENCE_S)
    assert alive == []
