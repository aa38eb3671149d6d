"""A connection of the native protocol: hello, then one statement after another."""

import socket
from contextlib import closing

from deploy.local.clickhouse.errors import Code, Disconnected, ProtocolError, ServerError
from deploy.local.clickhouse.native_client import NativeClient
from deploy.local.clickhouse.native_request import FromClient, read_request
from deploy.local.clickhouse.native_statement import NativeStatement
from deploy.local.clickhouse.packets import Packets
from deploy.local.clickhouse.service import Service
from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.wire import Window

_READ_BYTES = 1 << 18
_LOGIN_S = 10
_IDLE_S = 3600
_LONGEST_LOGIN_BYTES = 4096
# Settings are strings from this revision on; clients older than that are of 2019.
_OLDEST_REVISION = 54429


class NativeConnection:
    """One client, served in the thread that calls `serve`."""

    def __init__(self, client: socket.socket, service: Service) -> None:
        self._client = client
        self._service = service
        self._packets = Packets(client)
        self._window = Window(lambda: client.recv(_READ_BYTES))

    def serve(self) -> None:
        """Until the client leaves, is silent for an hour, or sends what cannot be understood."""
        try:
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with closing(self._log_in()) as session:
                client = NativeClient(self._client, self._window, self._packets, session, self._service)
                while True:
                    self._packets.flush()
                    self._window.drop()
                    self._answer(client)
        except ServerError as error:
            self._refuse(error)
        except (Disconnected, OSError):
            pass

    def _log_in(self) -> Session:
        self._client.settimeout(_LOGIN_S)
        window = self._window
        if window.varint() != FromClient.HELLO:
            raise Disconnected
        window.string(_LONGEST_LOGIN_BYTES)
        revision = [window.varint() for _ in ("major", "minor", "revision")][-1]
        database, user, password = (window.string(_LONGEST_LOGIN_BYTES) for _ in range(3))
        self._service.credentials.require(user, password)
        if revision < _OLDEST_REVISION:
            raise ProtocolError.of(Code.NOT_IMPLEMENTED, f"Client revision {revision} is too old: use a client of 2020 or later.")
        engine = self._service.engine
        session = engine.session(database)
        self._packets.hello(engine.version, engine.timezone)
        self._client.settimeout(_IDLE_S)
        return session

    def _answer(self, client: NativeClient) -> None:
        packet = self._window.varint()
        if packet == FromClient.PING:
            self._packets.pong()
        elif packet == FromClient.QUERY:
            NativeStatement(client, read_request(self._window)).serve()
        elif packet != FromClient.CANCEL:  # one that came when its statement had just ended
            raise ProtocolError.of(Code.UNEXPECTED_PACKET_FROM_CLIENT, f"Unexpected packet {packet} from client.")

    def _refuse(self, error: ServerError) -> None:
        try:
            self._packets.exception(error)
            self._packets.flush()
        except OSError:
            pass
