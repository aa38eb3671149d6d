"""The body of an HTTP request as decoded chunks, in bounded memory."""

import zlib
from collections.abc import Callable, Iterator
from email.message import Message
from io import BufferedIOBase
from typing import Protocol

import lz4.frame
import zstandard

from deploy.local.clickhouse.errors import Code, Disconnected, ServerError
from deploy.local.clickhouse.frames import unframed
from deploy.local.clickhouse.wire import Window

_READ_BYTES = 1 << 18
_LONGEST_LINE_BYTES = 4096


class Decoder(Protocol):
    """What zlib, lz4 and zstandard have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes) -> bytes: ...


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: zlib.decompressobj(wbits=47),
    "deflate": lambda: zlib.decompressobj(wbits=47),
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}


class Body:
    """Raw chunks as they come; `exhausted` says whether the next request can begin."""

    def __init__(self, source: BufferedIOBase, headers: Message) -> None:
        self._source = source
        self._chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
        self._left = 0 if self._chunked else int(headers.get("Content-Length") or 0)
        self.exhausted = not (self._chunked or self._left)

    def chunks(self) -> Iterator[bytes]:
        """Raises Disconnected when the client stops in the middle."""
        while self._chunked and not self.exhausted:
            self._left = int(self._source.readline(_LONGEST_LINE_BYTES).split(b";")[0] or b"-1", 16)
            if self._left < 0:
                raise Disconnected
            self.exhausted = not self._left
            yield from self._counted()
            while self._source.readline(_LONGEST_LINE_BYTES).strip() and self.exhausted:
                pass  # trailers
        yield from self._counted()
        self.exhausted = True

    def _counted(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._source.read1(min(self._left, _READ_BYTES))
            if not chunk:
                raise Disconnected
            self._left -= len(chunk)
            yield chunk


def decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Undo a Content-Encoding; a body may be several streams, one behind the other."""
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in _DECODERS:
        raise ServerError.of(Code.UNKNOWN_COMPRESSION_METHOD, f"Unknown Content-Encoding {encoding}: use {', '.join(_DECODERS)}.")
    decoder = None
    for chunk in chunks:
        while chunk:
            decoder = decoder or _DECODERS[encoding]()
            yield decoder.decompress(chunk)
            chunk, decoder = (decoder.unused_data, None) if decoder.eof else (b"", decoder)
    if decoder:
        raise ServerError.of(Code.CANNOT_DECOMPRESS, f"The {encoding} body ends in the middle.")


def unframed_chunks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Undo ClickHouse's own frames (`decompress=1`)."""
    source = Window(lambda: next(chunks, b""))
    window = unframed(source)
    while True:
        try:
            source.need(1)
        except Disconnected:
            return
        window.need(1)
        yield window.take(len(window.data))
        window.drop()
