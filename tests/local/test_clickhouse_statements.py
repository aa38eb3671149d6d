"""What the embedded server reads out of a statement before the engine does."""

import pytest

from deploy.local.clickhouse.query_ids import marker, with_client_ids
from deploy.local.clickhouse.statements import (
    Insert,
    first_word,
    identifier,
    insert_of,
    quoted,
    replace_run,
    touches_client_files,
    without_format,
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO t VALUES", Insert("t", "t")),
        ("insert into t format Native", Insert("t", "t")),
        (
            "INSERT INTO TABLE `a b`.`c``d` (x, `y,z`, n.k) VALUES",
            Insert("`a b`.`c``d` (x, `y,z`, n.k)", "`a b`.`c``d`", ("x", "y,z", "n.k")),
        ),
        ('-- why\n/* and */ INSERT INTO "t"("a") VALUES', Insert('"t"("a")', '"t"', ("a",))),
        ("INSERT INTO t (values, format) FORMAT CSV", Insert("t (values, format)", "t", ("values", "format"))),
        ("INSERT INTO t SETTINGS a = 1, b = 'x' VALUES", Insert("t", "t", settings="a = 1, b = 'x'")),
        ("INSERT INTO t (a) SETTINGS a = 1 FORMAT TSV", Insert("t (a)", "t", ("a",), settings="a = 1")),
    ],
)
def test_inserts_whose_rows_follow(sql: str, expected: Insert) -> None:
    found = insert_of(sql + " (1)")
    assert found
    assert (found.into, found.table, found.columns, found.settings) == (
        expected.into,
        expected.table,
        expected.columns,
        expected.settings,
    )
    assert found.rows_at == len(sql)
    if expected.format != "Native":
        assert found.format == expected.format


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 'INSERT INTO t VALUES'",
        "INSERT INTO t SELECT 1 FORMAT Native",
        "INSERT INTO t (a) WITH 1 AS x SELECT x",
        "WITH 1 AS x INSERT INTO t SELECT x",
        "INSERT INTO FUNCTION null('a Int8') VALUES (1)",
        "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        "INSERT INTO t",
        "INSERT INTO VALUES",
        "CREATE TABLE t (format String) ENGINE = Memory",
    ],
)
def test_statements_that_are_no_inserts_with_rows(sql: str) -> None:
    assert insert_of(sql) is None


@pytest.mark.parametrize(
    ("sql", "rest", "format_name"),
    [
        ("SELECT 1", "SELECT 1", ""),
        ("SELECT 1 FORMAT JSON", "SELECT 1", "JSON"),
        ("SELECT 1\nformat CSV ; -- end", "SELECT 1", "CSV"),
        ("SELECT 1 FORMAT JSON SETTINGS a = 1", "SELECT 1 SETTINGS a = 1", "JSON"),
        ("SELECT 1;;", "SELECT 1", ""),
        ("SELECT 'x FORMAT JSON'", "SELECT 'x FORMAT JSON'", ""),
        ("SELECT 1 -- FORMAT JSON", "SELECT 1", ""),
        ("SELECT format FROM t", "SELECT format FROM t", ""),
        ("SELECT format('{}', a) FROM t", "SELECT format('{}', a) FROM t", ""),
        ("SELECT * FROM (SELECT 1 FORMAT JSON)", "SELECT * FROM (SELECT 1 FORMAT JSON)", ""),
        ("SELECT `FORMAT JSON`", "SELECT `FORMAT JSON`", ""),
        ("", "", ""),
    ],
)
def test_a_format_is_taken_off(sql: str, rest: str, format_name: str) -> None:
    assert without_format(sql) == (rest, format_name)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        (" -- SHOW\n(SELECT 1)", "SELECT"),
        ("/* a */ with 1 AS x SELECT x", "WITH"),
        ("", ""),
        ("'text'", ""),
        ("#!x\nSHOW TABLES", "SHOW"),
    ],
)
def test_the_first_word(sql: str, word: str) -> None:
    assert first_word(sql) == word


def test_files_of_the_client_are_noticed() -> None:
    assert touches_client_files("SELECT 1 INTO\n/**/ outfile 'x'")
    assert touches_client_files("INSERT INTO t FROM INFILE 'x' FORMAT CSV")
    assert not touches_client_files("SELECT 'INTO OUTFILE', `INTO` AS OUTFILE FROM t")


def test_a_run_of_tokens_is_replaced_wherever_it_is_code() -> None:
    sql = "SELECT 'system.processes' FROM system . `processes` AS p, System.Processes -- system.processes"
    assert replace_run(sql, ("system", ".", "processes"), "X") == "SELECT 'system.processes' FROM X AS p, X -- system.processes"


@pytest.mark.parametrize("query_id", ["simple", "it's", "*/ DROP", "/*", "ø\udcff", ""])
def test_a_query_id_cannot_leave_its_comment(query_id: str) -> None:
    assert marker(query_id).count("*/") == marker(query_id).count("/*") == 1
    assert marker(query_id).isascii()


def test_only_statements_about_statements_are_rewritten() -> None:
    for sql in ("SELECT query_id FROM t", "SELECT processes FROM system.tables", "SELECT 'system.processes'"):
        assert with_client_ids(sql) == sql
    assert with_client_ids("KILL QUERY WHERE query_id = 'query_id' AND user = 'x' SYNC").endswith(
        " = 'query_id' AND user = 'x' SYNC"
    )
    assert "query_id, user" in with_client_ids("SELECT query_id, user FROM system.processes")


def test_names_and_values_are_quoted() -> None:
    assert (quoted("it's\\"), identifier("a`b\\")) == ("'it\\'s\\\\'", "`a\\`b\\\\`")
