"""How the embedded ClickHouse starts, stops and crashes, and what is there afterwards."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from random import Random

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_driver import Client, errors

from tests.fixtures.waiting import eventually
from tests.local.clickhouse_fixture import ClickHouse, environment, running

ROWS = 5000
LOST = (errors.Error, EOFError, OSError)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouse]:
    with ClickHouse(tmp_path / "data") as running:
        yield running


def insert(client: Client, batch: int) -> None:
    rows = [(batch, row, "x" * 20) for row in range(ROWS)]
    client.execute("INSERT INTO test.batches VALUES", rows, settings={"insert_deduplicate": 0})


def counts(client: Client, table: str, count: str) -> dict[int, int]:
    return dict(client.execute(f"SELECT batch, {count} FROM test.{table} FINAL GROUP BY batch"))


def create(client: Client) -> None:
    """A table, and a view that counts its rows into another; as where we land, what is inserted again counts once."""
    client.execute("CREATE DATABASE test")
    client.execute(
        "CREATE TABLE test.batches (batch UInt32, row UInt32, s String) ENGINE = ReplacingMergeTree PARTITION BY batch % 3"
        " ORDER BY (batch, row)"
    )
    client.execute("CREATE TABLE test.seen (batch UInt32, rows UInt64) ENGINE = ReplacingMergeTree ORDER BY batch")
    seen = "SELECT batch, count() AS rows FROM test.batches GROUP BY batch"
    client.execute(f"CREATE MATERIALIZED VIEW test.v TO test.seen AS {seen}")


def insert_until_it_dies(server: ClickHouse, first: int, kill_after_s: float) -> int:
    """The first batch that was not acknowledged."""
    with server.native() as client:
        insert(client, first)
        threading.Timer(kill_after_s, server.signal, [signal.SIGKILL]).start()
        for batch in count(first + 1):
            try:
                insert(client, batch)
            except LOST:
                server.wait()
                return batch
    raise AssertionError


def test_a_crash_loses_nothing_acknowledged_and_tears_no_batch(server: ClickHouse) -> None:
    """SIGKILL at random moments of an insert; a retry then makes table and view whole."""
    random, batch = Random(7), 0
    with server.native() as client:
        create(client)
    for _ in range(6):
        batch = insert_until_it_dies(server, batch, random.uniform(0, 0.15))
        with server.start().native() as client:
            landed = counts(client, "batches", "count()")
            assert set(landed.values()) == {ROWS}
            assert set(range(batch)) <= set(landed)
    with server.native() as client:
        insert(client, batch)
        assert counts(client, "batches", "count()") == dict.fromkeys(range(batch + 1), ROWS)
        assert counts(client, "seen", "sum(rows)") == dict.fromkeys(range(batch + 1), ROWS)


def test_a_server_that_was_stopped_goes_on_where_it_was(server: ClickHouse) -> None:
    with server.native() as client:
        client.execute("CREATE DATABASE kept")
        client.execute("CREATE TABLE kept.t (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.execute("CREATE TABLE in_default (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.execute("INSERT INTO kept.t VALUES", [(1,)])
        client.execute("INSERT INTO in_default VALUES", [(2,)])
    for number in (signal.SIGTERM, signal.SIGINT):
        server.signal(number)
        assert server.wait() == 0
        server.start()
    with server.native(database="kept") as client:
        assert client.execute("SELECT a, (SELECT a FROM default.in_default) FROM t") == [(1, 2)]


def test_stopping_waits_for_statements_and_not_for_idle_clients(server: ClickHouse) -> None:
    idle, http, busy = server.native(), server.connect(), server.native()
    idle.execute("SELECT 1")
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(busy.execute, "SELECT sleep(2), 7", query_id="slow")
        eventually(lambda: running(idle, "slow") == 1)
        began = time.monotonic()
        assert server.stop() == 0
        assert slow.result() == [(0, 7)]
        assert time.monotonic() - began < 8
    with pytest.raises(LOST):
        idle.execute("SELECT 1")
    http.close()


def test_an_insert_under_way_survives_a_stop(server: ClickHouse) -> None:
    with server.native() as client, ThreadPoolExecutor() as pool:
        client.execute("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
        slowly = "INSERT INTO t SELECT number + sleepEachRow(0.02) FROM numbers(50) SETTINGS max_block_size = 5"
        inserted = pool.submit(client.execute, slowly)
        time.sleep(0.3)
        assert server.stop() == 0
        inserted.result()
    with server.start().native() as client:
        assert client.execute("SELECT count() FROM t") == [(50,)]


def test_crashes_leave_no_spooled_rows(server: ClickHouse) -> None:
    with server.native() as client:
        client.execute("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")

        def endless() -> Iterator[tuple[int]]:
            yield from ((number,) for number in range(200_000))
            server.signal(signal.SIGKILL)
            server.wait()
            yield from ((number,) for number in range(10_000_000))

        with pytest.raises(LOST):
            client.execute("INSERT INTO t VALUES", endless(), settings={"insert_block_size": 50_000})
    with server.start().native() as client:
        assert client.execute("SELECT count() FROM t") == [(0,)]
        assert list((server.data_dir / "spool").iterdir()) == []


def test_a_full_disk_is_an_error_of_its_insert_only(tmp_path: Path) -> None:
    server = ClickHouse(tmp_path / "data").start(largest_file_bytes=1_000_000)
    try:
        client, connected = server.native(), server.connect()
        client.execute("CREATE TABLE t (s String) ENGINE = Memory")
        with pytest.raises(errors.ServerException) as caught:
            client.execute("INSERT INTO t VALUES", [("x" * 1000,)] * 3000, settings={"insert_block_size": 500})
        assert caught.value.code == errors.ErrorCodes.NOT_ENOUGH_SPACE
        with pytest.raises(DatabaseError, match="Code: 243"):
            connected.insert("t", [["x" * 1000]] * 3000, column_names=["s"])
        with pytest.raises(DatabaseError, match="Code: 243"):
            connected.query("SELECT repeat('x', 1000) FROM numbers(3000)")
        client.execute("INSERT INTO t VALUES", [("x" * 1000,)] * 300)
        assert connected.command("SELECT count() FROM t") == 300
    finally:
        server.kill()


def refused(server: ClickHouse, *more: str, **changes: str) -> tuple[int, str]:
    """Exit code and the sentence on stderr of a server that does not start."""
    ended = subprocess.run(
        server.command(*more), env=environment(**changes), capture_output=True, text=True, timeout=30, check=False
    )
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


def test_a_second_server_says_what_is_in_its_way(server: ClickHouse) -> None:
    code, sentence = refused(server)
    assert (code, f":{server.tcp} " in sentence) == (4, True)
    other = ClickHouse(server.data_dir)
    code, sentence = refused(other)
    assert (code, str(server.data_dir) in sentence) == (4, True)
    other.http = server.http
    code, sentence = refused(other)
    assert (code, f":{server.http} " in sentence) == (4, True)
    with server.native() as client:
        assert client.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("more", "changes", "word"),
    [
        ((), {"THROUGHLINE_CLICKHOUSE_PASSWORD": ""}, "THROUGHLINE_CLICKHOUSE_PASSWORD"),
        (("--host", "192.0.2.1"), {}, "loopback"),
    ],
)
def test_an_unsafe_configuration_is_refused(tmp_path: Path, more: tuple[str, ...], changes: dict[str, str], word: str) -> None:
    code, sentence = refused(ClickHouse(tmp_path / "data"), *more, **changes)
    assert (code, word in sentence, sentence.count("\n")) == (3, True, 1)


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, sentence = refused(ClickHouse(tmp_path / "file" / "data"))
    assert (code, str(tmp_path) in sentence) == (3, True)


def test_the_password_is_nowhere_to_be_seen(server: ClickHouse) -> None:
    """Not in the command line, and not in what it writes."""
    password = environment()["THROUGHLINE_CLICKHOUSE_PASSWORD"]
    assert password not in " ".join(server.process.cmdline())
    with server.native() as client:
        client.execute("SELECT 1")
    for folder, _, files in os.walk(server.data_dir):
        for name in files:
            assert password.encode() not in Path(folder, name).read_bytes()
