"""The wide view of a definition: a row a journey, a column for everything that the definition names."""

from typing import Any

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.sink import ClickHouseSink
from sinks.clickhouse.wide import NameTaken, replace, view_of
from streams.core.definition import Definition, bundle_of
from streams.definitions import SHIPPED, load_bundle
from tests.sinks.databases import alters, land
from tests.sinks.samples import AT, HOUR_MS, batch, breakage, journey, promise, stage

SHIPPED_ONES = {each.name: each.definition for each in load_bundle([SHIPPED]).definitions}
ORDER, CASE = SHIPPED_ONES["order"], SHIPPED_ONES["service_case"]
AWKWARD = """
journey: awkward
version: 1
about: It's 100% \\ awkward.
instance: order
opens: order.purchased
keeps:
  amount: {of: order.purchased, value: attributes.amount, take: last}
  amount_number: {of: order.purchased, value: attributes.amount, take: first}
promises:
  call: {made_by: a.b, due: 4h, kept_by: a.c}
  call_margin_s: {made_by: a.b, due: 4h, kept_by: a.c}
"""


def definition(text: str) -> Definition:
    return bundle_of([("test.yaml", text)]).definitions[0].definition


def shown(client: Client, view: str) -> list[dict[str, Any]]:
    rows, columns = client.execute(f"SELECT * FROM {view} ORDER BY instance", with_column_types=True)
    return [dict(zip((name for name, _ in columns), row, strict=True)) for row in rows]


@alters
def test_it_shows_every_stage_fact_promise_and_rule_of_a_journey(client: Client, sink: ClickHouseSink) -> None:
    stages = [stage("approval", duration_s=60.0), stage("packing", ended_at=None, duration_s=None)]
    stages += [stage("approval", entry=2, duration_s=5.0), stage("delivery", duration_s=-3.0)]
    promises = [promise("call_back", state="kept_late", margin_s=90.0, occurrence="shop/e1"), promise("call_back"), promise()]
    facts = [{"name": "value_at_risk", "value": 12.5}, {"name": "contacts", "value": 3}]
    full = journey("o1", state="closed", outcome="delivered", closed_at=AT + HOUR_MS, stages=stages, promises=promises, facts=facts)
    broken = [
        breakage("o1", rule="call_back_missed", occurrence=f"e{n}", state=state) for n, state in enumerate(["open", "recovered"])
    ]
    broken.append(breakage("o1", rule="refund_late", state="withdrawn"))
    land(sink, batch("journeys", full, journey("o2"), journey("o3", definition="service_case")), batch("breakages", *broken))
    assert replace(client, [ORDER, CASE]) == (["v_journey_order", "v_journey_service_case"], [])
    first, second = shown(client, "v_journey_order")
    told = {name: value for name, value in first.items() if value not in (None, 0, "")}
    assert {name: told[name] for name in told if name.startswith(("stage_", "fact_", "promise_", "rule_"))} == {
        "stage_approval_s": 60.0, "stage_delivery_s": -3.0, "fact_value_at_risk": 12.5, "fact_contacts": 3.0,
        "promise_call_back": "kept_late", "promise_call_back_margin_s": 90.0, "promise_delivery": "open",
        "rule_call_back_missed": 2,
    }  # fmt: skip
    assert (first["outcome"], first["duration_s"], first["region"], first["effort"]) == ("delivered", 3600.0, "BR", 0.0)
    assert (second["instance"], second["stage_approval_s"], second["fact_contacts"]) == ("o2", None, None)
    assert (second["promise_delivery"], second["rule_call_back_missed"]) == (None, 0)
    assert [row["instance"] for row in shown(client, "v_journey_service_case")] == ["o3"]


@alters
def test_every_column_is_plain_and_explained(client: Client) -> None:
    replace(client, [ORDER, CASE])
    columns = client.execute(
        "SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase() AND table IN %(views)s",
        {"views": ["v_journey_order", "v_journey_service_case"]},
    )
    names = {name for table, name, _, _ in columns if table == "v_journey_order"}
    assert names >= {f"stage_{name}_s" for name in ORDER.stages} | {f"rule_{name}" for name in ORDER.breakages}
    assert names >= {f"fact_{name}" for name in ORDER.keeps} | {f"promise_{name}" for name in ORDER.promises}
    assert [column for column in columns if not column[3] or "LowCardinality" in column[2] or "Array" in column[2]] == []


@alters
def test_a_new_version_makes_the_view_anew(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("journeys", journey("o1", definition="awkward", facts=[{"name": "amount", "value": "7 EUR"}])))
    replace(client, [definition(AWKWARD.split("promises:")[0])])
    assert "promise_call" not in shown(client, "v_journey_awkward")[0]
    replace(client, [definition(AWKWARD)])
    (row,) = shown(client, "v_journey_awkward")
    assert row["fact_amount"] == "7 EUR"
    assert {name for name in row if name.startswith(("fact_", "promise_"))} == {
        "fact_amount", "fact_amount_number", "fact_amount_number_", "fact_amount_number_number",
        "promise_call", "promise_call_margin_s", "promise_call_margin_s_", "promise_call_margin_s_margin_s",
    }  # fmt: skip


@alters
def test_facts_keep_what_they_are(client: Client, sink: ClickHouseSink) -> None:
    values = ['a "b"', 7, 2.5, True, "12"]
    rows = [journey(f"o{n}", definition="awkward", facts=[{"name": "amount", "value": v}]) for n, v in enumerate(values)]
    land(sink, batch("journeys", *rows))
    replace(client, [definition(AWKWARD)])
    found = [(row["fact_amount"], row["fact_amount_number_"]) for row in shown(client, "v_journey_awkward")]
    assert found == [('a "b"', None), ("7", 7.0), ("2.5", 2.5), ("true", None), ("12", None)]


@alters
def test_a_definition_with_the_name_of_another_view_gets_none(client: Client) -> None:
    minutes = definition(AWKWARD.replace("journey: awkward", "journey: minutes"))
    with pytest.raises(NameTaken, match="journey `minutes` gets no view of its own: v_journey_minutes is another one"):
        view_of(minutes)
    made, refused = replace(client, [minutes, ORDER])
    assert (made, len(refused)) == (["v_journey_order"], 1)
    assert client.execute("SELECT count() FROM v_journey_minutes") == [(0,)]


@alters
def test_what_a_reader_says_about_joins_does_not_change_it(client: Client, sink: ClickHouseSink) -> None:
    land(sink, batch("journeys", journey()))
    replace(client, [ORDER])
    rows = client.execute("SELECT rule_refund_late FROM v_journey_order", settings={"join_use_nulls": 1})
    assert rows == [(0,)]
