"""Rows to land, each a valid one that a test changes where it matters."""

from typing import Any

from sinks.contract import Batch, ClockRow, OffsetsRow
from streams.core.touchpoint import Touchpoint, hash_id
from streams.core.verdict import NEVER

AT = 1_760_000_000_000  # 2025-10-09T08:53:20Z
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PERSON, OTHER = hash_id("customer", "c1"), hash_id("customer", "c2")


def touchpoint(event_id: str = "e1", **changes: Any) -> Touchpoint:
    values: dict[str, Any] = {
        "occurred_at": AT, "sequence": 0, "event_id": event_id, "source": "shop", "origin": "product", "channel": "web",
        "action": "order.placed", "direction": "inbound", "identifiers": (("order", "o1"), ("customer", "c1")),
        "attributes": {"price": 12.5, "items": 2}, "region": "BR", "locale": "pt-BR", "agent": "a1", "team": "t1",
        "address": "order:o1", "content_hash": 1 << 40, "received_at": AT + 1_000,
    }  # fmt: skip
    return Touchpoint(**values | changes)


def consent(state: str, at: int, purpose: str = "marketing", channel: str = "", address: str = "customer:c1") -> Touchpoint:
    attributes = {"purpose": purpose, **({"channel": channel} if channel else {})}
    kind, _, value = address.partition(":")
    about = {"identifiers": ((kind, value),), "attributes": attributes, "address": address, "occurred_at": at}
    return touchpoint(f"{state} {at} {purpose} {channel}", action=f"consent.{state}", **about)


def stage(name: str = "approval", **changes: Any) -> dict[str, Any]:
    values = {
        "name": name, "entry": 1, "started_at": AT, "ended_at": AT + HOUR_MS, "duration_s": 3600.0, "working_s": None,
        "started_by": "e1", "ended_by": "e2",
    }  # fmt: skip
    return values | changes


def promise(name: str = "delivery", **changes: Any) -> dict[str, Any]:
    values = {
        "name": name, "occurrence": "", "state": "open", "made_at": AT, "first_due_at": AT + DAY_MS, "due_at": AT + DAY_MS,
        "settled_at": None, "margin_s": None, "revisions": 0, "made_by": "e1", "settled_by": "",
    }  # fmt: skip
    return values | changes


def journey(instance: str = "o1", person: str = PERSON, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "person_id": person, "address_id": hash_id("order", instance), "journey_id": hash_id("journey", instance),
        "definition": "order", "definition_version": 1, "instance": instance, "state": "open", "outcome": "",
        "opened_at": AT, "closed_at": None, "first_at": AT, "last_at": AT,
        "touchpoints": 1, "opened_by": "e1", "region": "BR", "channel": "web", "effort": 0.0, "stages": [], "promises": [],
        "facts": [], "backfilled": False, "redirects": 0, "version": 1, "clock_at": AT, "emitted_at": AT + 2_000, "replaces": None,
    }  # fmt: skip
    return values | changes


def quarantined(instance: str = "o9", person: str = PERSON, **changes: Any) -> dict[str, Any]:
    """The receipt that an order is too large."""
    address_id = hash_id("order", instance)
    values = {
        "address_id": address_id, "journey_id": hash_id("journey", "", f"order:{address_id}"), "definition": "",
        "definition_version": 0, "instance": f"order:{address_id}", "state": "quarantined", "touchpoints": 1_001, "opened_by": "",
        "region": "", "channel": "", "last_at": AT + HOUR_MS,
        "facts": [{"name": "most_touchpoints", "value": 1_000}, {"name": "quarantined_at", "value": AT + DAY_MS}],
    }  # fmt: skip
    return journey(person=person) | values | changes


def replaced_journey(row: dict[str, Any]) -> dict[str, Any]:
    """What the next row says that it replaces."""
    return {name: row[name] for name in ("version", "state", "outcome", "opened_at", "closed_at", "region", "channel")}


def proof(event_id: str = "e1", role: str = "made", **changes: Any) -> dict[str, Any]:
    return {"source": "shop", "event_id": event_id, "occurred_at": AT, "action": "order.placed", "role": role} | changes


