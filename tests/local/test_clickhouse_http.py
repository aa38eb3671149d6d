"""The HTTP interface of the embedded ClickHouse, as clickhouse-connect and plain HTTP speak it."""

import gzip
import http.client
import json
import socket
import time
import zlib
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import lz4.frame
import pytest
import zstandard
from clickhouse_connect.driver.client import Client as HttpClient
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from clickhouse_connect.driver.external import ExternalData
from clickhouse_driver import Client

from deploy.local.clickhouse.frames import frames, unframed
from deploy.local.clickhouse.wire import Window
from tests.fixtures.waiting import eventually
from tests.local.clickhouse_fixture import PASSWORD, USER, ClickHouse, client, running, server
from tests.local.clickhouse_values import TYPES

__all__ = ["client", "server"]  # fixtures

LONG = "SELECT sum(sipHash64(number)) FROM numbers(500000000000)"
LOGIN = {"X-ClickHouse-User": USER.encode(), "X-ClickHouse-Key": PASSWORD.encode()}
# The client cannot write these, or reads them as something else.
UNKNOWN_TO_CONNECT = ("LowCardinality(Nullable(String))", "Array(LowCardinality(Nullable(String)))")


@pytest.fixture(params=[False, "lz4", "zstd", "gzip"], ids=["plain", "lz4", "zstd", "gzip"])
def connected(request: pytest.FixtureRequest, server: ClickHouse, client: Client) -> Iterator[HttpClient]:
    """A clickhouse-connect client of the empty database `test`, with each compression."""
    assert client
    with closing(server.connect(compress=request.param, database="test")) as connected:
        yield connected


@pytest.fixture
def plain(server: ClickHouse, client: Client) -> Iterator[http.client.HTTPConnection]:
    assert client
    with closing(http.client.HTTPConnection("127.0.0.1", server.http, timeout=30)) as connection:
        yield connection


def in_utc(value: Any) -> Any:
    """A time without a zone is one of UTC, whichever the client left it in."""
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC) if isinstance(value, datetime) else value


