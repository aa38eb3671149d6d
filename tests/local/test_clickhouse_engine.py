"""The engine in this process, where the server's own parts can be looked at."""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import Code, ServerError
from deploy.local.clickhouse.pipe import Piped
from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.statements import Insert
from deploy.local.clickhouse.temporary import ExternalTable, temporary


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with closing(Engine(tmp_path / "data")) as engine:
        yield engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with closing(engine.session()) as session:
        yield session


def threads(session: Session) -> int:
    return int(session.rows("SELECT getSetting('max_threads')")[0][0])


def test_a_result_that_nobody_reads_any_more_is_not_computed(engine: Engine, session: Session) -> None:
    """Left to itself the engine would go on to the end, which takes minutes."""
    piped = Piped(engine, session, "given up")
    sql = "SELECT repeat('x', 10000) FROM numbers(100000000) SETTINGS max_block_size = 1000"
    began = time.monotonic()
    with closing(piped.chunks(sql, "JSON", {})) as chunks:
        assert next(chunks).startswith(b'{\n\t"meta"')
    assert time.monotonic() - began < 10
    assert session.rows("SELECT 1") == [[1]]


def test_settings_are_as_before_also_after_an_error(session: Session) -> None:
    session.query("SET max_threads = 5")
    with suppress(ServerError), session.settings({"max_threads": "7", "join_use_nulls": "1"}):
        assert threads(session) == 7
        session.query("SELECT * FROM nothing")
    assert threads(session) == 5
    assert session.rows("SELECT getSetting('join_use_nulls')") == [[False]]


def test_external_tables_go_also_after_an_error(engine: Engine, session: Session) -> None:
    rows = engine.spool()
    rows.write(b"1\n2\n")
    table = ExternalTable("it`s", "a UInt8", rows, "TSV")
    with suppress(ServerError), temporary(session, [table]):
        assert session.rows("SELECT sum(a) FROM `it\\`s`") == [[3]]
        session.query("SELECT * FROM nothing")
    with pytest.raises(ServerError, match="UNKNOWN_TABLE"):
        session.rows("SELECT * FROM `it\\`s`")


@pytest.mark.parametrize(("last", "code"), [(b"100\n", 469), (b"nonsense\n", 27)])
def test_an_insert_with_a_wrong_row_lands_nothing(engine: Engine, session: Session, last: bytes, code: int) -> None:
    session.query("CREATE TABLE t (a UInt8, CONSTRAINT small CHECK a < 100) ENGINE = MergeTree ORDER BY a")
    with engine.spool() as rows:
        rows.write(b"1\n" * 100_000 + last)
        with pytest.raises(ServerError) as caught:
            session.insert(Insert(into="t", table="t", format="TSV"), rows)
    assert caught.value.code == code
    assert session.rows("SELECT count() FROM t") == [[0]]


def test_several_statements_are_never_run(session: Session) -> None:
    session.query("CREATE TABLE t (a UInt8) ENGINE = Memory")
    with pytest.raises(ServerError) as caught:
        session.query("SELECT 1; DROP TABLE t")
    assert caught.value.code == Code.SYNTAX_ERROR
    assert session.rows("EXISTS TABLE t") == [[1]]


def test_what_only_reads_is_known(session: Session) -> None:
    assert all(map(session.reads, ["SELECT 1", "SHOW TABLES", "WITH 1 AS a SELECT a", "EXPLAIN SELECT 1"]))
    assert not any(
        map(session.reads, ["WITH 1 AS a INSERT INTO t SELECT a", "SET max_threads = 1", "KILL QUERY WHERE 1", "nonsense"])
    )
