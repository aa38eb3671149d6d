"""Which topics the tables were made from, and how they are emptied when they are to be made again."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from sinks.clickhouse.faults import passing
from sinks.contract import Backpressure
from streams.core.life import WrongLife
from streams.core.touchpoint import Touchpoint

RETRY_S = 2.0
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


class ClickHouseLives:
    """Not for several threads at once.  `connect` makes a client at the first call.

    All raise WrongLife where nothing is migrated.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None

    def known(self) -> dict[str, str]:
        """See the contract."""
        return dict(self._ask(known))

    def any_clock(self) -> bool:
        """See the contract."""
        return bool(self._ask(lambda client: client.execute("SELECT 1 FROM clocks LIMIT 1")))

    def register(self, ids: Mapping[str, str]) -> None:
        """See the contract."""
        self._ask(lambda client: register(client, ids))

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def _ask(self, query: Callable[[Client], T]) -> T:
        try:
            if self._client is None:
                self._client = self._connect()
            return query(self._client)
        except Exception as error:
            why = passing(error)
            if isinstance(error, ServerException) and error.code in UNPREPARED:
                raise WrongLife("the database is not prepared: run `throughline migrate`") from error
            if why is None:
                raise
            raise Backpressure(f"ClickHouse does not say what it holds at the moment: {why}", RETRY_S) from error


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
