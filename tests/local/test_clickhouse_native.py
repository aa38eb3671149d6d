"""The native protocol of the embedded ClickHouse, as clickhouse-driver speaks it."""

import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from clickhouse_driver import Client, errors

from deploy.local.clickhouse.listener import MOST_CONNECTIONS
from tests.fixtures.waiting import eventually
from tests.local.clickhouse_fixture import ClickHouse, client, running, server
from tests.local.clickhouse_values import TYPES

__all__ = ["client", "server"]  # fixtures

LONG = "SELECT sum(sipHash64(number)) FROM numbers(500000000000)"
COMPRESSIONS = [False, "lz4", "zstd"]


@pytest.fixture(params=COMPRESSIONS, ids=["plain", "lz4", "zstd"])
def compressed(
    request: pytest.FixtureRequest, server: ClickHouse, client: Client, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A client of the database `test` with each compression; its ZSTD wants a package that zstandard replaces."""
    zstd = SimpleNamespace(compress=zstandard.compress, decompress=zstandard.decompress)
    monkeypatch.setitem(sys.modules, "zstd", zstd)
    with server.native(compression=request.param, database="test") as client:
        yield client


def test_values_come_back_as_they_went_in(compressed: Client) -> None:
    columns = {f"c{at}": type_name for at, type_name in enumerate(TYPES)}
    compressed.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in columns.items())}) ENGINE = Memory")
    assert compressed.execute("INSERT INTO t VALUES", list(zip(*TYPES.values(), strict=True))) == 2
    found = compressed.execute("SELECT * FROM t", columnar=True)
    for (name, type_name), values in zip(columns.items(), found, strict=True):
        assert list(values) == TYPES[type_name], f"{name} {type_name}"


def test_nested_comes_back_as_it_went_in(compressed: Client) -> None:
    compressed.execute("CREATE TABLE t (n Nested(k String, v Nullable(UInt8))) ENGINE = Memory")
    compressed.execute("INSERT INTO t (`n.k`, n.v) VALUES", [(["a", "b"], [1, None])])
    assert compressed.execute("SELECT n.k, n.v FROM t") == [(["a", "b"], [1, None])]


def test_all_forms_of_insert(client: Client) -> None:
    client.execute("CREATE TABLE t (a Int8, s String DEFAULT 'default', m Int8 MATERIALIZED a + 1) ENGINE = MergeTree ORDER BY a")
    assert client.execute("INSERT INTO t VALUES", [(1, "rows")]) == 1
    assert client.execute("INSERT INTO t (s, a) VALUES", [["columns"], [2]], columnar=True) == 1
    assert client.execute("insert into test.t (a) format Native", [{"a": 3}]) == 1
    assert client.execute("INSERT INTO t (a) VALUES", ((number,) for number in [4])) == 1
    client.execute("INSERT INTO t VALUES (5, upper('te') || 'XT'); -- with an expression")
    client.execute("/* SELECT */ INSERT INTO t (a) SELECT 6")
    client.execute("WITH 7 AS seven INSERT INTO t (a) SELECT seven")
    expected = [(1, "rows", 2), (2, "columns", 3), (3, "default", 4), (4, "default", 5), (5, "TEXT", 6), (6, "default", 7)]
    assert client.execute("SELECT a, s, m FROM t ORDER BY a") == [*expected, (7, "default", 8)]


def test_a_long_insert_of_text_is_quick(client: Client) -> None:
    """Only its head is looked at here."""
    client.execute("CREATE TABLE t (a UInt64, s String) ENGINE = Memory")
    began = time.process_time()
    client.execute("INSERT INTO t VALUES " + ", ".join(f"({number}, 'it\\'s {number}')" for number in range(200_000)))
    assert client.execute("SELECT count(), sum(a), uniqExact(s) FROM t") == [(200_000, 199_999 * 100_000, 200_000)]
    assert time.process_time() - began < 5


def test_an_insert_of_many_blocks_lands_whole_and_is_one_part(compressed: Client) -> None:
    compressed.execute("CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    rows = [(number, str(number) * (number % 50)) for number in range(30_000)]
    assert compressed.execute("INSERT INTO t VALUES", rows, settings={"insert_block_size": 1000}) == 30_000
    assert compressed.execute("SELECT * FROM t ORDER BY a") == rows
    assert compressed.execute("SELECT count() FROM system.parts WHERE table = 't' AND active") == [(1,)]


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("SELECT 1 AS a, ['x'] AS b", [("a", "UInt8"), ("b", "Array(String)")]),
        ("SELECT 1 AS a, 'x' AS b WHERE 0", [("a", "UInt8"), ("b", "String")]),
        ("SELECT number FROM numbers(100000) FORMAT JSON -- ignored", [("number", "UInt64")]),
        ("SHOW TABLES LIKE 'nothing';", [("name", "String")]),
        ("EXISTS TABLE nothing", [("result", "UInt8")]),
        ("SELECT 1 AS a, '{\"b\": 2}'::JSON AS j", [("a", "UInt8"), ("j", "JSON")]),
    ],
)
def test_every_result_says_its_columns(client: Client, sql: str, types: list[tuple[str, str]]) -> None:
    assert client.execute(sql, with_column_types=True)[1] == types


def test_types_whose_layout_is_unknown_are_selected_and_not_inserted(client: Client) -> None:
    client.execute("CREATE TABLE t (j JSON, at UInt8) ENGINE = MergeTree ORDER BY at")
    client.execute("""INSERT INTO t VALUES ('{"a": {"b": 7}}', 1)""")
    assert client.execute("SELECT * FROM t") == [({"a": {"b": 7}}, 1)]
    with pytest.raises(errors.ServerException) as caught:
        client.execute("INSERT INTO t VALUES", [({}, 1)])
    assert caught.value.code == errors.ErrorCodes.NOT_IMPLEMENTED


@pytest.mark.parametrize(
    ("sql", "rows", "code"),
    [
        ("SELEC 1", None, 62),
        ("1 + 1", None, 62),
        ("SELECT 1; SELECT 2", None, 62),
        ("SELECT * FROM nothing", None, 60),
        ("SELECT nothing", None, 47),
        ("SELECT throwIf(number = 70000) FROM numbers(100000)", None, 395),
        ("INSERT INTO nothing VALUES", [(1,)], 60),
        ("INSERT INTO checked (nothing) VALUES", [(1,)], 16),
        ("INSERT INTO checked VALUES", [(9,)], 469),
        ("INSERT INTO checked VALUES (9)", None, 469),
        ("INSERT INTO watched VALUES", [(9,)], 395),
        ("SELECT 1 INTO OUTFILE '/nowhere/at/all'", None, 48),
    ],
)
def test_errors_carry_the_servers_code(client: Client, sql: str, rows: Any, code: int) -> None:
    client.execute("CREATE TABLE checked (a UInt8, CONSTRAINT small CHECK a < 5) ENGINE = MergeTree ORDER BY a")
    client.execute("CREATE TABLE watched (a UInt8) ENGINE = MergeTree ORDER BY a")
    client.execute("CREATE MATERIALIZED VIEW v ENGINE = MergeTree ORDER BY a AS SELECT a, throwIf(a = 9) FROM watched")
    with pytest.raises(errors.ServerException) as caught:
        client.execute(sql, rows)
    assert caught.value.code == code
    assert client.execute("SELECT count() FROM checked") == [(0,)]


def test_a_connection_outlives_the_error_of_a_statement(client: Client) -> None:
    """clickhouse-driver's own connection, since its client hangs up after an error."""
    connection = client.connection
    for sql in ("SELECT * FROM nothing", "SELECT throwIf(number = 70000) FROM numbers(100000)", "INSERT INTO nothing VALUES"):
        connection.force_connect()
        connection.send_query(sql)
        connection.send_external_tables([])
        while (packet := connection.receive_packet()).type != 2:
            pass
        assert packet.exception.code in (60, 395)
        connection.is_query_executing = False
        assert connection.ping()


def test_positions_in_errors_count_from_the_clients_first_character(client: Client) -> None:
    with pytest.raises(errors.ServerException, match=r"failed at position 20 \(WRONG\)"):
        client.execute("SELECT WRONG WRONG WRONG", query_id="a rather long id of a query")


@pytest.mark.parametrize("login", [{"password": "wrong"}, {"user": "wrong"}, {"user": "", "password": ""}, {"password": "it's"}])
def test_a_wrong_login_is_refused(server: ClickHouse, login: dict[str, str]) -> None:
    with pytest.raises(errors.ServerException) as caught:
        server.native(**login).execute("SELECT 1")
    assert caught.value.code == 516


def test_an_unknown_database_is_refused(server: ClickHouse) -> None:
    with pytest.raises(errors.ServerException) as caught:
        server.native(database="nothing").execute("SELECT 1")
    assert caught.value.code == errors.ErrorCodes.UNKNOWN_DATABASE


def test_databases_are_atomic(client: Client) -> None:
    client.execute("CREATE DATABASE IF NOT EXISTS test")
    assert client.execute("SELECT engine FROM system.databases WHERE name = currentDatabase()") == [("Atomic",)]


def test_settings_last_for_their_statement(client: Client) -> None:
    def threads(**options: Any) -> int:
        value: int = client.execute("SELECT getSetting('max_threads')", **options)[0][0]
        return value

    default = threads()
    assert threads(settings={"max_threads": default + 3}) == default + 3
    assert threads() == default
    client.execute("SET max_threads = 5")
    assert threads(settings={"max_threads": 7, "max_insert_threads": 2}) == 7
    assert threads() == 5


def test_unknown_settings_are_ignored_unless_they_are_important(server: ClickHouse) -> None:
    settings = {"no_such_setting": 1}
    assert server.native().execute("SELECT 1", settings=settings) == [(1,)]
    with pytest.raises(errors.ServerException) as caught:
        server.native(settings_is_important=True).execute("SELECT 1", settings=settings)
    assert caught.value.code == errors.ErrorCodes.UNKNOWN_SETTING


def test_a_setting_is_a_name_and_nothing_else(client: Client, server: ClickHouse) -> None:
    client.execute("CREATE TABLE t (a UInt8) ENGINE = Memory")
    for name in ("max_threads = 1; DROP TABLE test.t; SET max_threads", "max_threads = 1, max_block_size"):
        with server.native(settings_is_important=True) as other, suppress(errors.ServerException):
            other.execute("SELECT 1", settings={name: 1})
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_readonly_only_reads(client: Client) -> None:
    client.execute("CREATE TABLE t (a UInt8) ENGINE = Memory")
    for sql, rows in [("INSERT INTO t VALUES", [(1,)]), ("INSERT INTO t SELECT 1", None), ("DROP TABLE t", None)]:
        with pytest.raises(errors.ServerException) as caught:
            client.execute(sql, rows, settings={"readonly": 1})
        assert caught.value.code == errors.ErrorCodes.READONLY
    assert client.execute("SELECT count() FROM t", settings={"readonly": 1}) == [(0,)]
    client.execute("INSERT INTO t VALUES", [(1,)])


def test_a_token_lands_once(client: Client) -> None:
    client.execute("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100")
    for start, token in [(0, "a"), (0, "a"), (9000, "a"), (0, "b")]:
        rows = [(number,) for number in range(start, start + 5000)]
        client.execute("INSERT INTO t VALUES", rows, settings={"insert_deduplication_token": token, "insert_block_size": 1000})
    assert client.execute("SELECT count(), max(a) FROM t") == [(10_000, 4999)]
    for _ in range(2):
        client.execute("INSERT INTO t SETTINGS insert_deduplication_token = 'c' VALUES", [(1,)])
    assert client.execute("SELECT count() FROM t") == [(10_001,)]


def test_external_tables_come_and_go_with_their_statement(compressed: Client) -> None:
    table = {"name": "ext", "structure": [("x", "Int32"), ("y", "Array(LowCardinality(String))")]}
    rows = [{"x": 1, "y": ["a"]}, {"x": 5, "y": []}]
    for _ in range(2):
        assert compressed.execute("SELECT sum(x) FROM ext", external_tables=[{**table, "data": rows}]) == [(6,)]
    with pytest.raises(errors.ServerException):
        compressed.execute("SELECT sum(x) FROM ext")


def test_large_results_come_in_blocks_and_in_order(compressed: Client) -> None:
    seen = compressed.execute_iter("SELECT number, toString(number) FROM numbers(150000)")
    assert all(row == (number, str(number)) for number, row in enumerate(seen))
    assert len(compressed.execute("SELECT number FROM numbers(150000)")) == 150_000


def test_progress_counts_what_was_read(client: Client) -> None:
    progress = client.execute_with_progress("SELECT max(number) FROM numbers(20000000)")
    assert list(progress)[-1] == (20_000_000, 20_000_000)
    assert progress.get_result() == [(19_999_999,)]


def test_a_slow_reader_does_not_fill_the_servers_memory(server: ClickHouse, client: Client) -> None:
    rows = client.execute_iter("SELECT repeat('x', 10000) FROM numbers(2000000)", settings={"max_block_size": 1000})
    next(rows)
    before = server.process.memory_info().rss
    time.sleep(1.5)
    assert server.process.memory_info().rss - before < 100e6
    client.cancel()


def test_a_cancelled_statement_ends_without_an_error(server: ClickHouse, client: Client) -> None:
    rows = client.execute_iter("SELECT number FROM numbers(100000000000)", query_id="cancel me")
    next(rows)
    client.cancel()
    with server.native() as other:
        assert running(other, "cancel me") == 0
    assert client.execute("SELECT 1") == [(1,)]


def test_a_query_id_is_seen_and_kills(server: ClickHouse, client: Client) -> None:
    with server.native() as victim, ThreadPoolExecutor() as pool:
        killed = pool.submit(victim.execute, LONG, query_id="it's /* odd */ id")
        eventually(lambda: running(client, "it's /* odd */ id") == 1)
        assert LONG in [row[0] for row in client.execute("SELECT query FROM system.processes AS p")]
        assert "it's /* odd */ id" in str(client.execute("SHOW PROCESSLIST"))
        client.execute("KILL QUERY WHERE query_id IN ('nothing', 'it\\'s /* odd */ id') ASYNC")
        with pytest.raises(errors.ServerException) as caught:
            killed.result(10)
        assert caught.value.code == errors.ErrorCodes.QUERY_WAS_CANCELLED
        assert victim.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "sql", [LONG, "INSERT INTO t SELECT number FROM numbers(100000000000)", "SELECT sleepEachRow(1) FROM numbers(3)"]
)
def test_the_statement_of_a_vanished_client_ends(server: ClickHouse, client: Client, sql: str) -> None:
    client.execute("CREATE TABLE t (a UInt64) ENGINE = Null")
    vanishing = server.native(database="test")
    vanishing.execute("SELECT 1")
    with ThreadPoolExecutor() as pool:
        orphan = pool.submit(vanishing.execute, sql, query_id="orphan")
        eventually(lambda: running(client, "orphan") == 1)
        vanishing.connection.socket.shutdown(socket.SHUT_RDWR)
        assert isinstance(orphan.exception(), (errors.Error, EOFError))
    eventually(lambda: running(client, "orphan") == 0)


