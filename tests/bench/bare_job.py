"""The bare job: decode, one update of one state a person, a row a touchpoint and a row a changed journey inserted.

No validation, no order, no copies, no recovery: what no framework can do without.  The loop and our transport run exactly this.
"""

import time
from collections.abc import Sequence
from io import BytesIO
from operator import itemgetter
from typing import Any

import msgspec
from aiokafka import ConsumerRecord
from clickhouse_driver import Client
from fastavro import schemaless_reader

from schemas.codec import FRAME, numbers, parsed
from sinks.clickhouse.client import connect
from streams.settings import Settings

INSERT_ROWS = 20_000
TEXTS = ("event_id",)
WORDS = ("source", "origin", "channel", "action", "direction", "region", "locale", "agent", "team")  # few values, often
TABLES = (
    "CREATE TABLE bare_touchpoints (occurred_at DateTime64(3, 'UTC'), event_id String, "
    f"{', '.join(f'{name} LowCardinality(String)' for name in WORDS)}, identifiers String, attributes String) "
    "ENGINE = MergeTree ORDER BY occurred_at",
    "CREATE TABLE bare_journeys (instance String, first_at DateTime64(3, 'UTC'), last_at DateTime64(3, 'UTC'), touchpoints UInt32, "
    "actions String, version UInt64) ENGINE = ReplacingMergeTree(version) ORDER BY instance",
)
_json = msgspec.json.Encoder().encode
Rows = list[dict[str, Any]]
State = list[Any]  # first and last event time, how many touchpoints, which actions


def make_tables(client: Client) -> None:
    """Both tables, empty."""
    for table, statement in zip(("bare_touchpoints", "bare_journeys"), TABLES, strict=True):
        client.execute(f"DROP TABLE IF EXISTS {table} SYNC")
        client.execute(statement)


class BareJob:
    """`take` on the loop's thread; `insert` may run on another one meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._client = connect(
            settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_user, settings.password, settings.database
        )
        self._schema = parsed("touchpoint", numbers("touchpoint")[-1])
        self._states: dict[str, State] = {}
        self.rows: Rows = []
        self._changed: set[str] = set()

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        rows, states, schema, changed = self.rows, self._states, self._schema, self._changed
        for record in records:
            body = BytesIO(record.value)
            body.seek(FRAME.size)
            row: Any = schemaless_reader(body, schema, None)
            key, at = row["identifiers"][0]["value"], row["occurred_at"]
            state = states.get(key)
            if state is None:
                states[key] = [at, at, 1, {row["action"]}]
            else:
                state[0], state[1] = min(state[0], at), max(state[1], at)
                state[2] += 1
                state[3].add(row["action"])
            changed.add(key)
            rows.append(row)

    def cut(self) -> tuple[list[Sequence[Any]], list[Sequence[Any]]]:
        """-> the columns of both tables for what was taken since the last cut."""
        rows, changed = self.rows, list(self._changed)
        self.rows, self._changed = [], set()
        plain = [list(map(itemgetter(name), rows)) for name in ("occurred_at", *TEXTS, *WORDS)]
        packed = [[_json(row[name]) for row in rows] for name in ("identifiers", "attributes")]
        states = [self._states[key] for key in changed]
        numbered = [list(map(itemgetter(at), states)) for at in range(3)]
        actions = [_json(sorted(state[3])) for state in states]
        return [*plain, *packed], [changed, *numbered, actions, [time.time_ns()] * len(changed)]

    def insert(self, columns: tuple[list[Sequence[Any]], list[Sequence[Any]]]) -> None:
        """Returns once both blocks are visible."""
        touchpoints, journeys = columns
        names = ", ".join(("occurred_at", *TEXTS, *WORDS, "identifiers", "attributes"))
        self._execute(f"INSERT INTO bare_touchpoints ({names}) VALUES", touchpoints)
        self._execute("INSERT INTO bare_journeys VALUES", journeys)

    def _execute(self, query: str, columns: list[Sequence[Any]]) -> None:
        self._client.execute(query, columns, columnar=True, types_check=False, settings={"async_insert": 0})
