"""The sink that lands in ClickHouse."""

from collections import deque
from collections.abc import Callable

from clickhouse_driver import Client

from sinks.clickhouse.faults import passing
from sinks.clickhouse.inserts import Insert, cut
from sinks.clickhouse.rows import COLUMNS
from sinks.contract import Backpressure, Batch

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 10.0
INSERT_SETTINGS = {
    "async_insert": 0,  # an insert that returned is visible
    # What is sent again lands again, and converges by its version.  The server's own log of blocks would drop it: it names a block
    # before the block is there, so that after a crash in between a retry were taken for a repetition, and the rows lost.
    "insert_deduplicate": 0,
    "max_partitions_per_insert_block": 0,  # a history of twenty years is no mistake
}


class ClickHouseSink:
    """Not for several threads at once.  `connect` makes a client at the first flush; the driver reconnects by itself.

    What has landed survives a crash of the server; whether it survives a loss of power is up to the server (`fsync_after_insert`,
    replicas).
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None
        self._batches: list[Batch] = []
        self._inserts: deque[Insert] = deque()
        self._retry_s = FIRST_RETRY_S

    def add(self, batch: Batch) -> None:
        if batch.rows:
            self._batches.append(batch)

    def flush(self) -> None:
        """See the contract.  An insert that failed is sent again: what of it was there already counts once."""
        self._inserts.extend(cut(self._batches))
        self._batches = []
        while self._inserts:
            self._send(self._inserts[0])
            self._inserts.popleft()
        self._retry_s = FIRST_RETRY_S

    def close(self) -> None:
        self._batches, self._inserts = [], deque()
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def _send(self, insert: Insert) -> None:
        try:
            if self._client is None:
                self._client = self._connect()
            send(self._client, insert)
        except Exception as error:
            why = passing(error)
            if why is None:
                raise
            after_s, self._retry_s = self._retry_s, min(2 * self._retry_s, LAST_RETRY_S)
            raise Backpressure(f"ClickHouse takes no rows for {insert.table} at the moment: {why}", after_s) from error


def send(client: Client, insert: Insert) -> None:
    columns = COLUMNS[insert.table](insert)
    query = f"INSERT INTO {insert.table} ({', '.join(columns)}) VALUES"
    client.execute(query, list(columns.values()), columnar=True, types_check=False, settings=INSERT_SETTINGS)