def test_an_insert_that_is_cut_off_lands_nothing(server: ClickHouse, client: Client) -> None:
    client.execute("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")

    def rows() -> Iterator[tuple[int]]:
        yield from ((number,) for number in range(3000))
        raise RuntimeError("cut off")

    with server.native(database="test") as cut, pytest.raises(RuntimeError):
        cut.execute("INSERT INTO t VALUES", rows(), settings={"insert_block_size": 1000})
    eventually(lambda: len(server.process.net_connections("tcp")) <= 3)
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_eight_clients_at_once(server: ClickHouse, client: Client) -> None:
    """Each sees its own rows at once, and in the end all are there once."""
    client.execute("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")

    def work(number: int) -> None:
        with server.native(compression="lz4" if number % 2 else False, database="test") as own:
            for start in range(number * 1_000_000, number * 1_000_000 + 10_000, 1000):
                own.execute("INSERT INTO t VALUES", [(start + row,) for row in range(1000)])
                assert own.execute(f"SELECT count() FROM t WHERE a BETWEEN {start} AND {start + 999}") == [(1000,)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert client.execute("SELECT count(), uniqExact(a) FROM t") == [(80_000, 80_000)]


def test_statements_of_different_clients_run_side_by_side(server: ClickHouse) -> None:
    clients = [server.native() for _ in range(6)]
    started = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda own: own.execute("SELECT sleep(1)"), clients))
    assert time.monotonic() - started < 3


