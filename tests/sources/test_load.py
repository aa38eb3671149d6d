"""Loading over a real broker: everything once and in order, from where it stopped, and never half a word about a failure."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from deploy.local.broker import Broker
from streams.core.decode import record_decoder
from streams.settings import ConfigurationError, Settings, load_settings
from streams.sources import load as loading
from streams.sources import produce as producing
from streams.sources.load import Job, Summary, load
from streams.sources.produce import find_topic
from streams.sources.replay import Replay
from streams.sources.rows import Source
from streams.topics import BrokerUnreachable
from streams.topology import TOUCHPOINTS

ROWS = 30_000
PARTITIONS = 3
MAPPING = f"""
SELECT 'shop' AS source, 'event ' || n AS event_id, TIMESTAMP '2025-06-01' + INTERVAL 1 SECOND * n AS occurred_at,
  if(n % 1000 = 999, 'robot', 'human') AS origin, 'order.delivered' AS action, 'order ' || n % 100 AS identifier_order,
  getvariable('loaded_at') AS channel
FROM range({ROWS}) numbers(n), t ORDER BY n
"""
GOOD = ROWS - ROWS // 1000


@pytest.fixture
def settings(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    name = f"load_{abs(hash(request.node.name)) % 10**8}"
    made = load_settings(kafka_bootstrap=broker.bootstrap, namespace=name, data_dir=tmp_path / "data")
    create(made)
    yield made
    drop(made)


def create(settings: Settings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    wanted = {"num_partitions": PARTITIONS, "replication_factor": 1}
    admin.create_topics({settings.topic(TOUCHPOINTS): wanted}, wait_for_metadata=True)
    admin.close()


def drop(settings: Settings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    admin.delete_topics([settings.topic(TOUCHPOINTS)])
    admin.close()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "m.sql").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "t.csv").write_text("a\n1\n", encoding="utf-8")
    return Source(str(tmp_path / "m.sql"), [tmp_path / "t.csv"])


def run(job: Job, settings: Settings) -> Summary:
    return load(job, settings, find_topic(settings, TOUCHPOINTS), lambda _done, _total: None)


def read(settings: Settings) -> list[Any]:
    """Every record, in the order of its partition."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap)
    try:
        places = [TopicPartition(settings.topic(TOUCHPOINTS), partition) for partition in range(PARTITIONS)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        left = sum(consumer.end_offsets(places).values())
        records: list[Any] = []
        while len(records) < left:
            for several in consumer.poll(1_000).values():
                records += several
        return records
    finally:
        consumer.close()


@pytest.mark.parametrize("form", ["avro", "json"])
def test_everything_arrives_once_and_in_order(settings: Settings, source: Source, form: Any) -> None:
    """Within a partition in the order of the mapping, all of one order in one partition; what no contract carries is counted."""
    summary = run(Job(source, format=form), settings)
    records, decode = read(settings), record_decoder()
    assert (summary.read, summary.sent, summary.rejected_by_mapping) == (ROWS, GOOD, ROWS - GOOD)
    assert len(records) == GOOD
    places: dict[bytes, set[int]] = {}
    last: dict[int, int] = {}
    for record in records:
        found = decode(record.value)
        places.setdefault(record.key, set()).add(record.partition)
        assert record.key.decode() == f"order:{found['identifiers'][0]['value']}"
        assert found["occurred_at"] > last.get(record.partition, 0)
        last[record.partition] = found["occurred_at"]
        assert record.headers == []
    assert len(last) == PARTITIONS
    assert all(len(partitions) == 1 for partitions in places.values())


def test_a_history_load_carries_its_name(settings: Settings, source: Source) -> None:
    run(Job(source, name="last year"), settings)
    assert {tuple(record.headers) for record in read(settings)} == {(("throughline-load", b"last year"),)}


def test_what_a_live_clock_takes_for_too_late_is_counted_unless_it_is_a_history_load(settings: Settings, source: Source) -> None:
    """It lands and changes no journey: who loads last year into a live deployment would see nothing, and not be told why."""
    assert run(Job(source), settings).too_late == GOOD
    assert run(Job(source, name="last year"), settings).too_late == 0
    assert run(Job(source), settings.model_copy(update={"clock": "held"})).too_late == 0
    assert run(Job(source), settings.model_copy(update={"late_horizon_s": 100 * 365 * 86_400.0})).too_late == 0


def test_a_hard_replay_sends_copies_and_damage_and_counts_them(settings: Settings, source: Source) -> None:
    summary = run(Job(Source(source.mapping, source.paths, replay=Replay(5, 0.1, 0.01))), settings)
    assert summary.sent == GOOD + summary.duplicates + summary.broken.total() == len(read(settings))
    assert summary.duplicates > 0
    assert summary.broken.total() > 0


def interrupted(job: Job, settings: Settings, monkeypatch: pytest.MonkeyPatch, after_rows: int) -> None:
    """Runs until so many rows are handed over, then stops as Ctrl-C does."""
    monkeypatch.setattr(loading, "_CHUNK_ROWS", 1_000)
    monkeypatch.setattr(loading, "_SAVE_EVERY_S", 0.0)

    def stop(done: int, _total: int) -> None:
        if done >= after_rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(job, settings, find_topic(settings, TOUCHPOINTS), stop)


def test_an_interrupted_load_continues(settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is missing in the end, what is repeated is the same, and the time of loading stays the first one's."""
    interrupted(Job(source), settings, monkeypatch, 20_000)
    time.sleep(1.1)
    summary = run(Job(source), settings)
    assert summary.skipped > 0
    assert summary.skipped + summary.read == ROWS
    decode = record_decoder()
    found = {record["event_id"]: record["channel"] for record in (decode(kept.value) for kept in read(settings))}
    assert len(found) == GOOD
    assert len(set(found.values())) == 1


def test_a_broker_that_dies_interrupts_and_nothing_is_lost(
    settings: Settings, source: Source, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 in the middle: one error, the position stays, and the next run brings the rest."""
    monkeypatch.setattr(loading, "_CHUNK_ROWS", 1_000)
    monkeypatch.setattr(producing, "_TIMEOUT_MS", 3_000)

    def kill(done: int, _total: int) -> None:
        if done == 15_000:
            broker.kill()

    with pytest.raises(BrokerUnreachable):
        load(Job(source), settings, find_topic(settings, TOUCHPOINTS), kill)
    broker.start()
    summary, decode = run(Job(source), settings), record_decoder()
    assert 0 < summary.skipped <= 15_000
    assert {decode(kept.value)["event_id"] for kept in read(settings)} == {f"event {n}" for n in range(ROWS) if n % 1000 != 999}


def test_a_finished_load_begins_anew(settings: Settings, source: Source) -> None:
    run(Job(source), settings)
    assert list((settings.data_dir / "loads").iterdir()) == []
    assert run(Job(source), settings).skipped == 0


def test_restart_forgets_where_it_stopped(settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(Job(source), settings, monkeypatch, 20_000)
    assert run(Job(source, restart=True), settings).skipped == 0


def test_a_topic_made_anew_gets_everything(settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """The position belongs to the topic that acknowledged it."""
    interrupted(Job(source), settings, monkeypatch, 20_000)
    drop(settings)
    time.sleep(1.0)
    create(settings)
    assert run(Job(source), settings).skipped == 0
    assert len(read(settings)) == GOOD


def test_changed_files_are_another_load(settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(Job(source), settings, monkeypatch, 20_000)
    Path(source.paths[0]).write_text("a\n22\n", encoding="utf-8")
    assert run(Job(source), settings).skipped == 0


def test_rows_in_another_order_are_not_continued(settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skipping by number would lose rows silently; it is an error that says what to do."""
    Path(source.mapping).write_text(MAPPING.replace("ORDER BY n", "ORDER BY random()"), encoding="utf-8")
    interrupted(Job(source), settings, monkeypatch, 20_000)
    with pytest.raises(ConfigurationError, match=r"rows come in another order .* --restart"):
        run(Job(source), settings)


def test_a_rate_is_held(settings: Settings, source: Source) -> None:
    Path(source.mapping).write_text(MAPPING.replace(str(ROWS), "900"), encoding="utf-8")
    summary = run(Job(source, rate=600), settings)
    assert summary.sent == 900
    assert 1.3 <= summary.seconds <= 3


def test_a_missing_topic_is_named(settings: Settings) -> None:
    other = settings.model_copy(update={"namespace": "nobody"})
    with pytest.raises(BrokerUnreachable, match=r"no topic nobody\.touchpoints; `throughline topics apply`"):
        find_topic(other, TOUCHPOINTS)


def test_a_missing_broker_is_said_at_once() -> None:
    started_s = time.monotonic()
    with pytest.raises(BrokerUnreachable, match=r"no Kafka broker answers at 127\.0\.0\.1:1 "):
        find_topic(load_settings(kafka_bootstrap="127.0.0.1:1"), TOUCHPOINTS)
    assert time.monotonic() - started_s < 3
