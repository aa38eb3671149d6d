"""The server: one engine, two listeners, and an orderly end."""

from pathlib import Path

from deploy.local.clickhouse.auth import Credentials
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import Code, ServerError
from deploy.local.clickhouse.listener import MOST_CONNECTIONS, Listener
from deploy.local.clickhouse.native import NativeConnection
from deploy.local.clickhouse.packets import exception_packet
from deploy.local.clickhouse.service import Service
from deploy.local.clickhouse.watch import Watch

_PATIENCE_S = 10.0
_TOO_MANY = ServerError.of(
    Code.TOO_MANY_SIMULTANEOUS_QUERIES, f"Too many connections: the embedded server takes {MOST_CONNECTIONS} a protocol."
)


class Server:
    """Takes its ports at once (OSError if it cannot), then opens the engine (ServerError), and serves from `start` on."""

    def __init__(self, data_dir: Path, credentials: Credentials, host: str, tcp_port: int, http_port: int) -> None:
        self._listeners = [
            Listener(host, tcp_port, lambda client: NativeConnection(client, self._service).serve(), exception_packet(_TOO_MANY)),
        ]
        self._engine = Engine(data_dir)
        self._service = Service(self._engine, Watch(self._engine), credentials)

    def start(self) -> None:
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        """Statements under way have ten seconds to end; what was acknowledged is on disk in any case."""
        self._service.watch.stop()
        for listener in self._listeners:
            listener.stop_accepting()
        if not all([listener.wait(_PATIENCE_S) for listener in self._listeners]):
            self._engine.kill_all()
            for listener in self._listeners:
                listener.hang_up()
                listener.wait(_PATIENCE_S)
        self._engine.close()
