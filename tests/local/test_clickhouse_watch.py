"""Whoever looks at the sockets of running statements never stands still."""

import selectors
import socket
import threading
from typing import cast

import pytest

from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.watch import Watch

PATIENCE_S = 10.0


def test_what_there_was_to_read_may_be_gone_when_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that gets its answer sends its next statement at once, which is read while the watch still has the news of it."""
    client, served = socket.socketpair()
    told = threading.Event()

    class Late(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            events = super().select(timeout)
            if events and not told.is_set():
                served.recv(1)
                told.set()
            return events

    monkeypatch.setattr(selectors, "DefaultSelector", Late)
    watch = Watch(cast(Engine, None))  # nothing is to be killed

    def statement() -> None:
        with watch.over(served, "query"):
            client.send(b"2")
            assert told.wait(PATIENCE_S)

    running = threading.Thread(target=statement, daemon=True)
    running.start()
    running.join(PATIENCE_S)
    assert not running.is_alive()
    watch.stop()
    client.close()
    served.close()
