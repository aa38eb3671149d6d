"""What the tables hold about somebody, found by identifiers, and its deletion.

Values travel as an external table and never stand in a statement: statements of deletion are kept by the server for a while.  What
they name are ids of identifiers, offsets and hashes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from clickhouse_driver import Client

from streams.core.touchpoint import hash_id

MOST = 1_000  # ids or rows in one statement
SYNC = {"mutations_sync": 2, "lightweight_deletes_sync": 2, "max_execution_time": 0}
BLOCK = {"max_block_size": 10_000}
BY_ID = {  # table -> which of its rows are about any of these ids
    "said": "address_id IN {ids}",
    "minute_entries": "address_id IN {ids} OR person_id IN {ids}",
    "journeys": "address_id IN {ids} OR person_id IN {ids}",
    "breakages": "address_id IN {ids} OR person_id IN {ids}",
    "receipts": "left_id IN {ids} OR joined_id IN {ids} OR weaker_id IN {ids} OR stronger_id IN {ids}",
    "pairs": "weaker_id IN {ids} OR stronger_id IN {ids}",
    "redirects": "own_id IN {ids} OR person_id IN {ids}",
    "people": "own_id IN {ids} OR person_id IN {ids}",  # last: an erasure that is repeated finds the person by it
}
OF_PERSON = """
SELECT DISTINCT concat(identifier_type, ':', identifier_value) FROM people FINAL
WHERE person_id = (SELECT if(count() = 0, %(own)s, any(person_id)) FROM people FINAL WHERE own_id = %(own)s)
"""
PLACE = "content_hash, source_partition, source_offset, log_version"
CARRYING = """
WITH (SELECT groupArray(key) FROM erased) AS keys
SELECT {columns}
FROM touchpoints
WHERE address IN (SELECT key FROM erased) OR hasAny(arrayMap(each -> concat(each.type, ':', each.value), identifiers), keys)
"""
SAYING = "toString(event_key), place_key, content_hash"  # which touchpoint said it, wherever on the log that copy of it lay
ACCOUNT = """
INSERT INTO offset_accounts (day, partition, kind, source, offsets)
WITH (SELECT groupArray(key) FROM erased) AS keys
SELECT toDate(received_at), source_partition, 'erased', source, groupBitmapState(source_offset)
FROM touchpoints
WHERE address IN (SELECT key FROM erased) OR hasAny(arrayMap(each -> concat(each.type, ':', each.value), identifiers), keys)
GROUP BY ALL
"""
BESIDE = """
WITH (SELECT groupArray(key) FROM erased) AS keys
SELECT DISTINCT arrayJoin(arrayPushBack(arrayMap(each -> concat(each.type, ':', each.value), identifiers), address)) AS beside
FROM touchpoints
WHERE (address IN (SELECT key FROM erased) OR hasAny(arrayMap(each -> concat(each.type, ':', each.value), identifiers), keys))
    AND beside NOT IN (SELECT key FROM erased)
