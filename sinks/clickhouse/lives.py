"""Which topics the tables were made from, and how they are emptied when they are to be made again."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from sinks.clickhouse.asking import Asking
from streams.core.life import WrongLife
from streams.core.touchpoint import Touchpoint

UNPREPARED = (60, 81)  # unknown table, unknown database
DERIVED = (
    "journeys",
    "breakages",
    "people",
    "redirects",
    "pairs",
    "receipts",
    "minute_entries",
    "journey_minutes",
    "clocks",
)
ASKED = [("occurred_at", "Int64"), ("source", "String"), ("event_id", "String"), ("address", "String")]
LANDED = """
SELECT source, event_id, address, min(content_hash)
FROM touchpoints
WHERE (toDate32(occurred_at), source, event_id, address)
    IN (SELECT toDate32(fromUnixTimestamp64Milli(occurred_at, 'UTC')), source, event_id, address FROM asked)
GROUP BY ALL
"""
T = TypeVar("T")


class ClickHouseLives(Asking):
    """All raise WrongLife where nothing is migrated."""

    waits = "does not say what it holds"

    def known(self) -> dict[str, str]:
        """See the contract."""
        return dict(self.ask(known))

    def any_clock(self) -> bool:
        """See the contract."""
        return bool(self.ask(lambda client: client.execute("SELECT 1 FROM clocks LIMIT 1")))

    def register(self, ids: Mapping[str, str]) -> None:
        """See the contract."""
        self.ask(lambda client: register(client, ids))

    def ask(self, query: Callable[[Client], T]) -> T:
        try:
            return super().ask(query)
        except ServerException as error:
            if error.code not in UNPREPARED:
                raise
            raise WrongLife("the database is not prepared: run `throughline migrate`") from error


def known(client: Client) -> dict[str, str]:
    """Topic -> its id; empty: nothing has landed yet."""
    return dict(client.execute("SELECT topic, topic_id FROM lives FINAL"))


def register(client: Client, ids: Mapping[str, str]) -> None:
    client.execute("INSERT INTO lives (topic, topic_id) VALUES", list(ids.items()))


def missing(client: Client, touchpoints: Sequence[Touchpoint]) -> list[Touchpoint]:
    """Those of which no copy has landed that stands before them."""
    if not touchpoints:
        return []
    data = [{name: getattr(each, name) for name, _ in ASKED} for each in touchpoints]
    found = client.execute(LANDED, external_tables=[{"name": "asked", "structure": ASKED, "data": data}])
    best = {tuple(key): content_hash for *key, content_hash in found}
    return [each for each in touchpoints if best.get((each.source, each.event_id, each.address), 1 << 64) > each.content_hash]


def forget_lives(client: Client) -> None:
    client.execute("TRUNCATE TABLE lives")


def forget_derived(client: Client) -> None:
    """All that follows from touchpoints: what they say is said again."""
    for table in DERIVED:
        client.execute(f"TRUNCATE TABLE {table}")
