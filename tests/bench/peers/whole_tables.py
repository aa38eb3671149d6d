"""Tables of the whole job in Faust, and its inserts: rows gathered in memory, a batch an insert."""

import time
from itertools import count
from typing import Any

import msgspec
from clickhouse_driver import Client

from streams.core.touchpoint import Touchpoint, attributes_of, identifiers_of
from streams.core.verdict import Breakage, Journey
from streams.known import database
from streams.settings import Settings

Row = dict[str, Any]
TIME, MAYBE = "DateTime64(3, 'UTC')", "Nullable(DateTime64(3, 'UTC'))"
TEXTS = ("source", "event_id", "origin", "channel", "action", "direction", "region", "locale", "agent", "team")
WORDS = ("definition", "instance", "state", "outcome", "opened_by", "region", "channel")
CAUSE = ("definition", "rule", "instance", "occurrence", "state", "severity", "owner")
COLUMNS = {
    "peer_touchpoints": {
        **dict.fromkeys(TEXTS, "String"), "occurred_at": TIME, "person_id": "String", "identifiers": "String",
        "attributes": "String",
    },
    "peer_journeys": {
        **dict.fromkeys(WORDS, "String"), "person_id": "String", "opened_at": TIME, "closed_at": MAYBE, "first_at": TIME,
        "last_at": TIME, "touchpoints": "UInt32", "effort": "Float64", "stages": "String", "promises": "String", "facts": "String",
    },
    "peer_breakages": {
        **dict.fromkeys(CAUSE, "String"), "person_id": "String", "due_at": MAYBE, "broken_at": TIME, "recovered_at": MAYBE,
        "evidence": "String", "facts": "String",
    },
}  # fmt: skip
CLOCKS = "peer_clocks"  # after each insert how far event time is, and of how many journeys the clock is past what they wait for
KEYS = {
    "peer_touchpoints": "source, event_id",
    "peer_journeys": "definition, instance",
    "peer_breakages": "definition, rule, instance, occurrence",
}
_json = msgspec.json.Encoder().encode


def make_tables(client: Client, *, careful: bool) -> None:
    """A journey and a breakage are told again and again, so the newest row counts.  Careful: of touchpoints, too."""
    for table, columns in COLUMNS.items():
        its = {**columns, "version": "UInt64", "landed_at": f"{TIME} DEFAULT now64(3)"}
        engine = "ReplacingMergeTree(version)" if careful or table != "peer_touchpoints" else "MergeTree"
        named = ", ".join(f"{name} {kind}" for name, kind in its.items())
        client.execute(f"CREATE TABLE {table} ({named}) ENGINE = {engine} ORDER BY ({KEYS[table]})")
    client.execute(f"CREATE TABLE {CLOCKS} (clock_ms Int64, behind UInt64, version UInt64) ENGINE = MergeTree ORDER BY version")


class Gathering:
    """Rows that wait for their insert."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self._versions = count(time.time_ns())  # above those of the process before

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def cut(self) -> dict[str, list[Row]]:
        rows, self._rows = self._rows, {table: [] for table in COLUMNS}
        return rows

    def touchpoint(self, touchpoint: Touchpoint, person_id: str) -> None:
        texts = {name: getattr(touchpoint, name) for name in TEXTS}
        carried = {"identifiers": _json(identifiers_of(touchpoint)), "attributes": _json(attributes_of(touchpoint))}
        self._add("peer_touchpoints", {**texts, **carried, "occurred_at": touchpoint.occurred_at, "person_id": person_id})

    def journey(self, journey: Journey, person_id: str) -> None:
        self._add("peer_journeys", {**_plain(journey, "stages", "promises", "facts"), "person_id": person_id})

    def breakage(self, breakage: Breakage, person_id: str) -> None:
        self._add("peer_breakages", {**_plain(breakage, "evidence", "facts"), "person_id": person_id})

    def _add(self, table: str, row: Row) -> None:
        self._rows[table].append({**row, "version": next(self._versions)})


def _plain(found: Journey | Breakage, *lists: str) -> Row:
    return {**msgspec.structs.asdict(found), **{name: _json(getattr(found, name)) for name in lists}}


class Landing:
    def __init__(self, settings: Settings) -> None:
        self._client = database(settings)

    def insert(self, rows: dict[str, list[Row]], clock_ms: int, behind: int) -> None:
        """Returns once all are visible."""
        for table, its in rows.items():
            if its:
                names = [*COLUMNS[table], "version"]
                values = [[row[name] for row in its] for name in names]
                self._client.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES", values, columnar=True)

        self._client.execute(f"INSERT INTO {CLOCKS} VALUES", [(clock_ms, behind, time.time_ns())])
