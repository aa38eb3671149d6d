"""Rejected records as they have landed: how many and why, one with its bytes, all of a kind with their bytes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from clickhouse_driver import Client

_BLOCK = {"max_block_size": 1_000, "strings_as_bytes": True}
_COLUMNS = (
    "reason, detail, topic, partition, offset, {ms}(received_at), {ms}(rejected_at), key, value, headers.name, headers.value, load"
)
LETTERS = f"SELECT {_COLUMNS.format(ms='toUnixTimestamp64Milli')} FROM rejected_touchpoints FINAL"
BY_KIND = """
SELECT reason, topic, load, countIf(state = 'open'), countIf(state = 'replayed'), min(received_at), max(received_at),
    argMax((topic, partition, offset), (state = 'open', received_at, partition, offset))
FROM v_dead_letters WHERE {which}
GROUP BY reason, topic, load ORDER BY reason, topic, load
"""
KEYS = """
SELECT d.topic, d.partition, d.offset, toUnixTimestamp64Milli(d.received_at), d.state = 'replayed' FROM v_dead_letters AS d
WHERE {which}
"""


class Which(NamedTuple):
    """Those that the broker stored from `since_ms` to before `until_ms`.  Empty: any."""

    reason: str = ""
    since_ms: int = 0
    until_ms: int = 1 << 42
    load: str = ""


class Kind(NamedTuple):
    """Rejected records of one reason, topic and load; `example`: the place of the newest, an open one if there is one."""

    reason: str
    topic: str
    load: str
    open: int
    replayed: int
    first_at: datetime
    last_at: datetime
    example: tuple[str, int, int]


class Key(NamedTuple):
    """Where a rejected record lies; the time tells topics apart that were made anew."""

    topic: str
    partition: int
    offset: int
    received_ms: int


class Letter(NamedTuple):
    """A rejected record with its bytes.  Times are epoch milliseconds."""

    reason: str
    detail: str
    key: Key
    rejected_ms: int
    record_key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    load: str


def kinds(client: Client, which: Which) -> list[Kind]:
    return [Kind(*row) for row in client.execute(BY_KIND.format(which=_where(which)), _values(which))]


def keys(client: Client, which: Which) -> Iterator[tuple[Key, bool]]:
    """Each with whether word has landed that it was tried again."""
    for *key, replayed in client.execute_iter(
        KEYS.format(which=_where(which)), _values(which), settings={"max_block_size": 10_000}
    ):
        yield Key(*key), bool(replayed)


def letters(client: Client, which: Which) -> Iterator[Letter]:
    """In the order in which the broker stored them, partition by partition."""
    query = f"{LETTERS} WHERE {_where(which)} ORDER BY topic, partition, received_at, offset"
    return map(_letter, client.execute_iter(query, _values(which), settings=_BLOCK))


def at(client: Client, topic: str, partition: int, offset: int) -> list[Letter]:
    """None, one, or several where the topic was made anew; the newest first."""
    where = "topic = %(topic)s AND partition = %(partition)s AND offset = %(offset)s ORDER BY received_at DESC"
    values = {"topic": topic, "partition": partition, "offset": offset}
    return [_letter(row) for row in client.execute(f"{LETTERS} WHERE {where}", values, settings=_BLOCK)]


def _letter(row: tuple[Any, ...]) -> Letter:
    reason, detail, topic, partition, offset, received_ms, rejected_ms, key, value, names, values, load = row
    headers = [(name.decode("utf-8", "replace"), its) for name, its in zip(names, values, strict=True)]
    place = Key(topic.decode(), partition, offset, received_ms)
    return Letter(reason.decode(), detail.decode(), place, rejected_ms, key, value, headers, load.decode("utf-8", "replace"))


def _where(which: Which) -> str:
    parts = ["received_at >= fromUnixTimestamp64Milli(%(since)s)", "received_at < fromUnixTimestamp64Milli(%(until)s)"]
    parts += ["reason = %(reason)s"] if which.reason else []
    return " AND ".join(parts + (["load = %(load)s"] if which.load else []))


def _values(which: Which) -> dict[str, Any]:
    return {"since": which.since_ms, "until": which.until_ms, "reason": which.reason, "load": which.load}
