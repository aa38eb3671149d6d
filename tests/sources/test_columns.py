"""A mapping that does not fit the contract is refused with its name, the column and the remedy; one that does gets defaults."""

from pathlib import Path
from typing import Any

import pytest

from streams.core.identifiers import load_identifiers
from streams.settings import ConfigurationError
from streams.sources.columns import KEY, REFUSED
from streams.sources.mapping import read_mapping
from streams.sources.rows import Rows, Source
from streams.sources.wire import record

TIME = "TIMESTAMP '2026-01-02 03:04:05'"
LEAST = f"'shop' AS source, 'e1' AS event_id, {TIME} AS occurred_at, 'product' AS origin, 'a.b' AS action"
AT_MS = 1_767_323_045_000


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    (tmp_path / "t.csv").write_text("n,text\n1,one\n2,two\n", encoding="utf-8")

    def run(sql: str, **variables: str) -> Rows:
        (tmp_path / "m.sql").write_text(sql, encoding="utf-8")
        source = Source(str(tmp_path / "m.sql"), [tmp_path / "t.csv"], variables)
        return Rows(source, load_identifiers(), "2026-01-01T00:00:00+00:00")

    return run


def only(rows: Rows) -> dict[str, Any]:
    ((row,),) = rows.batches(10)
    assert row[REFUSED] is None
    return record(rows.columns.content, row)


