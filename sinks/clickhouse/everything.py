"""Everything that the tables know about one person, as plain values for one JSON object."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from clickhouse_driver import Client

from sinks.clickhouse.attributes import attributes
from sinks.clickhouse.forgetting import REJECTED, identifiers_of_person
from sinks.clickhouse.timeline import person_id

Row = dict[str, Any]
PURPOSE = "purpose"  # attribute of touchpoints
CONSENTS = {"consent.granted": "granted", "consent.withdrawn": "withdrawn"}  # action -> state
OF_PERSON = {  # name in the object -> query
    "identifiers": "SELECT * FROM v_identifiers WHERE person_id = %(person)s ORDER BY ALL",
    "links": "SELECT * FROM v_links WHERE person_id = %(person)s OR weaker_person_id = %(person)s ORDER BY ALL",
    "receipts": "SELECT * FROM v_merges WHERE left_person_id = %(person)s OR joined_person_id = %(person)s ORDER BY last_number",
    "journeys": "SELECT * FROM v_journeys WHERE person_id = %(person)s ORDER BY opened_at, definition, instance",
    "stages": "SELECT * FROM v_stages WHERE person_id = %(person)s ORDER BY started_at, definition, instance",
    "facts": "SELECT * FROM v_journey_facts WHERE person_id = %(person)s ORDER BY definition, instance, fact",
    "promises": "SELECT * FROM v_promises WHERE person_id = %(person)s ORDER BY made_at, definition, instance, promise",
    "breakages": "SELECT * FROM v_breakage_history WHERE person_id = %(person)s ORDER BY broken_at, definition, rule",
    "quarantined": "SELECT * FROM v_quarantined WHERE person_id = %(person)s ORDER BY quarantined_at, address_id",
}
EVIDENCE = """
SELECT cause_key, source, event_id, occurred_at, action, role
FROM v_breakage_evidence WHERE person_id = %(person)s ORDER BY occurred_at
"""
TOUCHPOINTS = """
WITH (SELECT groupArray(key) FROM wanted) AS keys
SELECT source, event_id, occurred_at, sequence, origin, channel, action, direction, identifiers, attributes, region, locale, agent,
    team, address, late_ms, too_late, load, received_at, landed_at
FROM touchpoints FINAL
WHERE address IN (SELECT key FROM wanted) OR hasAny(arrayMap(each -> concat(each.type, ':', each.value), identifiers), keys)
ORDER BY occurred_at, sequence, event_id, source
"""
REJECTED_ROW = """
SELECT received_at, topic, partition, offset, reason, detail, load FROM rejected_touchpoints FINAL
WHERE (topic, partition, offset) IN %(places)s
"""


def everything(
    client: Client, identifier_type: str, value: str, mentioned: Callable[[bytes | None, bytes | None, list[str]], bool]
) -> Row:
    """`mentioned`: whether a rejected record's key and value carry any of these identifiers."""
    person = {"person": person_id(client, identifier_type, value)}
    keys = identifiers_of_person(client, identifier_type, value)
    found: Row = {"person_id": person["person"], **{name: _rows(client, query, person) for name, query in OF_PERSON.items()}}
    _prove(found["breakages"], _rows(client, EVIDENCE, person))
    touchpoints = found["touchpoints"] = _touchpoints(client, keys)
    found["consents"] = consents(touchpoints)
    found["attributes"] = [each._asdict() for each in attributes(client, person["person"])]
    purposes = Counter(str(its) for each in touchpoints if (its := each["attributes"].get(PURPOSE)) is not None)
    found["purposes"] = [{"purpose": name, "touchpoints": count} for name, count in sorted(purposes.items())]
    found["rejected"] = _rejected(client, lambda key, its: mentioned(key, its, keys))
    return found


def consents(touchpoints: list[Row]) -> list[Row]:
    """What stands of each purpose and channel, by the last touchpoint in the order of event time."""
    standing: dict[tuple[str, str], Row] = {}
    for each in touchpoints:
        if each["action"] in CONSENTS:
            attributes = each["attributes"]
            about = str(attributes.get(PURPOSE, "")), str(attributes.get("channel", ""))
            state = {"state": CONSENTS[each["action"]], "since": each["occurred_at"]}
            before = standing.get(about)
            if before is None or before["state"] != state["state"]:
                standing[about] = {"purpose": about[0], "channel": about[1], **state}
    return [standing[about] for about in sorted(standing)]


def _prove(breakages: list[Row], evidence: list[Row]) -> None:
    by_cause: dict[str, list[Row]] = {}
    for each in evidence:
        by_cause.setdefault(each.pop("cause_key"), []).append(each)
    for breakage in breakages:
        breakage["evidence"] = by_cause.get(breakage["cause_key"], [])


def _touchpoints(client: Client, keys: list[str]) -> list[Row]:
    external = [{"name": "wanted", "structure": [("key", "String")], "data": [{"key": key} for key in keys]}]
    found = _rows(client, TOUCHPOINTS, {}, external)
    for each in found:
        each["attributes"] = json.loads(each["attributes"])
        each["identifiers"] = [{"type": kind, "value": value} for kind, value in each["identifiers"]]
    return found


def _rejected(client: Client, mentioned: Callable[[bytes | None, bytes | None], bool]) -> list[Row]:
    """With the record's bytes as text; what is no UTF-8 in it is escaped."""
    said: dict[tuple[Any, ...], str] = {}
    rows = client.execute_iter(REJECTED, settings={"max_block_size": 10_000, "strings_as_bytes": True})
    for _, topic, *place, key, value in rows:
        if mentioned(key, value):
            said[topic.decode(), *place] = (value or b"").decode("utf-8", "backslashreplace")
    found = _rows(client, REJECTED_ROW, {"places": list(said)}) if said else []
    return [{**each, "record": said[each["topic"], each["partition"], each["offset"]]} for each in found]


def _rows(client: Client, query: str, values: Row, external: list[Row] | None = None) -> list[Row]:
    rows, columns = client.execute(query, values or None, with_column_types=True, external_tables=external)
    names = [name for name, _ in columns]
    return [dict(zip(names, row, strict=True)) for row in rows]
