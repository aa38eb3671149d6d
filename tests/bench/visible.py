"""Event to queryable: a reader asks the views again and again, and notes when it first sees what was created."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from clickhouse_driver import Client

from tests.bench.looking import Looker
from tests.bench.world import Record

PAUSE_S = 0.2


class Reader(Looker):
    """While inside, a thread reads.  A figure is when the answer was there, so it may be a look too high, and never too low.

    Seen are a touchpoint itself, and its journey once the journey's last touchpoint is not older than this one.
    """

    def __init__(self, client: Client) -> None:
        super().__init__(PAUSE_S)
        self._client = client
        self._lock = threading.Lock()
        self._touchpoints: dict[str, int] = {}  # event id -> created, not seen yet
        self._journeys: dict[str, list[int]] = {}  # instance -> created, not seen yet, ascending
        self.waited_ms: dict[str, list[float]] = {"v_touchpoints": [], "v_journeys": []}
        self.created_ms: dict[str, list[int]] = {view: [] for view in self.waited_ms}  # of each that was waited for

    def created(self, records: Sequence[Record]) -> None:
        with self._lock:
            for record in records:
                at = record["occurred_at"]
                self._touchpoints[record["event_id"]] = at
                self._journeys.setdefault(record["identifiers"][0]["value"], []).append(at)

    @property
    def unseen(self) -> int:
        with self._lock:
            return len(self._touchpoints) + len(self._journeys)

    def look(self) -> None:
        self._look_at_touchpoints()
        self._look_at_journeys()

    def _look_at_touchpoints(self) -> None:
        with self._lock:
            since_ms = min(self._touchpoints.values(), default=None)
        if since_ms is None:
            return
        rows, now_ms = self._rows("SELECT event_id FROM v_touchpoints WHERE occurred_at", since_ms)
        with self._lock:
            known = (self._touchpoints.pop(event_id, None) for (event_id,) in rows)
            self._note("v_touchpoints", [at for at in known if at is not None], now_ms)

    def _look_at_journeys(self) -> None:
        with self._lock:
            since_ms = min((waiting[0] for waiting in self._journeys.values()), default=None)
        if since_ms is None:
            return
        query = "SELECT instance, toUnixTimestamp64Milli(last_at) FROM v_journeys WHERE last_at"
        rows, now_ms = self._rows(query, since_ms)
        with self._lock:
            for instance, last_ms in rows:
                self._see(instance, last_ms, now_ms)

    def _see(self, instance: str, last_ms: int, now_ms: float) -> None:
        waiting = self._journeys.get(instance, [])
        seen = [at for at in waiting if at <= last_ms]
        self._note("v_journeys", seen, now_ms)
        if len(seen) == len(waiting):
            self._journeys.pop(instance, None)
        else:
            self._journeys[instance] = waiting[len(seen) :]

    def _note(self, view: str, created_ms: list[int], now_ms: float) -> None:
        self.created_ms[view] += created_ms
        self.waited_ms[view] += [now_ms - at for at in created_ms]

    def _rows(self, query: str, since_ms: int) -> tuple[list[Any], float]:
        """-> rows and when they were there."""
        rows = self._client.execute(f"{query} >= fromUnixTimestamp64Milli({since_ms}, 'UTC')")
        return rows, time.time() * 1_000