"""
REJECTED = "SELECT toUnixTimestamp64Milli(received_at), topic, partition, offset, key, value FROM rejected_touchpoints"
MINUTES = "SELECT DISTINCT intDiv(toUnixTimestamp64Milli(minute), 60000) FROM minute_entries WHERE {which}"
NAMES = {"journeys": "journey_id", "breakages": "cause_key"}
Bytes = bytes | None


def identifiers_of_person(client: Client, identifier_type: str, value: str) -> list[str]:
    """Keys, type:value, of all that belong to the person of this identifier; itself first."""
    own = f"{identifier_type}:{value}"
    found = [key for (key,) in client.execute(OF_PERSON, {"own": hash_id(identifier_type, value)})]
    return list(dict.fromkeys([own, *sorted(found)]))


def row_keys(client: Client, table: str, ids: Sequence[str]) -> set[bytes]:
    """Keys that rows about these ids have on their topic, those of rows that have moved too."""
    query = f"SELECT DISTINCT person_id, {NAMES[table]} FROM {table} WHERE "
    return {bytes.fromhex(person + row) for which in _about(table, ids) for person, row in client.execute(query + which)}


def minutes(client: Client, ids: Sequence[str]) -> set[int]:
    """In which any of their rows was ever counted."""
    return {minute for which in _about("minute_entries", ids) for (minute,) in client.execute(MINUTES.format(which=which))}


def forget(client: Client, keys: Sequence[str], ids: Sequence[str], mentioned: Callable[[Bytes, Bytes], bool]) -> dict[str, int]:
    """Delete it all.  `mentioned`: whether a rejected record's key and value carry somebody of them.  -> rows by table."""
    client.execute(ACCOUNT, external_tables=_external(keys))  # where they lay, so that nobody looks for them
    said = _delete_rows(client, "said", SAYING, carrying(client, keys, SAYING))
    deleted = {
        "touchpoints": _delete_rows(client, "touchpoints", PLACE, carrying(client, keys)),
        "rejected_touchpoints": _delete_rows(
            client, "rejected_touchpoints", "toUnixTimestamp64Milli(received_at), topic, partition, offset",
            rejected(client, mentioned),
        ),
    }  # fmt: skip
    for table in BY_ID:
        deleted[table] = sum(_delete(client, table, which) for which in _about(table, ids))
    deleted["said"] += said
    for table in deleted:
        if deleted[table]:  # until then the rows are hidden, and their bytes are there
            client.execute(f"ALTER TABLE {table} APPLY DELETED MASK", settings=SYNC)
    return deleted


def about(client: Client, ids: Sequence[str]) -> dict[str, int]:
    """Table -> rows about these ids."""
    found = {table: sum(_count(client, table, which) for which in _about(table, ids)) for table in BY_ID}
    return {table: count for table, count in found.items() if count}


def carrying(client: Client, keys: Sequence[str], columns: str = PLACE) -> list[tuple[Any, ...]]:
    """Touchpoints that are addressed to or carry one of them: every row, older versions too."""
    found: list[tuple[Any, ...]] = client.execute(CARRYING.format(columns=columns), external_tables=_external(keys))
    return found


def beside(client: Client, keys: Sequence[str]) -> list[str]:
    """Identifiers, type:value, that were carried or addressed together with one of them, and are none of them."""
    return sorted(key for (key,) in client.execute(BESIDE, external_tables=_external(keys)))


def _external(keys: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": "erased", "structure": [("key", "String")], "data": [{"key": key} for key in keys]}]


def rejected(client: Client, mentioned: Callable[[Bytes, Bytes], bool]) -> list[tuple[Any, ...]]:
    rows = client.execute_iter(REJECTED, settings={**BLOCK, "strings_as_bytes": True})
    return [
        (received_at, topic.decode(), *place) for received_at, topic, *place, key, value in rows if mentioned(key, value)
    ]  # fmt: skip


def _about(table: str, ids: Sequence[str]) -> Iterator[str]:
    for at in range(0, len(ids), MOST):
        listed = ", ".join(f"'{each}'" for each in ids[at : at + MOST])  # 32 hex digits, made here
        yield BY_ID[table].format(ids=f"({listed})")


def _delete_rows(client: Client, table: str, columns: str, rows: list[tuple[Any, ...]]) -> int:
    for at in range(0, len(rows), MOST):
        _delete(client, table, f"({columns}) IN %(rows)s", rows[at : at + MOST])
    return len(rows)


def _delete(client: Client, table: str, which: str, rows: Iterable[tuple[Any, ...]] = ()) -> int:
    count = 0 if rows else _count(client, table, which)
    if rows or count:
        client.execute(f"DELETE FROM {table} WHERE {which}", {"rows": list(rows)} if rows else None, settings=SYNC)
    return count


def _count(client: Client, table: str, which: str) -> int:
    ((count,),) = client.execute(f"SELECT count() FROM {table} WHERE {which}")
    return int(count)
