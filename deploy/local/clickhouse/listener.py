"""Takes connections on a port; each gets a thread, up to a limit."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

MOST_CONNECTIONS = 256
_LOOK_S = 0.2


class CannotListen(Exception):
    """Why a port cannot be had, and what to do."""


class Listener:
    """Serves from `start` on; the port is taken at once, or CannotListen is raised.

    `serve` has its client for as long as it runs. A client above the limit gets the bytes `refusal` and is let go.
    """

    def __init__(self, host: str, port: int, serve: Callable[[socket.socket], object], refusal: bytes) -> None:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=128)
        except OSError as error:
            reason = str(error.strerror).partition(" (")[0]
            raise CannotListen(f"cannot listen on {host}:{port} ({reason}): stop what does, or choose another port") from None
        self._socket.settimeout(_LOOK_S)
        self._serve = serve
        self._refusal = refusal
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"accept {port}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop_accepting(self) -> None:
        """No new clients, and those without a statement under way leave."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self._hang_up(socket.SHUT_RD)

    def wait(self, until_s: float) -> bool:
        """Whether all clients have left before `time.monotonic()` is `until_s`."""
        for thread in list(self._clients.values()):
            thread.join(max(0.0, until_s - time.monotonic()))
        return not self._clients

    def hang_up(self) -> None:
        """Clients that do not take what they asked for hold nobody up any longer."""
        self._hang_up(socket.SHUT_RDWR)

    def _hang_up(self, how: int) -> None:
        for client in list(self._clients):
            with suppress(OSError):
                client.shutdown(how)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:  # too many open files: others will close some
                time.sleep(_LOOK_S)
                continue
            self._admit(client)

    def _admit(self, client: socket.socket) -> None:
        if len(self._clients) >= MOST_CONNECTIONS:
            with client, suppress(OSError):
                client.sendall(self._refusal)
            return
        thread = threading.Thread(target=self._attend, args=(client,), name="client", daemon=True)
        self._clients[client] = thread
        try:
            thread.start()
        except RuntimeError:  # no more threads: others will end
            del self._clients[client]
            client.close()

    def _attend(self, client: socket.socket) -> None:
        try:
            with client:
                self._serve(client)
        finally:
            del self._clients[client]
