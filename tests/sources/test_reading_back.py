"""`report` and `person show` over a real pipeline say what the stories were."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.definitions import load_bundle
from streams.simulate import DEFINITIONS
from streams.simulate.story import Expected
from streams.simulate.traffic import Plan, plan
from tests.fixtures.pipeline import Pipeline, Pipelines

PLANNED: Plan = plan(seed=21, customers=40, start_ms=1_760_000_000_000, span_s=10, rate=100)


@pytest.fixture(scope="module")
def landed(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("reading"))
    pipeline = made(load_bundle([DEFINITIONS]))
    pipeline.start()
    pipeline.send(arrival.record for arrival in PLANNED.arrivals)
    pipeline.settle(PLANNED.settled_ms)
    yield pipeline
    made.close()


def customer_of(expected: Expected) -> str:
    """Who bought the order or opened the case."""
    for arrival in PLANNED.arrivals:
        known: dict[str, str] = {each["type"]: each["value"] for each in arrival.record["identifiers"]}
        if expected.instance in known.values() and "customer" in known:
            return known["customer"]
    raise LookupError(expected.instance)


def story(landed: Pipeline, customer: str) -> list[dict[str, Any]]:
    moments: list[dict[str, Any]] = json.loads(landed.command("person", "show", f"customer:{customer}", "--json"))["moments"]
    return moments


def test_report_counts_journeys_and_breakages(landed: Pipeline) -> None:
    found = json.loads(landed.command("report", "--json"))
    opened = {arrival.record["event_id"] for arrival in PLANNED.arrivals if arrival.record["action"] == "order.purchased"}
    assert sum(found["journeys"]["live_order"].values()) == len(opened)
    counted = {
        (definition, rule, state): number
        for definition, rules in found["breakages"].items()
        for rule, states in rules.items()
        for state, number in states.items()
        if state != "withdrawn"
    }
    assert counted == Counter((each.definition, each.rule, each.state) for each in PLANNED.truth)


def test_report_for_people_names_every_rule(landed: Pipeline) -> None:
    shown = landed.command("report")
    assert all(each.rule in shown for each in PLANNED.truth)


@pytest.mark.parametrize("expected", [each for each in PLANNED.truth if each.rule in ("late_delivery", "no_answer")][:4])
def test_a_story_shows_what_broke_and_its_proof(landed: Pipeline, expected: Expected) -> None:
    moments = story(landed, customer_of(expected))
    (broken,) = [
        each for each in moments if (each["kind"], each["name"], each["instance"]) == ("broken", expected.rule, expected.instance)
    ]
    assert broken["detail"]["state"] == expected.state
    told = {(each["detail"]["source"], each["detail"]["event_id"]) for each in moments if each["kind"] == "touchpoint"}
    assert broken["evidence"]
    assert {(proof["source"], proof["event_id"]) for proof in broken["evidence"]} <= told


def test_a_story_holds_every_touchpoint_in_order(landed: Pipeline) -> None:
    """Also those that name the order or the case alone, each once although some came twice."""
    customer = customer_of(PLANNED.truth[0])
    mine = {each["value"] for a in PLANNED.arrivals for each in a.record["identifiers"] if named(a.record, customer)}
    expected = {a.record["event_id"] for a in PLANNED.arrivals if mine & {each["value"] for each in a.record["identifiers"]}}
    moments = story(landed, customer)
    told = [each["detail"]["event_id"] for each in moments if each["kind"] == "touchpoint"]
    assert Counter(told) == Counter(expected)
    assert [each["at"] for each in moments] == sorted(each["at"] for each in moments)


def named(record: dict[str, Any], customer: str) -> bool:
    return {"type": "customer", "value": customer} in record["identifiers"]


def test_an_order_number_leads_to_the_same_person(landed: Pipeline) -> None:
    expected = next(each for each in PLANNED.truth if each.definition == "live_order")
    by_order = json.loads(landed.command("person", "show", f"order:{expected.instance}", "--json"))
    by_customer = json.loads(landed.command("person", "show", f"customer:{customer_of(expected)}", "--json"))
    assert by_order == by_customer


def test_a_story_for_people(landed: Pipeline) -> None:
    expected = next(each for each in PLANNED.truth if each.rule == "late_delivery")
    shown = landed.command("person", "show", f"customer:{customer_of(expected)}")
    assert "order.purchased" in shown
    assert "broken late_delivery" in shown
    assert "made: order.purchased" in shown


def test_a_stranger_is_said_to_be_one(landed: Pipeline) -> None:
    with pytest.raises(AssertionError, match=r"exited with 1:\s+nothing has landed about customer:nobody"):
        landed.command("person", "show", "customer:nobody")
