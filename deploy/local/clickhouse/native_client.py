"""One logged-in client of the native protocol, and what it hears while the engine works for it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.local.clickhouse.native_request import FromClient
from deploy.local.clickhouse.packets import Packets
from deploy.local.clickhouse.service import Service
from deploy.local.clickhouse.session import Progress, Session
from deploy.local.clickhouse.watch import Guard
from deploy.local.clickhouse.wire import Window

_PATIENCE_NS = 100_000_000


@dataclass(frozen=True)
class NativeClient:
    socket: socket.socket
    window: Window
    packets: Packets
    session: Session
    service: Service

    @contextmanager
    def at_work(self, query_id: str) -> Iterator[Guard]:
        """Around a statement: progress goes out; a client that cancels or vanishes ends it."""
        self.session.on_progress(_Reporter(self.packets).tell)
        try:
            with self.service.watch.over(self.socket, query_id, FromClient.CANCEL) as guard:
                yield guard
        finally:
            self.session.on_progress(None)


class _Reporter:
    """The engine tells totals, in the thread of the statement; the protocol wants what is new."""

    def __init__(self, packets: Packets) -> None:
        self._packets = packets
        self._rows = self._bytes = 0

    def tell(self, progress: Progress) -> None:
        rows, size_bytes = progress["read_rows"], progress["read_bytes"]
        total_rows = 0 if self._rows else progress["total_rows_to_read"]
        self._packets.progress(rows - self._rows, size_bytes - self._bytes, total_rows)
        self._rows, self._bytes = rows, size_bytes
        if progress["elapsed_ns"] >= _PATIENCE_NS:
            self._packets.flush()
