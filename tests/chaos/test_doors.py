"""What a door does to connections is what attacks rely on: the same for our own gate and, by `make toxiproxy`, for toxiproxy."""

import os
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from deploy.local.ports import LOOPBACK
from tests.chaos.doors import Door, doors

PATIENCE_S, DELAY_S = 10.0, 0.3


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):
            while data := self.request.recv(1024):
                self.request.sendall(data)


@pytest.fixture
def door() -> Iterator[Door]:
    """In front of a server that says what it hears."""
    server = socketserver.ThreadingTCPServer((LOOPBACK, 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with doors("toxiproxy" if os.environ.get("DOORS") == "toxiproxy" else "own") as made:
            yield made((LOOPBACK, server.server_address[1]))
    finally:
        server.shutdown()
        server.server_close()


def connected(door: Door) -> socket.socket:
    return socket.create_connection((LOOPBACK, door.port), PATIENCE_S)


def said(connection: socket.socket, text: bytes) -> bytes:
    """What comes back; nothing, if the connection is broken."""
    with suppress(ConnectionError):
        connection.sendall(text)
        return connection.recv(1024)
    return b""


def test_what_is_shut_breaks_and_refuses_until_it_is_opened(door: Door) -> None:
    before = connected(door)
    assert said(before, b"one") == b"one"
    door.shut()
    assert said(before, b"two") == b""
    with pytest.raises(ConnectionRefusedError):
        connected(door)
    door.open()
    assert said(connected(door), b"three") == b"three"


def test_a_reset_breaks_what_stands_and_lets_new_ones_through(door: Door) -> None:
    before = connected(door)
    assert said(before, b"one") == b"one"
    resetting = threading.Thread(target=door.reset)
    resetting.start()
    until_s = time.monotonic() + PATIENCE_S
    while said(before, b"two") and time.monotonic() < until_s:
        time.sleep(0.05)
    assert said(before, b"three") == b""
    resetting.join()
    assert said(connected(door), b"four") == b"four"


def test_what_is_stalled_stands_and_says_nothing(door: Door) -> None:
    before = connected(door)
    assert said(before, b"one") == b"one"
    door.stall()
    before.settimeout(DELAY_S)
    with pytest.raises(TimeoutError):
        said(before, b"two")
    door.flow()
    assert said(connected(door), b"three") == b"three"


def test_what_is_slowed_takes_longer_until_it_is_not(door: Door) -> None:
    connection = connected(door)
    door.slow(DELAY_S)
    began_s = time.monotonic()
    assert said(connection, b"one") == b"one"
    assert time.monotonic() - began_s >= DELAY_S
    door.slow(0.0)
    assert said(connection, b"two") == b"two"
