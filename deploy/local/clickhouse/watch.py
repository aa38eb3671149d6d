"""Ends the statements of clients that ask for it, or that have gone."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import Disconnected, ServerError

_AGAIN_S = 0.1


class Guard:
    """What became of the client while its statement ran."""

    def __init__(self, query_id: str, cancel_byte: int | None) -> None:
        self.query_id = query_id
        self.cancel_byte = cancel_byte
        self.cancelled = False
        self.gone = False


class Watch:
    """A thread that looks at the sockets of running statements, without taking anything from them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._selector = selectors.DefaultSelector()
        self._doomed: set[Guard] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; statements under way go on."""
        self._stopped.set()
        self._thread.join()

    @contextmanager
    def over(self, client: socket.socket, query_id: str, cancel_byte: int | None = None) -> Iterator[Guard]:
        """While the statement runs: kill it when the client goes, or when `cancel_byte` is the next thing it sends.

        A statement that was killed because its client has gone leaves with Disconnected.
        """
        guard = Guard(query_id, cancel_byte)
        with self._lock:
            self._selector.register(client, selectors.EVENT_READ, guard)
        try:
            yield guard
        finally:
            with self._lock:
                self._doomed.discard(guard)
                if client in self._selector.get_map():
                    self._selector.unregister(client)
            if guard.gone:
                raise Disconnected

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._selector.select(_AGAIN_S)
            with self._lock:
                # Asked again: in the meantime a client's next statement may have begun, for which there is nothing to read yet.
                for key, _ in self._selector.select(0):
                    self._judge(key)
                doomed = list(self._doomed)
            for guard in doomed:
                self._kill(guard)

    def _judge(self, key: selectors.SelectorKey) -> None:
        guard: Guard = key.data
        self._selector.unregister(key.fileobj)
        try:
            head = cast(socket.socket, key.fileobj).recv(1, socket.MSG_PEEK)
        except OSError:
            head = b""
        guard.gone = not head
        guard.cancelled = bool(head) and head[0] == guard.cancel_byte
        if guard.gone or guard.cancelled:
            self._doomed.add(guard)

    def _kill(self, guard: Guard) -> None:
        # Again and again: the statement may not have reached the engine yet when its client goes.
        with suppress(ServerError):
            self._engine.kill(guard.query_id)
