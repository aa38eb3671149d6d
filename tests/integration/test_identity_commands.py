"""`throughline identity link` and `unlink`: two people become one and two again, with all that follows from it."""

import json
from typing import Any

import pytest

from streams.core.touchpoint import hash_id
from streams.core.verdict import NEVER, Clock
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, Record, touch
from tests.fixtures.views import PURE, pure
from tests.integration.definitions import ORDER, bundle

CONTACT = """
journey: contact
version: 1
instance: case
opens: case.opened
closes: {closed: case.closed}
expires: 3650d
breakages:
  unanswered: {absence: {after: chat.asked, of: call.answered, within: 24h, waits: each}, scope: person, per: occurrence}
"""
BUNDLE = bundle(ORDER, CONTACT)
ANN, MAIL = hash_id("customer", "ann"), hash_id("email", "ann@shop.de")
OBJECTS = [view for view in PURE if "breakage" not in view]  # what is judged by one object alone; the batch judges no persons
BROKEN = "SELECT rule, person_id FROM v_breakages ORDER BY rule"


def records(at_ms: int) -> list[Record]:
    """Ann asks in a chat, and somebody who is only known by a mail address is called back.  Both have bought something."""
    ann, mail = {"customer": "ann"}, {"email": "Ann@shop.de"}
    due = {"due": at_ms + DAY_MS, "amount": 2.0}
    return [
        touch("case.opened", at_ms, {"case": "k1", **ann}),
        touch("chat.asked", at_ms + 1, {"case": "k1", **ann}),
        touch("order.purchased", at_ms + 2, {"order": "o1", **ann}, due),
        touch("order.purchased", at_ms + 3, {"order": "o2", **mail}, due),
        touch("order.delivered", at_ms + HOUR_MS, {"order": "o2"}),
        touch("call.answered", at_ms + HOUR_MS, mail),
    ]


def shown(pipeline: Pipeline) -> dict[str, Any]:
    return {view: sorted(pipeline.query(pure(pipeline.settings.database, view)), key=repr) for view in PURE}


def said(pipeline: Pipeline, word: str, *more: str, code: int = 0) -> dict[str, Any]:
    """The command with identifiers as a person would write them."""
    ends = "customer:ann", "email:ANN@Shop.de"
    printed = pipeline.command("identity", word, *ends, "--why", "she told us", *more, "--json", code=code)
    told: dict[str, Any] = json.loads(printed) if code == 0 else {}
    return told


@pytest.fixture
def pipeline(pipelines: Pipelines) -> Pipeline:
    made = pipelines(BUNDLE)
    made.start()
    return made


def test_a_link_makes_one_person_and_an_unlink_the_same_two_again(pipeline: Pipeline, day_ms: int) -> None:
    given, clock = records(day_ms), day_ms + 5 * DAY_MS
    pipeline.send(given)
    pipeline.settle(clock)
    before = shown(pipeline)
    assert pipeline.query(BROKEN) == [("late", ANN), ("unanswered", ANN)]
    assert_shown(pipeline.client, pipeline.settings.database, _objects(given, clock))

    linked = said(pipeline, "link", "--wait")
    assert [(each["kind"], each["left_id"], each["joined_id"]) for each in linked["receipts"]] == [("merged", MAIL, ANN)]
    pipeline.settle(clock + 1)
    assert pipeline.query(BROKEN) == [("late", ANN)]
    both = touch("identity.linked", day_ms, {"customer": "ann", "email": "ann@shop.de"})
    assert_shown(pipeline.client, pipeline.settings.database, _objects([*given, both], clock + 1))
    _explained(pipeline, linked["event_id"])
    pipeline.command("verify")

    assert said(pipeline, "link")["event_id"] == ""  # nothing to do
    unlinked = said(pipeline, "unlink", "--wait")
    assert [(each["kind"], each["joined_id"], each["why"]) for each in unlinked["receipts"]] == [("split", MAIL, "unlinked")]
    pipeline.settle(clock + 2)
    assert shown(pipeline) == before
    pipeline.command("verify")
    pipeline.command("identity", "explain", "customer:ann", "email:ann@shop.de", code=5)
    _receipts(pipeline, linked["event_id"], unlinked["event_id"])