@pytest.mark.parametrize(
    ("select", "said"),
    [
        (f"{LEAST}, 'c' AS identifier_customer, 1 AS orgin", "unknown column orgin; did you mean origin"),
        (f"{LEAST}, 'c' AS identifier_customer, 1 AS colour", "unknown column colour; attributes are named attribute_"),
        ("'shop' AS source, 'c' AS identifier_customer", "lacks the column event_id, occurred_at, origin, action"),
        (LEAST, "either columns identifier_<type>, or one column identifiers"),
        (f"{LEAST}, 'c' AS identifier_customer, [] AS identifiers", "either columns identifier_<type>, or one column"),
        (f"{LEAST}, [1] AS identifiers", "identifiers is INTEGER[]"),
        (f"{LEAST}, 'c' AS identifier_customer, 'first' AS sequence", "sequence is VARCHAR; a whole number"),
        (f"{LEAST}, 'c' AS identifier_customer, [1] AS attribute_list", "attribute_list is INTEGER[]; an attribute is one value"),
        (f"{LEAST}, {{'a': 1}} AS identifier_customer", "identifier_customer is STRUCT"),
        (LEAST.replace(TIME, "true") + ", 'c' AS identifier_customer", "occurred_at is BOOLEAN"),
        (f"{LEAST}, nope AS identifier_customer FROM t", '"nope" not found'),
        (f"{LEAST}, 'c' AS identifier_customer FROM nowhere", "nowhere does not exist"),
        (f"{LEAST}, FROM", "m.sql: "),
        (f"{LEAST}, 'c' AS identifier_customer; DROP TABLE t", "a mapping is exactly one SELECT"),
    ],
)
def test_misfits_are_named(opened: Any, select: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        opened(f"SELECT {select}")
    assert said in str(raised.value)
    assert "m.sql" in str(raised.value)


def test_no_such_mapping_names_those_that_ship() -> None:
    with pytest.raises(ConfigurationError, match=r"no mapping nope: .*orders.*servicenow"):
        read_mapping("nope")


def test_a_wrong_value_in_the_middle_names_the_mapping(opened: Any) -> None:
    rows = opened(f"SELECT {LEAST}, CAST(text AS INTEGER) AS identifier_customer FROM t")
    with pytest.raises(ConfigurationError, match=r"m\.sql: .*Could not convert"):
        list(rows.batches(10))


def test_files_of_one_stem_are_refused(tmp_path: Path) -> None:
    for name in ("t.csv", "t.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="two files are named t"):
        Rows(Source("orders", [tmp_path]), load_identifiers(), "")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.xls").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"t\.xls: expected \.parquet"):
        Rows(Source("orders", [tmp_path / "t.xls"]), load_identifiers(), "")


def test_what_a_mapping_leaves_out_has_the_contracts_default(opened: Any) -> None:
    assert only(opened(f"SELECT {LEAST}, 'c' AS identifier_customer")) == {
        "source": "shop", "event_id": "e1", "occurred_at": AT_MS, "sequence": 0, "origin": "product", "channel": "",
        "action": "a.b", "direction": "none", "identifiers": [{"type": "customer", "value": "c"}], "attributes": {},
        "region": "", "locale": "", "agent": "", "team": "",
    }  # fmt: skip


def test_an_attribute_named_like_a_field_hides_no_refusal(opened: Any) -> None:
    least = LEAST.replace(TIME, "CAST(NULL AS TIMESTAMP)")
    ((row,),) = opened(f"SELECT {least}, 'c' AS identifier_customer, 'soon' AS attribute_occurred_at").batches(10)
    assert row[REFUSED] == "occurred_at is missing, or no time"


def test_null_in_an_optional_column_is_the_default_too(opened: Any) -> None:
    found = only(opened(f"SELECT {LEAST}, 'c' AS identifier_customer, NULL::VARCHAR AS channel, NULL::INTEGER AS sequence"))
    assert (found["channel"], found["sequence"]) == ("", 0)


@pytest.mark.parametrize(
    "time",
    [
        "TIMESTAMP '2026-01-02 03:04:05'", "TIMESTAMPTZ '2026-01-02 05:04:05+02:00'", "'2026-01-02T03:04:05Z'",
        "'2026-01-02 03:04:05'",
        "'2026-01-02T05:04:05+02:00'", str(AT_MS), "TIMESTAMP_NS '2026-01-02 03:04:05'", "TIMESTAMP_S '2026-01-02 03:04:05'",
    ],
)  # fmt: skip
def test_every_form_of_time_is_read_as_utc(opened: Any, time: str) -> None:
    found = only(opened(f"SELECT {LEAST.replace(TIME, time)}, 'c' AS identifier_customer"))
    assert found["occurred_at"] == AT_MS


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("true", True), ("7::TINYINT", 7), ("7::UINTEGER", 7), ("1.5::DECIMAL(4, 2)", 1.5), ("2::HUGEINT", 2.0), ("'x'", "x"),
        ("'x'::ENUM('x')", "x"), ("DATE '2026-01-02'", "2026-01-02"),
        ("TIMESTAMP '2026-01-02 03:04:05'", "2026-01-02T03:04:05.000Z"),
        ("TIMESTAMPTZ '2026-01-02 05:04:05.25+02:00'", "2026-01-02T03:04:05.250Z"),
    ],
)  # fmt: skip
def test_attributes_keep_their_type_and_times_become_text(opened: Any, sql: str, value: object) -> None:
    found = only(opened(f"SELECT {LEAST}, 'c' AS identifier_customer, {sql} AS attribute_x"))["attributes"]["x"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("sql", ["NULL::VARCHAR", "'nan'::DOUBLE", "'inf'::DOUBLE"])
def test_what_is_no_value_is_absent(opened: Any, sql: str) -> None:
    assert only(opened(f"SELECT {LEAST}, 'c' AS identifier_customer, {sql} AS attribute_x"))["attributes"] == {}


def test_identifiers_may_come_as_one_list(opened: Any) -> None:
    listed = "[{'type': 'customer', 'value': 'c'}, {'type': 'order', 'value': 7::VARCHAR}, {'type': 'email', 'value': NULL}]"
    found = only(opened(f"SELECT {LEAST}, {listed} AS identifiers"))
    assert found["identifiers"] == [{"type": "customer", "value": "c"}, {"type": "order", "value": "7"}]


@pytest.mark.parametrize(
    "identifiers",
    [
        "'c' AS identifier_customer, 'r' AS identifier_review, 'o' AS identifier_order",
        "[{'type': 'customer', 'value': 'c'}, {'type': 'review', 'value': 'r'}, {'type': 'order', 'value': 'o'}] AS identifiers",
    ],
)
def test_the_key_is_the_strongest_identifier(opened: Any, identifiers: str) -> None:
    """An object before a person before a reference, so that what concerns one order shares a partition."""
    ((row,),) = opened(f"SELECT {LEAST}, {identifiers}").batches(10)
    assert row[KEY] == "order:o"


def test_variables_reach_the_mapping(opened: Any) -> None:
    rows = opened(f"SELECT {LEAST}, getvariable('who') AS identifier_customer, getvariable('loaded_at') AS channel", who="me")
    assert only(rows)["identifiers"][0]["value"] == "me"
    assert only(rows)["channel"] == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("replaced", "by", "why"),
    [
        ("'product'", "'robot'", "origin is robot; expected product, human, system"),
        ("'shop'", "NULL", "source is missing"),
        (TIME, "'soon'", "occurred_at is missing, or no time"),
    ],
)
def test_rows_that_no_contract_could_carry_are_refused_with_a_reason(opened: Any, replaced: str, by: str, why: str) -> None:
    ((row,),) = opened(f"SELECT {LEAST.replace(replaced, by)}, 'c' AS identifier_customer").batches(10)
    assert row[REFUSED] == why
