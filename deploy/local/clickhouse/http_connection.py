"""A connection of the HTTP interface: one request after another."""

import socket
import socketserver
from http.server import BaseHTTPRequestHandler
from typing import cast

from deploy.local.clickhouse.errors import Disconnected, ServerError
from deploy.local.clickhouse.http_body import Body
from deploy.local.clickhouse.http_input import read_input
from deploy.local.clickhouse.http_reply import HttpReply
from deploy.local.clickhouse.http_request import HttpRequest
from deploy.local.clickhouse.http_sessions import HttpSessions
from deploy.local.clickhouse.http_statement import HttpStatement
from deploy.local.clickhouse.service import Service

_MOST_LEFTOVER_BYTES = 1 << 26


class HttpConnection(BaseHTTPRequestHandler):
    """Serves its client, in this thread, for as long as it is constructed."""

    protocol_version = "HTTP/1.1"
    server_version = "ClickHouse"
    sys_version = ""
    timeout = 60.0
    disable_nagle_algorithm = True

    def __init__(self, client: socket.socket, service: Service, sessions: HttpSessions) -> None:
        self._service = service
        self._sessions = sessions
        super().__init__(client, ("", 0), cast(socketserver.BaseServer, None))

    def do_POST(self) -> None:
        request = HttpRequest.of(self.command, self.path, self.headers)
        reply = HttpReply(self, request, self._service.engine.timezone)
        body = Body(self.rfile, self.headers)
        try:
            try:
                self._route(request, reply, body)
            except ServerError as error:
                reply.error(error, self._service.engine.version)
            self._finish(body)
        except (Disconnected, OSError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Statements may hold what is nobody's business."""

    def _route(self, request: HttpRequest, reply: HttpReply, body: Body) -> None:
        if request.path == "/ping" or (request.path == "/" and request.method != "POST" and "query" not in request.params):
            reply.send(200, b"Ok.\n")
        elif request.path != "/":
            reply.send(404, f"There is no handle {request.path}: use / for statements, /ping for health.\n".encode())
        else:
            self._service.credentials.require(*(request.login() or ("", "")))
            given = read_input(request, body, self._service.engine)
            with self._sessions.of(request) as session:
                HttpStatement(self._service, session, request, reply, self.connection).serve(given)

    def _finish(self, body: Body) -> None:
        """What nobody wanted to read must go before the next request; a lot of it ends the connection."""
        left = 0
        for chunk in body:
            left += len(chunk)
            if left > _MOST_LEFTOVER_BYTES:
                break
        if not body.complete:
            raise Disconnected
