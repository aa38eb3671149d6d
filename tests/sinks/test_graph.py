"""A person's graph as it is read back: members, pairs, receipts, old ids, and the way from one identifier to another."""

from typing import Any

from clickhouse_driver import Client

from sinks.clickhouse import graph
from sinks.clickhouse.sink import ClickHouseSink
from streams.cli.chain import chain
from streams.cli.whom import Whom
from streams.core.touchpoint import hash_id
from tests.sinks.databases import land
from tests.sinks.samples import AT, batch, pair, person, receipt, touchpoint

ANN, MAIL, PHONE, BOB = (hash_id(*each) for each in (("customer", "ann"), ("email", "a@x"), ("phone", "1"), ("customer", "bob")))


def member(its_type: str, value: str, belongs_to: str = ANN, number: int = 1, **changes: Any) -> dict[str, Any]:
    own = {"identifier_type": its_type, "own_id": hash_id(its_type, value), "root_value": "ann"}
    return person(value, belongs_to, number, **{"kind": "person", **own, **changes})


def between(weaker: tuple[str, str], stronger: tuple[str, str], **changes: Any) -> dict[str, Any]:
    ids = {"weaker_id": hash_id(*weaker), "stronger_id": hash_id(*stronger)}
    return pair(**{**ids, "weaker_type": weaker[0], "stronger_type": stronger[0], **changes})


def somebody(client: Client, own_id: str) -> Whom:
    (found,) = graph.known(client, [own_id])
    return Whom(found.identifier, "", own_id, found.person_id, True, found.kind)


def landed(sink: ClickHouseSink) -> None:
    """Ann is linked with a mail, that with a phone; Bob, too, whom an unlink and a guard keep apart.  Order o1 is the phone's."""
    alone = {"linked_at": None, "linked_by_source": "", "linked_by_event": ""}
    people = [
        member("customer", "ann", ANN, 0, **alone),
        member("email", "a@x", number=1, linked_at=AT + 1),
        member("phone", "1", number=2, linked_at=AT + 2),
        member("customer", "bob", BOB, 0, **alone),
        member("order", "o1", kind="object", number=3, linked_at=AT + 3, linked_by_event="e3"),
    ]
    pairs = [
        between(("email", "a@x"), ("customer", "ann"), occurred_at=AT + 1),
        between(("phone", "1"), ("email", "a@x"), occurred_at=AT + 2, event_id="e2"),
        between(("customer", "bob"), ("customer", "ann"), state="unlinked", occurred_at=AT + 9, event_id="u1"),
        between(("phone", "1"), ("customer", "bob"), state="refused", guard="crowded", occurred_at=AT + 8, event_id="e8"),
    ]
    receipts = [
        receipt(1, left_id=MAIL, joined_id=ANN, weaker_id=MAIL, stronger_id=ANN),
        receipt(2, left_id=PHONE, joined_id=ANN, weaker_id=PHONE, stronger_id=MAIL, event_id="e2"),
    ]
    bought = touchpoint("e3", occurred_at=AT + 3, identifiers=(("order", "o1"), ("phone", "1")))
    alone_then = touchpoint("e4", address="phone:2", identifiers=(("phone", "2"),))
    land(
        sink, batch("people", *people), batch("pairs", *pairs), batch("receipts", *receipts),
        batch("touchpoints", bought, alone_then),
    )  # fmt: skip


def test_a_person_has_its_identifiers_in_the_order_of_linking_and_its_objects_last(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    assert [each.identifier for each in graph.members(client, ANN)] == ["customer:ann", "email:a@x", "phone:1", "order:o1"]
    assert [each.identifier for each in graph.members(client, hash_id("phone", "2"))] == ["phone:2"]
    assert graph.members(client, hash_id("phone", "3")) == []


def test_pairs_are_those_with_others_too_and_name_what_keeps_apart(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    found = graph.pairs(client, [ANN, MAIL, PHONE])
    assert [(each.weaker, each.stronger, each.state, each.guard) for each in found] == [
        ("email:a@x", "customer:ann", "linked", ""),
        ("phone:1", "email:a@x", "linked", ""),
        ("phone:1", "customer:bob", "refused", "crowded"),
        ("customer:bob", "customer:ann", "unlinked", ""),
    ]
    assert graph.pairs(client, []) == []


def test_receipts_are_in_the_order_of_decision_with_names(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    found = graph.receipts(client, [ANN])
    assert [(each.left, each.joined, each.weaker, each.stronger) for each in found] == [
        ("email:a@x", "customer:ann", "email:a@x", "customer:ann"),
        ("phone:1", "customer:ann", "phone:1", "email:a@x"),
    ]


def test_an_old_id_leads_to_who_it_is_now(client: Client, sink: ClickHouseSink) -> None:
    """By people, and by receipts where people know nothing of it."""
    landed(sink)
    gone = hash_id("cookie", "gone")
    land(sink, batch("receipts", receipt(3, left_id=gone, joined_id=PHONE)))
    assert [graph.person_of(client, each) for each in (PHONE, ANN, gone, BOB)] == [ANN, ANN, ANN, BOB]
    assert graph.person_of(client, "0" * 32) == "0" * 32


def test_why_two_are_one_is_the_shortest_way_of_linked_pairs(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    found = chain(client, somebody(client, PHONE), somebody(client, ANN))
    assert found.same
    assert [(step.weaker, step.stronger, step.event_id) for step in found.steps] == [
        ("phone:1", "email:a@x", "e2"),
        ("email:a@x", "customer:ann", "e1"),
    ]
    assert chain(client, somebody(client, PHONE), somebody(client, ANN), without=(PHONE, MAIL)).steps == ()


def test_an_object_leads_to_whom_its_touchpoint_carries(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    found = chain(client, somebody(client, hash_id("order", "o1")), somebody(client, MAIL))
    assert [(step.weaker, step.stronger) for step in found.steps] == [("order:o1", "phone:1"), ("phone:1", "email:a@x")]


def test_why_two_are_not_one_is_what_stands_between_them(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    found = chain(client, somebody(client, ANN), somebody(client, BOB))
    assert not found.same
    assert [(step.weaker, step.stronger, step.state) for step in found.steps] == [("customer:bob", "customer:ann", "unlinked")]
    through = chain(client, somebody(client, PHONE), somebody(client, BOB))
    assert [(step.state, step.guard) for step in through.steps] == [("refused", "crowded")]
    assert chain(client, somebody(client, ANN), somebody(client, hash_id("phone", "2"))).steps == ()