def ask(
    plain: http.client.HTTPConnection, body: Any = b"", method: str = "POST", headers: dict[str, str] | None = None, **params: Any
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an answer."""
    url = "/?" + urlencode({"database": "test", **params})
    plain.request(method, url, body, {**LOGIN, **(headers or {})}, encode_chunked=not isinstance(body, bytes | str))
    answer = plain.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


def test_values_come_back_as_they_went_in(connected: HttpClient) -> None:
    types = {f"c{at}": kind for at, kind in enumerate(TYPES) if kind not in UNKNOWN_TO_CONNECT}
    connected.command(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in types.items())}) ENGINE = Memory")
    connected.insert("t", [TYPES[kind] for kind in types.values()], column_names=list(types), column_oriented=True)
    found = connected.query("SELECT * FROM t", query_tz="UTC", query_formats={"FixedString": "string", "IPv*": "ip"})
    for (name, kind), values in zip(types.items(), found.result_columns, strict=True):
        assert list(map(in_utc, values)) == list(map(in_utc, TYPES[kind])), f"{name} {kind}"


def test_large_results_and_inserts(connected: HttpClient) -> None:
    connected.command("CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    rows = [[number, str(number) * (number % 50)] for number in range(50_000)]
    connected.insert("t", rows, column_names=["a", "s"])
    assert [list(row) for row in connected.query("SELECT * FROM t ORDER BY a").result_rows] == rows
    with connected.query_rows_stream("SELECT number FROM numbers(300000)") as stream:
        assert sum(row[0] for row in stream) == 299_999 * 150_000


def test_results_without_rows_say_their_columns(connected: HttpClient) -> None:
    assert connected.query("SELECT 1 AS a, 'x' AS b WHERE 0").column_names == ("a", "b")
    assert connected.query("SHOW TABLES").column_names == ("name",)


def test_errors_carry_the_servers_code(connected: HttpClient) -> None:
    connected.command("CREATE TABLE t (a UInt8, CONSTRAINT small CHECK a < 5) ENGINE = MergeTree ORDER BY a")
    late = "SELECT throwIf(number = 900000) FROM numbers(2000000)"
    for sql, code in [("SELEC 1", 62), ("SELECT * FROM nothing", 60), (late, 395)]:
        with pytest.raises(DatabaseError, match=f"Code: {code}"):
            connected.query(sql)
    with pytest.raises(DatabaseError, match="Code: 469"):
        connected.insert("t", [[9]], column_names=["a"])
    assert connected.command("SELECT count() FROM t") == 0


def test_an_error_in_the_middle_of_a_stream_reaches_the_client(connected: HttpClient) -> None:
    seen = 0

    def read() -> None:
        nonlocal seen
        with connected.query_row_block_stream("SELECT number, throwIf(number = 1900000) FROM numbers(2000000)") as stream:
            for block in stream:
                seen += len(block)

    with pytest.raises(ClickHouseError, match="Code: 395"):
        read()
    assert seen > 100_000


def test_parameters_settings_and_tokens(connected: HttpClient) -> None:
    parameters = {"x": 4, "s": "it's\ta\\"}
    assert connected.query("SELECT {x:UInt32} + 1, {s:String}", parameters=parameters).result_rows == [(5, "it's\ta\\")]
    threads = "SELECT getSetting('max_threads')"
    default = connected.command(threads)
    assert connected.command(threads, settings={"max_threads": 7}) == 7
    assert connected.command(threads) == default
    connected.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 10")
    for token in ("one", "one", "two"):
        connected.insert("t", [[1]], column_names=["a"], settings={"insert_deduplication_token": token})
    assert connected.command("SELECT count() FROM t") == 2


def test_summaries_count_rows(connected: HttpClient) -> None:
    connected.command("CREATE TABLE t (a UInt8) ENGINE = Memory")
    assert connected.insert("t", [[1], [2]], column_names=["a"]).written_rows == 2
    assert connected.query("SELECT * FROM t").summary["read_rows"] == "2"


def test_a_session_keeps_what_was_set_in_it(server: ClickHouse, client: Client) -> None:
    assert client
    with closing(server.connect(session_id="one")) as one, closing(server.connect(session_id="two")) as two:
        one.command("CREATE TEMPORARY TABLE mine (a UInt8) ENGINE = Memory")
        one.command("SET max_threads = 5")
        one.insert("mine", [[1]], column_names=["a"])
        assert one.command("SELECT count() FROM mine") == 1
        with pytest.raises(DatabaseError):
            one.command("SELECT getSetting('max_threads')", settings={"max_threads": 7, "max_execution_time": "nonsense"})
        assert one.command("SELECT getSetting('max_threads')", settings={"max_threads": 7}) == 7
        assert one.command("SELECT getSetting('max_threads')") == 5
        with pytest.raises(DatabaseError, match="Code: 60"):
            two.command("SELECT count() FROM mine")


def test_a_session_serves_one_statement_at_a_time(server: ClickHouse, client: Client, plain: http.client.HTTPConnection) -> None:
    assert "372" in ask(plain, "SELECT 1", session_id="nobody's", session_check=1)[2]["X-ClickHouse-Exception-Code"]
    with ThreadPoolExecutor() as pool, closing(http.client.HTTPConnection("127.0.0.1", server.http)) as other:
        busy = pool.submit(ask, other, LONG, session_id="shared", query_id="busy")
        eventually(lambda: running(client, "busy") == 1)
        assert ask(plain, "SELECT 1", session_id="shared")[2]["X-ClickHouse-Exception-Code"] == "373"
        client.execute("KILL QUERY WHERE query_id = 'busy' ASYNC")
        assert busy.result()[0] == 500
    assert ask(plain, "SELECT 1", session_id="shared")[1] == b"1\n"


def test_a_timeout_is_a_number(plain: http.client.HTTPConnection) -> None:
    answer = ask(plain, "SELECT 1", session_id="odd", session_timeout="soon")
    assert answer[2]["X-ClickHouse-Exception-Code"] == "36"
    assert ask(plain, "SELECT 1", session_id="odd", session_timeout="10")[1] == b"1\n"


def test_a_session_ends_after_its_timeout(plain: http.client.HTTPConnection) -> None:
    assert ask(plain, "CREATE TEMPORARY TABLE mine (a UInt8)", session_id="brief", session_timeout=1)[0] == 200
    time.sleep(1.2)
    assert ask(plain, "SELECT 1", session_id="brief", session_check=1)[2]["X-ClickHouse-Exception-Code"] == "372"


@pytest.mark.parametrize("form", [False, True], ids=["url", "form"])
def test_external_tables_and_forms(server: ClickHouse, *, form: bool) -> None:
    with closing(server.connect(form_encode_query_params=form)) as connected:
        tables = ExternalData(file_name="ext.csv", data=b"1,a\r\n2,--b\n", fmt="CSV", structure="n UInt8, s String")
        tables.add_file(file_name="more.tsv", data=b"3\n", fmt="TSV", types="UInt8")
        sql = "SELECT n, s, (SELECT max(_1) FROM more), {x:UInt8} FROM ext ORDER BY n"
        found = connected.query(sql, external_data=tables, parameters={"x": 9})
        assert found.result_rows == [(1, "a", 3, 9), (2, "--b", 3, 9)]


@pytest.mark.parametrize(
    ("format_name", "read"),
    [
        ("JSON", lambda body: [(row["n"], row["s"]) for row in json.loads(body)["data"]]),
        ("JSONCompact", lambda body: [tuple(row) for row in json.loads(body)["data"]]),
        ("JSONEachRow", lambda body: [tuple(json.loads(line).values()) for line in body.splitlines()]),
        ("CSVWithNames", lambda body: [(line[:-4].decode(), "x") for line in body.splitlines()[1:]]),
    ],
)
@pytest.mark.parametrize("wait", [0, 1], ids=["streamed", "waited for"])
def test_formats(plain: http.client.HTTPConnection, format_name: str, read: Any, wait: int) -> None:
    """A result is well formed in every format, also when it comes in more than one block."""
    sql = "SELECT toString(number) AS n, 'x' AS s FROM numbers(70000) ORDER BY number"
    status, body, headers = ask(plain, f"{sql} FORMAT {format_name};", wait_end_of_query=wait)
    assert (status, headers["X-ClickHouse-Format"]) == (200, format_name)
    rows = [(n.decode().strip('"') if isinstance(n, bytes) else n.strip('"'), s) for n, s in read(body)]
    assert rows == [(str(number), "x") for number in range(70_000)]
    assert ask(plain, sql, default_format=format_name, wait_end_of_query=wait)[2]["X-ClickHouse-Format"] == format_name


def test_statements_come_in_the_url_in_the_body_or_in_both(plain: http.client.HTTPConnection) -> None:
    assert ask(plain, query="SELECT 1 + 1")[1] == b"2\n"
    assert ask(plain, "SELECT 1 + 1")[1] == b"2\n"
    assert ask(plain, "+ 1", query="SELECT 1")[1] == b"2\n"
    assert ask(plain, iter([b"SELECT 1", b" + 1"]))[1] == b"2\n"
    assert ask(plain, "CREATE TABLE t (a UInt8, s String DEFAULT 'default') ENGINE = Memory")[:2] == (200, b"")
    for query, body in [
        ("INSERT INTO t FORMAT CSV", b"1,one\n"),
        ("", b"INSERT INTO t (a) FORMAT JSONEachRow\r\n" + b'{"a": 2}\n{"a":3}'),
        ("INSERT INTO t (a) VALUES", b"(4), (2 + 3)"),
        ("", b"INSERT INTO t VALUES (6, 'six')"),
        ("", iter([b"INSERT INTO t (a) FORM", b"AT TSV\n", b"7\n8", b"\n"])),
        ("INSERT INTO t SELECT 9, 'nine'", b""),
    ]:
        assert ask(plain, body, query=query)[0] == 200, query or body
    found = ask(plain, "SELECT * FROM t ORDER BY a")[1].split()
    names = [b"one", *[b"default"] * 4, b"six", b"default", b"default", b"nine"]
    assert found == [word for number, name in enumerate(names, 1) for word in (b"%d" % number, name)]


def test_what_comes_out_goes_in_again(plain: http.client.HTTPConnection) -> None:
    sql = "SELECT number AS a, [toString(number)] AS s FROM numbers(70000)"
    ask(plain, "CREATE TABLE t (a UInt64, s Array(String)) ENGINE = Memory")
    for format_name in ("Parquet", "ArrowStream", "RowBinaryWithNamesAndTypes", "Native", "TabSeparated"):
        body = ask(plain, sql, default_format=format_name)[1]
        assert ask(plain, body, query=f"INSERT INTO t FORMAT {format_name}")[0] == 200, format_name
    assert ask(plain, "SELECT countIf(s = [toString(a)]), uniqExact(a) FROM t")[1] == b"350000\t70000\n"


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("lz4", lz4.frame.compress),
        ("zstd", zstandard.compress),
        ("gzip", lambda raw: gzip.compress(raw[:20]) + gzip.compress(raw[20:])),
    ],
    ids=["gzip", "deflate", "lz4", "zstd", "two streams"],
)
def test_bodies_may_be_compressed(plain: http.client.HTTPConnection, encoding: str, encode: Any) -> None:
    ask(plain, "CREATE TABLE t (a UInt32) ENGINE = Memory")
    rows = b"INSERT INTO t FORMAT TSV\n" + b"".join(b"%d\n" % number for number in range(100_000))
    assert ask(plain, encode(rows), headers={"Content-Encoding": encoding})[0] == 200
    assert ask(plain, "SELECT count(), sum(a) FROM t")[1] == b"100000\t4999950000\n"
    cut = encode(rows)[:-20]
    assert ask(plain, cut, headers={"Content-Encoding": encoding})[0] == 500
    assert ask(plain, "SELECT count() FROM t")[1] == b"100000\n"


def test_clickhouse_frames_in_both_directions(plain: http.client.HTTPConnection) -> None:
    framed = b"".join(frames(b"SELECT number FROM numbers(200000)"))
    status, body, _ = ask(plain, framed, compress=1, decompress=1)
    chunks = iter([body])
    window = unframed(Window(lambda: next(chunks, b"")))
    expected = b"".join(b"%d\n" % number for number in range(200_000))
    assert (status, window.take(len(expected))) == (200, expected)
    assert ask(plain, framed[:-1] + b"\0", decompress=1)[2]["X-ClickHouse-Exception-Code"] == "40"
    assert ask(plain, framed[:-1], decompress=1)[2]["X-ClickHouse-Exception-Code"] == "271"


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT number FROM numbers(300000)"])
@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4", "deflate", "br"])
def test_answers_are_compressed_on_request(plain: http.client.HTTPConnection, sql: str, encoding: str) -> None:
    decode = {"gzip": gzip.decompress, "deflate": zlib.decompress, "lz4": lz4.frame.decompress, "br": bytes}
    decode["zstd"] = lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body)
    headers = {"Accept-Encoding": f"{encoding};q=1.0"}
    expected = ask(plain, sql)[1]
    _, body, answer = ask(plain, sql, headers=headers, enable_http_compression=1)
    assert answer.get("Content-Encoding", "br") == encoding
    assert decode[encoding](body) == expected
    assert "Content-Encoding" not in ask(plain, sql, headers=headers)[2]


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELEC 1", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT * FROM nothing", 404, 60),
        ("SELECT 1 FORMAT Nothing", 404, 73),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT 1 INTO OUTFILE 'x'", 501, 48),
    ],
)
def test_errors_have_a_status_and_a_code(plain: http.client.HTTPConnection, sql: str, status: int, code: int) -> None:
    got, body, headers = ask(plain, sql)
    assert (got, headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert body.startswith(b"Code: %d. DB::Exception: " % code)
    assert ask(plain, "SELECT 1")[1] == b"1\n", "the connection goes on"


def test_unknown_settings_databases_and_paths_are_refused(plain: http.client.HTTPConnection) -> None:
    assert ask(plain, "SELECT 1", no_such_setting=1)[2]["X-ClickHouse-Exception-Code"] == "115"
    assert ask(plain, "SELECT 1", database="nothing")[2]["X-ClickHouse-Exception-Code"] == "81"
    plain.request("GET", "/nothing")
    assert plain.getresponse().read().startswith(b"There is no handle /nothing")


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "params", "status"),
    [
        ({"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD}, {}, 200),
        (basic(USER, PASSWORD), {}, 200),
        ({}, {"user": USER, "password": PASSWORD}, 200),
        ({}, {}, 401),
        ({"X-ClickHouse-User": USER, "X-ClickHouse-Key": "wrong"}, {}, 403),
        ({"X-ClickHouse-Key": PASSWORD}, {}, 403),
        (basic(USER, "wrong"), {}, 403),
        (basic("wrong", PASSWORD), {}, 403),
        ({"Authorization": "Bearer x"}, {}, 403),
        ({"Authorization": "Basic !"}, {}, 403),
        ({}, {"user": USER, "password": ""}, 403),
        ({"X-ClickHouse-User": USER}, {"password": PASSWORD}, 403),
    ],
)
def test_logins(plain: http.client.HTTPConnection, headers: dict[str, str], params: dict[str, str], status: int) -> None:
    raw = {name: value.encode("utf-8") for name, value in headers.items()}
    plain.request("POST", "/?" + urlencode(params), b"SELECT 1", raw)
    answer = plain.getresponse()
    body = answer.read()
    assert answer.status == status
    assert body == b"1\n" or (b"Code: 516" in body and answer.headers["X-ClickHouse-Exception-Code"] == "516")
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_ping_needs_no_login(plain: http.client.HTTPConnection) -> None:
    for path in ("/ping", "/"):
        for method in ("GET", "HEAD"):
            plain.request(method, path)
            answer = plain.getresponse()
            assert (answer.status, answer.read()) == (200, b"Ok.\n" if method == "GET" else b"")


def test_get_changes_nothing(plain: http.client.HTTPConnection) -> None:
    assert ask(plain, method="GET", query="SELECT 1")[1] == b"1\n"
    ask(plain, "CREATE TABLE t (a UInt8) ENGINE = Memory")
    smuggled: dict[str, Any] = {"max_threads = 1; DROP TABLE test.t; SET max_threads": 1}
    assert ask(plain, method="GET", query="SELECT 1", **smuggled)[2]["X-ClickHouse-Exception-Code"] == "115"
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\n1\r\n--b--\r\n'
    smuggled = {"x_structure": "a UInt8) ENGINE = Memory; DROP TABLE test.t; --"}
    assert ask(plain, part, "GET", form, query="SELECT 1", **smuggled)[2]["X-ClickHouse-Exception-Code"] == "62"
    assert ask(plain, "SELECT count() FROM t")[1] == b"0\n"
    inserts = "INSERT INTO t VALUES (1)", "WITH 1 AS a INSERT INTO t SELECT a"
    for query in (*inserts, "CREATE TABLE t (a UInt8) ENGINE = Memory", "SET max_threads = 1"):
        assert ask(plain, method="GET", query=query)[2]["X-ClickHouse-Exception-Code"] == "164"


def test_a_connection_serves_many_requests(plain: http.client.HTTPConnection) -> None:
    plain.connect()
    first = plain.sock
    for number in range(50):
        assert ask(plain, f"SELECT {number}")[1] == b"%d\n" % number
        assert ask(plain, "SELECT * FROM nothing")[0] == 404
    assert plain.sock is first


def test_a_query_id_is_seen_kills_and_comes_back(server: ClickHouse, client: Client, plain: http.client.HTTPConnection) -> None:
    with ThreadPoolExecutor() as pool:
        killed = pool.submit(ask, plain, LONG, query_id="my id")
        eventually(lambda: running(client, "my id") == 1)
        with closing(server.connect()) as other:
            other.command("KILL QUERY WHERE query_id = 'my id' ASYNC")
        _, body, headers = killed.result()
    assert b"Code: 394" in body
    assert headers["X-ClickHouse-Query-Id"] == "my id"
    assert "evil" not in ask(plain, "SELECT 1", query_id="a\r\nevil: header")[2]


def test_the_statement_of_a_vanished_client_ends(client: Client, plain: http.client.HTTPConnection) -> None:
    plain.request("POST", "/?query_id=orphan", LONG, LOGIN)
    eventually(lambda: running(client, "orphan") == 1)
    plain.close()
    eventually(lambda: running(client, "orphan") == 0)


def test_a_slow_reader_does_not_fill_the_servers_memory(
    server: ClickHouse, client: Client, plain: http.client.HTTPConnection
) -> None:
    sql = "SELECT repeat('x', 10000) AS x FROM numbers(2000000) SETTINGS max_block_size = 1000 FORMAT JSON"
    plain.request("POST", "/?query_id=slow", sql, LOGIN)
    answer = plain.getresponse()
    assert answer.read(100).startswith(b'{\n\t"meta"')
    before = server.process.memory_info().rss
    time.sleep(1.5)
    assert server.process.memory_info().rss - before < 100e6
    plain.close()
    answer.close()
    eventually(lambda: running(client, "slow") == 0)


def test_an_insert_that_is_cut_off_lands_nothing(server: ClickHouse, client: Client) -> None:
    client.execute("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")
    for length in ("Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n6\r\n"):
        with closing(http.client.HTTPConnection("127.0.0.1", server.http)) as cut:
            cut.connect()
            login = "".join(f"{name}: {value}\r\n" for name, value in basic(USER, PASSWORD).items())
            cut.sock.sendall(f"POST /?query=INSERT+INTO+test.t+FORMAT+TSV HTTP/1.1\r\n{login}{length}1\n2\n3\n".encode())
    time.sleep(0.3)
    assert client.execute("SELECT count() FROM t") == [(0,)]


@pytest.mark.parametrize(
    "noise",
    [
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["zeros", "half a request", "length", "chunk", "negative", "long"],
)
def test_noise_ends_only_its_own_connection(
    plain: http.client.HTTPConnection, capfd: pytest.CaptureFixture[str], noise: bytes
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", plain.port, timeout=5)) as odd:
        odd.connect()
        odd.sock.sendall(noise)
        with suppress(OSError):
            odd.sock.shutdown(socket.SHUT_WR)
            assert b" 200 " not in odd.sock.recv(1 << 16)
    assert ask(plain, "SELECT 1")[1] == b"1\n"
    assert "Traceback" not in capfd.readouterr().err
