"""The bare job: decode, one update of one state a person, a row a touchpoint and a row a changed journey inserted.

No validation, no order, no copies, no recovery: what no framework can do without.  The loop and our transport run exactly this;
peers keep states their own way (`updated`) and share everything else.
"""

import time
from collections.abc import Callable, Mapping, Sequence
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
Row = dict[str, Any]
State = list[Any]  # first and last event time, how many touchpoints, which actions
Columns = list[Sequence[Any]]


def make_tables(client: Client) -> None:
    """Both tables, empty."""
    for table, statement in zip(("bare_touchpoints", "bare_journeys"), TABLES, strict=True):
        client.execute(f"DROP TABLE IF EXISTS {table} SYNC")
        client.execute(statement)


def decoder() -> Callable[[bytes], Row]:
    """-> a function from framed bytes to a row, for whoever is handed touchpoints one by one."""
    schema, frame = parsed("touchpoint", numbers("touchpoint")[-1]), FRAME.size

    def decode(value: bytes) -> Row:
        body = BytesIO(value)
        body.seek(frame)
        return schemaless_reader(body, schema, None)  # type: ignore[return-value]

    return decode


def key_of(row: Row) -> str:
    key: str = row["identifiers"][0]["value"]
    return key


def updated(state: State | None, row: Row) -> State:
    """The state with one touchpoint more, as a new one: frameworks that keep states want them plain and given back."""
    at, action = row["occurred_at"], row["action"]
    if state is None:
        return [at, at, 1, [action]]
    first_at, last_at, touchpoints, actions = state
    return [min(first_at, at), max(last_at, at), touchpoints + 1, actions if action in actions else [*actions, action]]


def columns(rows: Sequence[Row], states: Mapping[str, State]) -> tuple[Columns, Columns]:
    """-> the columns of both tables for touchpoints and for the states that they changed."""
    plain = [list(map(itemgetter(name), rows)) for name in ("occurred_at", *TEXTS, *WORDS)]
    packed = [[_json(row[name]) for row in rows] for name in ("identifiers", "attributes")]
    numbered = [list(map(itemgetter(at), states.values())) for at in range(3)]
    actions = [_json(sorted(state[3])) for state in states.values()]
    return [*plain, *packed], [list(states), *numbered, actions, [time.time_ns()] * len(states)]


class Inserter:
    def __init__(self, settings: Settings) -> None:
        self._client = connect(
            settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_user, settings.password, settings.database
        )

    def insert(self, columns: tuple[Columns, Columns]) -> None:
        """Returns once both blocks are visible."""
        touchpoints, journeys = columns
        names = ", ".join(("occurred_at", *TEXTS, *WORDS, "identifiers", "attributes"))
        self._execute(f"INSERT INTO bare_touchpoints ({names}) VALUES", touchpoints)
        self._execute("INSERT INTO bare_journeys VALUES", journeys)

    def _execute(self, query: str, columns: Columns) -> None:
        self._client.execute(query, columns, columnar=True, types_check=False, settings={"async_insert": 0})


class BareJob:
    """`take` on the loop's thread; `insert` may run on another one meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self.insert = Inserter(settings).insert
        self._schema = parsed("touchpoint", numbers("touchpoint")[-1])
        self._states: dict[str, State] = {}
        self.rows: list[Row] = []
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

    def cut(self) -> tuple[Columns, Columns]:
        """-> the columns of both tables for what was taken since the last cut."""
        rows, changed, states = self.rows, self._changed, self._states
        self.rows, self._changed = [], set()
        return columns(rows, {key: states[key] for key in changed})