def test_connections_leave_nothing_behind(server: ClickHouse) -> None:
    def connect() -> None:
        with server.native() as short:
            short.connection.connect()

    connect()
    threads, files = server.process.num_threads(), server.process.num_fds()
    for _ in range(500):
        connect()
    eventually(lambda: server.process.num_threads() <= threads + 3 and server.process.num_fds() <= files + 3)


def test_one_connection_too_many_is_told_so(server: ClickHouse) -> None:
    with ExitStack() as open_ones:
        for _ in range(MOST_CONNECTIONS):
            open_ones.enter_context(server.native()).connection.connect()
        with pytest.raises(errors.ServerException) as caught:
            server.native().connection.connect()
        assert caught.value.code == errors.ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES
    with server.native() as later:
        eventually(lambda: bool(later.execute("SELECT 1")))


@pytest.mark.parametrize(
    "noise",
    [b"", b"\0", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 100, b"\0\xff\xff\xff\xff\x7f" + b"x" * 1000, b"\0" * 1000],
    ids=["nothing", "half a hello", "http", "varint without end", "string of 32 GiB", "zeros"],
)
def test_noise_ends_only_its_own_connection(server: ClickHouse, client: Client, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.tcp), timeout=5) as odd:
        odd.sendall(noise)
        odd.shutdown(socket.SHUT_WR)
        while odd.recv(1 << 16):
            pass
    assert client.execute("SELECT 1") == [(1,)]


def test_a_damaged_frame_is_refused(server: ClickHouse, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.execute("CREATE TABLE t (a UInt32) ENGINE = Memory")
    with server.native(compression="lz4", database="test") as damaged:
        damaged.execute("SELECT 1")
        monkeypatch.setattr(damaged.connection.block_out.compressor, "compress_data", lambda data: b"\0" + data)
        with pytest.raises((errors.Error, EOFError, OSError)):
            damaged.execute("INSERT INTO t VALUES", [(1,)])
    assert client.execute("SELECT count() FROM t") == [(0,)]
