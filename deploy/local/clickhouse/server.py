"""The server: one engine, two listeners, and an orderly end."""

import time
from pathlib import Path

from deploy.local.clickhouse.auth import Credentials
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import Code, ServerError
from deploy.local.clickhouse.http_connection import HttpConnection
from deploy.local.clickhouse.http_sessions import HttpSessions
from deploy.local.clickhouse.listener import MOST_CONNECTIONS, Listener
from deploy.local.clickhouse.native import NativeConnection
from deploy.local.clickhouse.packets import exception_packet
from deploy.local.clickhouse.service import Service
from deploy.local.clickhouse.watch import Watch

_PATIENCE_S = 10.0
_TOO_MANY = ServerError.of(
    Code.TOO_MANY_SIMULTANEOUS_QUERIES, f"Too many connections: the embedded server takes {MOST_CONNECTIONS} a protocol."
)
_TOO_MANY_HTTP = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Takes its ports (CannotListen), then opens the engine (ServerError, OSError), and serves from `start` on."""

    def __init__(self, data_dir: Path, credentials: Credentials, host: str, tcp_port: int, http_port: int) -> None:
        self._listeners = [
            Listener(host, tcp_port, lambda client: NativeConnection(client, self._service).serve(), exception_packet(_TOO_MANY)),
            Listener(host, http_port, lambda client: HttpConnection(client, self._service, self._sessions), _TOO_MANY_HTTP),
        ]
        self._engine = Engine(data_dir)
        self._service = Service(self._engine, Watch(self._engine), credentials)
        self._sessions = HttpSessions(self._engine)

    def start(self) -> None:
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        """Statements under way have ten seconds to end; what was acknowledged is on disk in any case."""
        self._service.watch.stop()
        for listener in self._listeners:
            listener.stop_accepting()
        if not self._all_left_within(_PATIENCE_S):
            self._engine.kill_all()
            for listener in self._listeners:
                listener.hang_up()
            self._all_left_within(_PATIENCE_S)
        self._sessions.close()
        self._engine.close()

    def _all_left_within(self, patience_s: float) -> bool:
        until_s = time.monotonic() + patience_s
        left = [listener.wait(until_s) for listener in self._listeners]
        return all(left)
