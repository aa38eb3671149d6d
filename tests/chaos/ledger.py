"""Whether everything that the broker has accepted is in the tables, while attacks go on and at the end."""

import time
from collections.abc import Callable
from typing import NamedTuple

from clickhouse_driver import Client

from sinks.clickhouse.faults import passing
from streams import topology
from streams.agents.marks import AS_OF_HEADER, header
from streams.passing import Passing
from streams.settings import Settings
from tests.chaos.load import BROKEN_KEYS, Accepted, Load
from tests.fixtures.pipeline import PATIENCE_S

POLL_S = 1.0


class Account(NamedTuple):
    """Of all records of the input topic but those that move the clock."""

    received: int
    landed: int
    rejected: int
    duplicates: int
    lost: int


class Ledger:
    """`connect`: past every disturbance."""

    def __init__(self, settings: Settings, load: Load, connect: Callable[[], Client]) -> None:
        self._settings, self._load, self._connect = settings, load, connect

    def lost(self, accepted: Accepted, meanwhile: Callable[[], None]) -> int:
        """How much of what was accepted by then is not in the tables, when all had its time."""
        names, until_s = self._load.names(accepted), time.monotonic() + PATIENCE_S
        while missing := self._missing(names, accepted.broken):
            if time.monotonic() > until_s:
                break
            meanwhile()
            time.sleep(POLL_S)
        return missing

    def rejected(self, reason: str = "") -> int:
        """Records that have landed as rejected; 0 where the database does not answer."""
        where = "WHERE reason = %(reason)s" if reason else ""
        found = self._ask(f"SELECT count() FROM v_rejected {where}", {"reason": reason})
        return int(found[0][0]) if found else 0

    def account(self) -> Account:
        received = broken = 0
        with Passing(self._settings) as passing:
            for record in passing.read(topology.TOUCHPOINTS, passing.begins(topology.TOUCHPOINTS)):
                if record.headers and header(record.headers, AS_OF_HEADER) is not None:
                    continue
                received += 1
                broken += record.key in BROKEN_KEYS
        landed, rejected = self._landed(), self.rejected()
        lost = len(self._load.names() - landed) + abs(broken - rejected)
        return Account(received, len(landed), rejected, received - broken - len(landed), lost)

    def _missing(self, names: set[tuple[str, str]], broken: int) -> int:
        return len(names - self._landed()) + max(0, broken - self.rejected())

    def _landed(self) -> set[tuple[str, str]]:
        return set(self._ask("SELECT DISTINCT source, event_id FROM v_touchpoints"))

    def _ask(self, sql: str, values: dict[str, str] | None = None) -> list[tuple]:
        """Nothing, where the database does not answer: it may have just been started."""
        client = self._connect()
        try:
            rows: list[tuple] = client.execute(sql, values)
            return rows
        except Exception as error:
            if passing(error) is None:
                raise
            return []
        finally:
            client.disconnect()
