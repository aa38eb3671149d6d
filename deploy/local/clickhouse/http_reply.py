"""The answer to an HTTP request: whole when it is short, in chunks when it is not."""

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from itertools import chain

import lz4.frame
import zstandard

from deploy.local.clickhouse.errors import Code, ServerError
from deploy.local.clickhouse.frames import frames
from deploy.local.clickhouse.http_request import HttpRequest

_SHORT_BYTES = 1 << 16
_STATUS = {
    Code.AUTHENTICATION_FAILED: 403,
    Code.SYNTAX_ERROR: 400,
    Code.NOT_IMPLEMENTED: 501,
    Code.TOO_MANY_SIMULTANEOUS_QUERIES: 503,
    Code.NOT_ENOUGH_SPACE: 507,
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 81, 115), 404),  # unknown function, name, type, table, database, setting …
}
_ENCODERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "lz4": lambda chunks: _lz4(chunks),
    "zstd": lambda chunks: _encoded(chunks, zstandard.ZstdCompressor().compressobj()),
    "gzip": lambda chunks: _encoded(chunks, zlib.compressobj(wbits=31)),
    "deflate": lambda chunks: _encoded(chunks, zlib.compressobj()),
}


class HttpReply:
    """One answer. ServerError may leave `stream` only as long as nothing has been sent."""

    def __init__(self, handler: BaseHTTPRequestHandler, request: HttpRequest, timezone: str) -> None:
        self._handler = handler
        self._request = request
        self._encoding = self._accepted()
        self._headers = {
            "X-ClickHouse-Server-Display-Name": "Throughline, embedded",
            "X-ClickHouse-Query-Id": request.query_id,
            "X-ClickHouse-Timezone": timezone,
        }

    def send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer, as it is."""
        self._start(status, {"Content-Length": str(len(body)), **(headers or {})})
        if self._request.method != "HEAD":
            self._handler.wfile.write(body)

    def error(self, error: ServerError, version: str) -> None:
        headers = {"X-ClickHouse-Exception-Code": str(error.code), "Content-Type": "text/plain; charset=UTF-8"}
        if error.code == Code.AUTHENTICATION_FAILED and self._request.login() is None:
            self.send(401, f"{error}\n".encode(), {**headers, "WWW-Authenticate": 'Basic realm="ClickHouse"'})
            return
        text = f"{error} (version {version})\n".encode("utf-8", "surrogateescape")
        self.send(_STATUS.get(error.code, 500), text, headers)

    def stream(self, chunks: Iterator[bytes], headers: Callable[[], Mapping[str, str]]) -> None:
        """An answer as it is computed. `headers` is asked when the first bytes go out."""
        head = bytearray()
        for chunk in chunks:
            head += chunk
            if len(head) >= _SHORT_BYTES:
                break
        else:
            body = b"".join(self._encode([bytes(head)]))
            self.send(200, body, {**headers(), **self._encoding_headers()})
            return
        tag = secrets.token_hex(8)
        self._start(200, {"X-ClickHouse-Exception-Tag": tag, **self._chunked(), **headers(), **self._encoding_headers()})
        self._send_chunks(self._encode(chain([bytes(head)], self._tagged(chunks, tag))))

    def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in {**self._headers, **headers}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def _tagged(self, chunks: Iterator[bytes], tag: str) -> Iterator[bytes]:
        """`chunks`, and an error among them in the form in which clients look for it."""
        try:
            yield from chunks
        except ServerError as error:
            self._handler.close_connection = True
            text = str(error).encode("utf-8", "surrogateescape")
            yield b"\r\n__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (
                tag.encode(), text, len(text) + 1, tag.encode(),
            )  # fmt: skip

    def _chunked(self) -> dict[str, str]:
        if self._handler.request_version == "HTTP/1.0":
            self._handler.close_connection = True
            return {"Connection": "close"}
        return {"Transfer-Encoding": "chunked"}

    def _send_chunks(self, chunks: Iterator[bytes]) -> None:
        write = self._handler.wfile.write
        if self._handler.request_version == "HTTP/1.0":
            for chunk in chunks:
                write(chunk)
            return
        for chunk in filter(None, chunks):
            write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        write(b"0\r\n\r\n")

    def _encode(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        if self._request.flag("compress"):
            return (frame for chunk in chunks for frame in frames(chunk))
        return _ENCODERS[self._encoding](chunks) if self._encoding else iter(chunks)

    def _accepted(self) -> str:
        if not self._request.flag("enable_http_compression") or self._request.flag("compress"):
            return ""
        names = [part.split(";")[0].strip() for part in self._request.headers.get("Accept-Encoding", "").split(",")]
        return next((name for name in names if name in _ENCODERS), "")

    def _encoding_headers(self) -> dict[str, str]:
        return {"Content-Encoding": self._encoding} if self._encoding else {}


def _lz4(chunks: Iterable[bytes]) -> Iterator[bytes]:
    encoder = lz4.frame.LZ4FrameCompressor()
    yield encoder.begin()
    for chunk in chunks:
        yield encoder.compress(chunk)
    yield encoder.flush()


def _encoded(chunks: Iterable[bytes], encoder: "zstandard.ZstdCompressionObj | zlib._Compress") -> Iterator[bytes]:
    for chunk in chunks:
        yield encoder.compress(chunk)
    yield encoder.flush()
