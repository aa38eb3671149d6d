"""A client of ClickHouse for whoever asks now and then, for hours, whatever becomes of the server meanwhile."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from clickhouse_driver import Client

from sinks.clickhouse.faults import passing
from sinks.contract import Backpressure

RETRY_S = 2.0
T = TypeVar("T")


class Asking:
    """Not for several threads at once.  `connect` makes a client at the first call; the driver reconnects by itself."""

    waits: ClassVar[str]  # what ClickHouse does not do at the moment, in the words of Backpressure

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None

    def ask(self, query: Callable[[Client], T]) -> T:
        """Raises Backpressure for what passes by itself."""
        try:
            if self._client is None:
                self._client = self._connect()
            return query(self._client)
        except Exception as error:
            why = passing(error)
            if why is None:
                raise
            raise Backpressure(f"ClickHouse {self.waits} at the moment: {why}", RETRY_S) from error

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client = None
