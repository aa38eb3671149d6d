"""Rows go when the time of their region is over: the setting `retention` as TTL of the tables, which the server keeps by itself.

Merges take such rows out, some hours after their time.  Regions are constants of the statement, so they are letters, digits and
`-_.` only; how long is counted in event time, where a row has one.
"""

from collections.abc import Iterator, Mapping

from clickhouse_driver import Client

from streams.retention import DEFAULT

# Table -> when what it tells of happened; identity's tables have no end, because its state has none
BY_REGION = {
    "touchpoints": "occurred_at",
    "said": "occurred_at",
    "journeys": "last_at",
    "breakages": "broken_at",
    "minute_entries": "minute",
}
WITHOUT_REGION = {"rejected_touchpoints": "received_at"}
CREATED = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN %(names)s"


def keep(client: Client, retention: Mapping[str, int]) -> list[str]:
    """`retention`: days by region, validated.  -> tables whose TTL is another now; what is over goes in the background."""
    wanted = dict(expressions(retention))
    tables = dict(client.execute(CREATED, {"names": list(wanted)}))
    changed = [name for name in wanted if name in tables and _ttl(tables[name]) != wanted[name]]
    for name in changed:
        client.execute(f"ALTER TABLE {name} MODIFY TTL {wanted[name]}" if wanted[name] else f"ALTER TABLE {name} REMOVE TTL")
    return changed


def expressions(retention: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """(table, TTL as the server writes it), empty for none."""
    for table, at in BY_REGION.items():
        yield table, _by_region(at, retention)
    for table, at in WITHOUT_REGION.items():
        yield table, f"toDateTime({at}) + toIntervalDay({min(retention.values())})" if retention else ""


def _by_region(at: str, retention: Mapping[str, int]) -> str:
    named = sorted(set(retention) - {DEFAULT})
    if not retention:
        return ""
    if not named:
        return f"toDateTime({at}) + toIntervalDay({retention[DEFAULT]})"
    last = retention.get(DEFAULT, max(retention.values()))
    cases = ", ".join(f"region = '{region}', {retention[region]}" for region in named)
    where = "" if DEFAULT in retention else f" WHERE region IN ({', '.join(map(repr, named))})"
    return f"toDateTime({at}) + toIntervalDay(multiIf({cases}, {last})){where}"


def _ttl(engine: str) -> str:
    return engine.partition(" TTL ")[2].partition(" SETTINGS ")[0].strip()
