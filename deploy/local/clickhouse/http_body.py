"""The body of an HTTP request as decoded chunks, in bounded memory."""

import zlib
from collections.abc import Callable, Iterator
from email.message import Message
from io import BufferedIOBase
from typing import Protocol

import lz4.frame
import zstandard

from deploy.local.clickhouse.errors import Code, Disconnected, ProtocolError, ServerError
from deploy.local.clickhouse.frames import read_frame
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


class Body(Iterator[bytes]):
    """The raw chunks, once; Disconnected when the client stops in the middle, ProtocolError when a length is none."""

    def __init__(self, source: BufferedIOBase, headers: Message) -> None:
        self.complete = False  # whether the next request can begin
        self._source = source
        self._chunks = self._read(headers)

    def __next__(self) -> bytes:
        return next(self._chunks)

    def _read(self, headers: Message) -> Iterator[bytes]:
        if "chunked" in headers.get("Transfer-Encoding", "").lower():
            while size_bytes := _length(self._source.readline(_LONGEST_LINE_BYTES).split(b";")[0], 16):
                yield from self._counted(size_bytes)
                self._source.readline(_LONGEST_LINE_BYTES)
            while self._source.readline(_LONGEST_LINE_BYTES).strip():
                pass  # trailers
        else:
            yield from self._counted(_length(headers.get("Content-Length", "0").encode(), 10))
        self.complete = True

    def _counted(self, left_bytes: int) -> Iterator[bytes]:
        while left_bytes:
            chunk = self._source.read1(min(left_bytes, _READ_BYTES))
            if not chunk:
                raise Disconnected
            left_bytes -= len(chunk)
            yield chunk


def _length(digits: bytes, base: int) -> int:
    try:
        length = int(digits, base)
    except ValueError:
        length = -1
    if length < 0:
        raise ProtocolError.of(Code.UNEXPECTED_PACKET_FROM_CLIENT, f"{digits!r} is not the length of a body.")
    return length


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
    while source.has_more():
        try:
            yield read_frame(source)
        except Disconnected:
            raise ServerError.of(Code.CANNOT_DECOMPRESS, "The body ends in the middle of a frame.") from None