def breakage(instance: str = "o1", person: str = PERSON, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "person_id": person, "address_id": hash_id("order", instance), "journey_id": hash_id("journey", instance),
        "definition": "order", "definition_version": 1, "instance": instance, "rule": "late_delivery", "occurrence": "",
        "cause_key": hash_id("order", "late_delivery", instance, ""), "state": "open", "severity": "warning",
        "owner": "logistics", "runbook": "", "due_at": AT, "broken_at": AT,
        "detected_at": AT + 5, "recovered_at": None, "region": "BR", "channel": "web", "evidence": [proof()], "facts": [],
        "backfilled": False, "redirects": 0, "version": 1, "clock_at": AT, "emitted_at": AT + 2_000, "replaces": None,
    }  # fmt: skip
    return values | changes


def replaced_breakage(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("version", "state", "broken_at", "severity", "region", "channel")}


def person(value: str = "o1", belongs_to: str = PERSON, number: int = 1, **changes: Any) -> dict[str, Any]:
    """The order `value` belongs to `belongs_to` since redirect `number`."""
    values: dict[str, Any] = {
        "identifier_type": "order", "identifier_value": value, "kind": "object", "own_id": hash_id("order", value),
        "person_id": belongs_to, "root_type": "customer", "root_value": "c1", "number": number, "linked_at": AT,
        "linked_by_source": "shop", "linked_by_event": "e1", "version": number,
    }  # fmt: skip
    return values | changes


def rejected(offset: int = 5, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "reason": "undecodable", "detail": "not Avro, not JSON", "topic": "touchpoints", "partition": 0, "offset": offset,
        "received_at": AT, "rejected_at": AT + 10, "key": None, "value": b"\xff\x00\xfe", "headers": [], "load": "",
    }  # fmt: skip
    return values | changes


def replayed(offset: int = 5, **changes: Any) -> dict[str, Any]:
    """Another try of the rejected record of that offset."""
    values: dict[str, Any] = {
        "topic": "touchpoints", "partition": 0, "offset": offset, "received_at": AT, "replayed_at": AT + HOUR_MS,
        "replayed_partition": 1, "replayed_offset": 70,
    }  # fmt: skip
    return values | changes


def received(first: int = 0, last: int = 9, kind: str = "received", **changes: Any) -> OffsetsRow:
    values = {"day": AT // DAY_MS * DAY_MS, "partition": 0, "told_at": AT + 2_000}
    return OffsetsRow(kind=kind, first_offset=first, last_offset=last, **values | changes)


def clock(topic: str = "journeys", partition: int = 0, **changes: Any) -> ClockRow:
    values: dict[str, Any] = {
        "topic": topic, "partition": partition, "source": 0, "clock_ms": AT, "final_ms": NEVER, "redirects": 0, "version": 1,
        "partitions": 1,
    }  # fmt: skip
    return ClockRow(**values | changes)


def pair(weaker: str = "w1", stronger: str = "s1", **changes: Any) -> dict[str, Any]:
    """An e-mail and a customer that one touchpoint shows together."""
    values: dict[str, Any] = {
        "weaker_id": hash_id("email", weaker), "stronger_id": hash_id("customer", stronger), "weaker_type": "email",
        "stronger_type": "customer", "state": "linked", "guard": "", "occurred_at": AT, "source": "shop", "event_id": "e1",
        "version": 1,
    }  # fmt: skip
    return values | changes


def receipt(number: int = 1, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "first_number": number, "last_number": number, "kind": "merged", "left_id": hash_id("email", "w1"),
        "joined_id": hash_id("customer", "s1"), "identifiers": 1, "objects": 0, "left_size": 1, "joined_size": 2,
        "weaker_id": hash_id("email", "w1"), "stronger_id": hash_id("customer", "s1"), "why": "linked", "occurred_at": AT,
        "source": "shop", "event_id": "e1", "decided_at": AT + 1_000, "version": 1,
    }  # fmt: skip
    return values | changes


def batch(table: str, *rows: Any, first: int = 0, partition: int = 0, topic_id: str = "T1") -> Batch:
    """A batch of consecutive offsets from `first` on."""
    last = first + max(len(rows) - 1, 0)
    versions = list(range(first, first + len(rows))) if table == "touchpoints" else []
    return Batch(table, topic_id, partition, first, last, list(rows), versions)
