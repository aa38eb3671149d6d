"""What the server sends on a native connection, collected until there is enough to send."""

import socket
import struct

from deploy.local.clickhouse.blocks import BLOCK_INFO
from deploy.local.clickhouse.errors import ServerError
from deploy.local.clickhouse.frames import frames
from deploy.local.clickhouse.wire import string, varint

# The last revision without secrets between servers and without a flag in front of each column,
# so that blocks are exactly what the engine writes in its format Native.
REVISION = 54440
_HELLO, _DATA, _EXCEPTION, _PROGRESS, _PONG, _END, _PROFILE = map(varint, range(7))
_ENOUGH_BYTES = 1 << 16


class Packets:
    """One connection's way out. Compression is per statement."""

    def __init__(self, client: socket.socket) -> None:
        self.compressed = False
        self._client = client
        self._waiting = bytearray()

    def flush(self) -> None:
        """Send what waits; OSError when the client has gone."""
        if self._waiting:
            self._client.sendall(self._waiting)
            self._waiting.clear()

    def hello(self, version: str, timezone: str) -> None:
        major, minor, patch, *_ = map(int, version.split("."))
        self._put(_HELLO, string("ClickHouse"), varint(major), varint(minor), varint(REVISION))
        self._put(string(timezone), string("Throughline, embedded"), varint(patch))

    def pong(self) -> None:
        self._put(_PONG)

    def end(self) -> None:
        self._put(_END)

    def exception(self, error: ServerError) -> None:
        self._put(exception_packet(error))

    def progress(self, rows: int, size_bytes: int, total_rows: int = 0, written_rows: int = 0, written_bytes: int = 0) -> None:
        """What came since the last progress; `total_rows` of all that will be read."""
        self._put(_PROGRESS, *map(varint, (rows, size_bytes, total_rows, written_rows, written_bytes)))

    def profile(self, rows: int, blocks: int, size_bytes: int) -> None:
        limit_unknown = b"\0\0\0"
        self._put(_PROFILE, *map(varint, (rows, blocks, size_bytes)), limit_unknown)

    def block(self, native: bytes) -> None:
        """A block as the engine writes it."""
        self._put(_DATA, string(""))
        if self.compressed:
            self._put(*frames(BLOCK_INFO + native))
        else:
            self._put(BLOCK_INFO, native)

    def _put(self, *parts: bytes) -> None:
        for part in parts:
            if len(part) >= _ENOUGH_BYTES:
                self.flush()
                self._client.sendall(part)
            else:
                self._waiting += part
        if len(self._waiting) >= _ENOUGH_BYTES:
            self.flush()


def exception_packet(error: ServerError) -> bytes:
    """Code, name, text, no stack trace, nothing nested."""
    text = string(f"DB::Exception: {error.text}")
    return _EXCEPTION + struct.pack("<i", error.code) + string("DB::Exception") + text + string("") + b"\0"
