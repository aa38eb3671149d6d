"""`/healthz`, `/readyz` and `/metrics` of one agent process, on a thread of their own.

There is no other page, nothing can be changed here, and answers carry names of parts and numbers only.
"""

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

import structlog
from prometheus_client.exposition import choose_encoder

from streams import topology
from streams.metrics.exposition import Exposition
from streams.metrics.probe import Probe
from streams.settings import Settings

log = structlog.get_logger("throughline")
REQUEST_S = 10.0  # a client that says nothing for so long is let go
JSON, TEXT = "application/json", "text/plain; charset=utf-8"
Page = tuple[int, str, bytes]  # status, content type, body
Pages = Mapping[str, Callable[[str], Page]]  # path -> what it shows to one who accepts these content types


class CannotServe(Exception):
    """The address is taken or impossible; the text names it and the settings."""


def port_of(settings: Settings, agent: str) -> int:
    """0: none.  Raises CannotServe where there are too few ports left."""
    if not settings.metrics_port:
        return 0
    port = settings.metrics_port + [each.name for each in topology.AGENTS].index(agent)
    if port > 65_535:
        raise CannotServe(
            f"metrics_port {settings.metrics_port} leaves none for {agent}, each agent takes one more: set a lower one"
        )
    return port


def serve(settings: Settings, agent: str, probe: Probe) -> None:
    """Answer from now on until the process ends; nothing where `metrics_port` is 0.  Raises CannotServe."""
    port = port_of(settings, agent)
    if port:
        everywhere = {"agent": agent, "namespace": settings.namespace}
        server = bind(settings.metrics_host, port, pages(probe, Exposition(agent, everywhere, probe.readings)))
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()


def pages(probe: Probe, exposition: Exposition) -> Pages:
    def metrics(accept: str) -> Page:
        encode, kind = choose_encoder(accept)
        return 200, kind, encode(exposition)

    return {"/healthz": lambda _: _verdict(probe.sick()), "/readyz": lambda _: _verdict(probe.unready()), "/metrics": metrics}


def _verdict(why: str) -> Page:
    return 503 if why else 200, JSON, json.dumps({"ok": not why, "why": why}).encode() + b"\n"


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_S
    server_version, sys_version = "throughline", ""

    def __init__(self, pages: Pages, *connection: Any) -> None:
        self._pages = pages
        super().__init__(*connection)

    def do_GET(self) -> None:
        page = self._pages.get(self.path.partition("?")[0])
        if page is None:
            status, kind, body = 404, TEXT, f"there is {', '.join(self._pages)}\n".encode()
        else:
            status, kind, body = page(self.headers.get("Accept", ""))
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """A line for every scrape would be noise."""


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Without asking a name server for our own name, which can take long where there is none."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - named so by the library
        """A client that went away is no news; anything else is a fault of a page."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("a page failed", error=type(error).__name__, exc_info=error)


def bind(host: str, port: int, pages: Pages) -> ThreadingHTTPServer:
    """Raises CannotServe."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        server: type[_Server] = type("_Server", (_Server,), {"address_family": family})
        return server((host, port), partial(_Handler, pages))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CannotServe(
            f"metrics cannot be served at {host}:{port} ({why}): free the port, or set metrics_host or metrics_port"
        ) from None
