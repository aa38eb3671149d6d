"""A door in front of the database or the broker that a test can shut, so that connections break and new ones are refused; or let
stand half open, so that nothing comes through and nobody is told; or make slow; or reset, which breaks connections and no more."""

import socket
import struct
import threading
import time
from contextlib import suppress

LINGER_NOT = struct.pack("ii", 1, 0)  # closing it sends RST


class Gate:
    """Forwards `port` on the loopback to `target`; starts open."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener: socket.socket | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.port = 0
        self._delay_s = 0.0
        self._flowing = threading.Event()
        self._flowing.set()
        self.open()

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for pair in self._pairs:
            for end in pair:
                _end(end)
        self._pairs.clear()

    def reset(self) -> None:
        """RST to both ends of all connections; new ones come through."""
        pairs, self._pairs[:] = [*self._pairs], []
        for end in (end for pair in pairs for end in pair):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
                end.shutdown(socket.SHUT_RD)  # wakes the pump, which closes it

    def slow(self, delay_s: float) -> None:
        """So much longer for every piece of what passes; 0: as fast as it goes."""
        self._delay_s = delay_s

    def stall(self) -> None:
        """What is sent waits until `flow`, and connections look alive."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def close(self) -> None:
        self.flow()
        self.shut()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(self._target)
                except OSError:  # nobody is there
                    _end(near)
                    continue
                self._pairs.append((near, far))
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                time.sleep(self._delay_s)
                self._flowing.wait()
                sink.sendall(data)
        _end(source)
        _end(sink)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        if end.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(LINGER_NOT)) != LINGER_NOT:
            end.shutdown(socket.SHUT_RDWR)
    end.close()
