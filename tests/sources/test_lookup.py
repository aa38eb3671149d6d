"""Lookup files: rows become descriptions of persons, called by what they say; what is wrong names the file and the remedy."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from streams.core.identifiers import load_identifiers
from streams.core.touchpoint import DESCRIBED
from streams.settings import ConfigurationError, Settings
from streams.sources.dry_run import Tried, dry_run
from streams.sources.rows import Source
from tests.sources.command import command

JANUARY_MS, MARCH_MS = 1_767_225_600_000, 1_772_323_200_000
CRM = """customer,Email,Customer Tier,value,as_of
007,Ana@Shop.test,gold,12.50,2026-01-01
,bob@shop.test,silver,,2026-03-01T01:00:00+01:00
008,,,3,
009,,gold,1,yesterday
,,gold,1,2026-01-01
"""


def tried(folder: Path, text: str = CRM, name: str = "crm.csv", secret: str = "", **variables: str) -> list[Tried]:
    (folder / name).write_text(text, encoding="utf-8")
    identifiers = load_identifiers(None, secret)
    return list(dry_run(Source("attributes", [folder / name], variables), Settings(), identifiers))


def rows(found: list[Tried]) -> list[tuple[Any, ...]]:
    return [
        (each.record["occurred_at"], {its["type"]: its["value"] for its in each.record["identifiers"]}, each.record["attributes"])
        for each in found
    ]


def test_a_row_says_whom_since_when_and_what(tmp_path: Path) -> None:
    """A CSV file is read as text, so that a customer 007 stays one; an empty field says nothing."""
    found = tried(tmp_path)[:2]
    assert rows(found) == [
        (JANUARY_MS, {"customer": "007", "email": "Ana@Shop.test"}, {"person_customer_tier": "gold", "person_value": "12.50"}),
        (MARCH_MS, {"email": "bob@shop.test"}, {"person_customer_tier": "silver"}),
    ]
    assert {(each.record["action"], each.record["source"], each.record["origin"]) for each in found} == {
        (DESCRIBED, "lookup", "system")
    }


def test_what_cannot_be_is_refused_with_its_row(tmp_path: Path) -> None:
    """Never said of now: a row without a time, or with none that can be read, is no touchpoint."""
    assert [(each.row, each.reason) for each in tried(tmp_path) if each.reason] == [
        (3, "mapping"),
        (4, "mapping"),
        (5, "missing_identifier"),
    ]
    given = tried(tmp_path, as_of="2026-03-01")
    assert [(each.row, each.reason) for each in given if each.reason] == [(4, "mapping"), (5, "missing_identifier")]
    assert rows(given)[2] == (MARCH_MS, {"customer": "008"}, {"person_value": "3"})


def test_the_command_tells_what_it_would_refuse(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text(CRM, encoding="utf-8")
    code, out, err = command("load", tmp_path / "crm.csv", "--mapping", "attributes", "--dry-run", "--set", "as_of=2026-03-01")
    assert (code, err) == (5, "throughline: 2 of 5 rows would be rejected\n")
    assert "mapping: occurred_at is missing, or no time" in out


def test_an_empty_field_ends_an_attribute_where_that_is_meant(tmp_path: Path) -> None:
    found = tried(tmp_path, as_of="2026-03-01", empty="ends", source="crm", revision="7")
    assert [each.record["attributes"].get("person_value") for each in found[:3]] == ["12.50", "", "3"]
    assert {(each.record["source"], each.record["sequence"]) for each in found} == {("crm", 7)}


def test_a_row_keeps_its_name_wherever_it_stands(tmp_path: Path) -> None:
    """In another file, in another order of rows and columns; another content, time or revision is another touchpoint."""

    def names(text: str, file: str = "crm.csv", **more: str) -> list[str]:
        return [each.record["event_id"] for each in tried(tmp_path, text, file, **more)]

    one = names("customer,tier,as_of\n1,gold,2026-01-01\n2,gold,2026-01-01\n")
    assert names("tier,as_of,customer\ngold,2026-01-01,2\ngold,2026-01-01,1\n", "other.csv") == one[::-1]
    assert names("customer,tier\n1,gold\n2,gold\n", as_of="2026-01-01T00:00Z") == one
    others = [
        names("customer,tier,as_of\n1,silver,2026-01-01\n"), names("customer,tier,as_of\n1,gold,2026-01-02\n"),
        names("customer,tier,as_of\n1,gold,2026-01-01\n", revision="1"), names("customer,level,as_of\n1,gold,2026-01-01\n"),
        names("email,tier,as_of\n1,gold,2026-01-01\n"), names("customer,tier,as_of\n1,gold,2026-01-01\n", secret="s" * 32),
    ]  # fmt: skip
    assert len({*one, *(each for several in others for each in several)}) == len(one) + len(others)


def test_parquet_and_json_keep_their_types(tmp_path: Path) -> None:
    made = "SELECT 'c1' AS customer, 12.5 AS value, 3 AS orders, true AS vip, DATE '2026-01-01' AS valid_from"
    duckdb.sql(made).write_parquet(str(tmp_path / "crm.parquet"))
    lines = json.dumps({"customer": "c1", "value": 12.5, "orders": 3, "vip": True, "as_of": JANUARY_MS})
    (parquet,) = dry_run(Source("attributes", [tmp_path / "crm.parquet"]), Settings())
    expected = [(JANUARY_MS, {"customer": "c1"}, {"person_value": 12.5, "person_orders": 3, "person_vip": True})]
    assert rows([parquet]) == rows(tried(tmp_path, lines, "crm.jsonl")) == expected


def test_several_files_are_read_one_behind_the_other(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("customer,tier,as_of\n1,gold,2026-01-01\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("email,person_value\nx@shop.test,1\n", encoding="utf-8")
    found = list(dry_run(Source("attributes", [tmp_path], {"as_of": "2026-03-01"}), Settings()))
    assert rows(found) == [
        (JANUARY_MS, {"customer": "1"}, {"person_tier": "gold"}),
        (MARCH_MS, {"email": "x@shop.test"}, {"person_value": "1"}),
    ]


@pytest.mark.parametrize(
    ("head", "variables", "said"),
    [
        ("name,tier,as_of", {}, r"crm\.csv: none of its columns \(name, tier, as_of\) says whom it is about: name one .* customer"),
        ("review,tier,as_of", {}, r"says whom it is about: name one by its identifier type"),
        ("customer,as_of", {}, r"crm\.csv: its columns \(customer, as_of\) say nothing of anybody: add one for each attribute"),
        ("customer,tier", {}, r"crm\.csv: nothing says since when it holds: add a column as_of, or say --set as_of=2026-01-31"),
        ("customer,tier,as_of,valid_from", {}, r"the columns as_of and valid_from mean the same; rename or leave out one"),
        ("customer,a b,a-b,as_of", {}, r"crm\.csv: the columns a b and a-b mean the same"),
        ("customer,tier", {"as_of": "today"}, r"--set as_of=today: expected a time in ISO 8601, for instance 2026-01-31"),
        ("customer,tier", {"as_of": ""}, r"--set as_of=: expected a time"),
        ("customer,tier", {"asof": "x"}, r"--set asof: attributes knows as_of, source, revision, empty"),
        ("customer,tier", {"revision": "-1"}, r"--set revision=-1: expected a whole number"),
        ("customer,tier", {"empty": "null"}, r"--set empty=null: expected `nothing` .* or `ends`"),
        ("customer,tier", {"source": ""}, r"--set source=: expected the name of the system"),
    ],
)
def test_what_is_wrong_names_the_place_and_the_remedy(tmp_path: Path, head: str, variables: dict[str, str], said: str) -> None:
    text = f"{head}\n{','.join('1' for _ in head.split(','))}\n"
    with pytest.raises(ConfigurationError, match=said):
        tried(tmp_path, text, **variables)