def _objects(given: list[Record], clock_ms: int) -> dict[str, list[Any]]:
    expected = batch(BUNDLE, given, Clock(clock_ms, NEVER))
    return {view: expected[view] for view in OBJECTS}


def _explained(pipeline: Pipeline, event_id: str) -> None:
    """By identifiers and by old ids."""
    for other in ("email:ANN@shop.de", MAIL):
        found = json.loads(pipeline.command("identity", "explain", ANN, other, "--json"))
        assert found["same"]
        assert [(step["weaker"], step["stronger"], step["event_id"]) for step in found["path"]] == [
            ("email:ann@shop.de", "customer:ann", event_id)
        ]
    for whom in (MAIL, "email:Ann@Shop.de", "customer:ann"):
        story = json.loads(pipeline.command("person", "show", whom, "--json"))
        assert story["person_id"] == ANN
        assert {"chat.asked", "call.answered", "identity.linked"} <= {moment["name"] for moment in story["moments"]}


def _receipts(pipeline: Pipeline, *events: str) -> None:
    found = json.loads(pipeline.command("identity", "show", "email:ann@shop.de", "--json"))
    assert found["person_id"] == MAIL
    assert [(each["kind"], each["source"], each["event_id"]) for each in found["receipts"]] == [
        ("merged", "throughline", events[0]),
        ("split", "throughline", events[1]),
    ]
    assert [(each["state"], each["event_id"]) for each in found["pairs"]] == [("unlinked", events[1])]
    ((attributes, origin),) = pipeline.query(
        "SELECT attributes, origin FROM v_touchpoints WHERE event_id = %(event_id)s", event_id=events[1]
    )
    assert json.loads(attributes)["why"] == "she told us"
    assert json.loads(attributes)["operator"]
    assert origin == "human"


def test_what_would_not_help_is_said_and_left_undone(pipeline: Pipeline, day_ms: int) -> None:
    """Other pairs still make them one person; a guard would refuse; nobody knows one of them."""
    ann, mail, phone = {"customer": "ann"}, {"email": "ann@shop.de"}, {"phone": "+4930901820"}
    pipeline.send([
        touch("seen", day_ms, {**ann, **mail}), touch("seen", day_ms + 1, {**ann, **phone}),
        touch("seen", day_ms + 2, {**mail, **phone}), touch("seen", day_ms + 3, {"email": "test@shop.de"}),
    ])  # fmt: skip
    pipeline.settle(day_ms + DAY_MS)
    said(pipeline, "unlink", code=5)
    pipeline.command("identity", "link", "customer:ann", "email:test@shop.de", "--why", "x", code=5)
    pipeline.command("identity", "link", "customer:ann", "customer:nobody", "--why", "x", code=1)
    pipeline.command("identity", "link", "customer:ann", "customer:ann", "--why", "x", code=2)
    pipeline.command("identity", "link", "customer:ann", "email:ann@shop.de", "--why", " ", code=2)
    assert pipeline.query("SELECT count() FROM v_touchpoints WHERE source = 'throughline'") == [(0,)]
    told = said(pipeline, "unlink", "--anyway", "--wait")
    assert [(step["weaker"], step["stronger"]) for step in told["path"]] == [
        ("phone:+4930901820", "email:ann@shop.de"),
        ("phone:+4930901820", "customer:ann"),
    ]
    assert told["receipts"] == []
    found = json.loads(pipeline.command("identity", "explain", "customer:ann", "email:ann@shop.de", "--json"))
    assert (found["same"], len(found["path"])) == (True, 2)
