"""What an HTTP request asks for: statement, format, settings, and who asks."""

import base64
import binascii
import re
import uuid
from dataclasses import dataclass
from email.message import Message
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from deploy.local.clickhouse.errors import Code, ServerError

# Parameters of the interface; any other is a setting of the engine, or belongs to an external table.
_INTERFACE = frozenset(
    {
        "buffer_size",
        "cancel_http_readonly_queries_on_client_close",
        "client_protocol_version",
        "compress",
        "database",
        "decompress",
        "default_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "http_zlib_compression_level",
        "password",
        "query",
        "query_id",
        "quota_key",
        "readonly",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "stacktrace",
        "user",
        "wait_end_of_query",
    }
)
_TABLE_PARTS = ("_format", "_structure", "_types")


@dataclass(frozen=True)
class HttpRequest:
    """Method, path, parameters (of the URL, later also of a form) and headers."""

    method: str
    path: str
    params: dict[str, str]
    headers: Message
    query_id: str

    @classmethod
    def of(cls, method: str, target: str, headers: Message) -> Self:
        url = urlsplit(target)
        params = dict(parse_qsl(url.query, keep_blank_values=True))
        query_id = re.sub(r"[^\x20-\x7e]", "", params.get("query_id", "")) or str(uuid.uuid4())
        return cls(method, url.path, params, headers, query_id)

    @property
    def database(self) -> str:
        return self.params.get("database") or str(self.headers.get("X-ClickHouse-Database", ""))

    @property
    def default_format(self) -> str:
        name = self.headers.get("X-ClickHouse-Format") or self.params.get("default_format") or "TabSeparated"
        if not re.fullmatch(r"\w+", name):
            raise ServerError.of(Code.UNKNOWN_FORMAT, f"Unknown format {name!r}.")
        return str(name)

    @property
    def read_only(self) -> bool:
        """GET never changes anything, so that no link can."""
        return self.method == "GET" or self.flag("readonly")

    @property
    def statement_params(self) -> dict[str, str]:
        """Values of `{name:Type}`."""
        return {name.removeprefix("param_"): value for name, value in self.params.items() if name.startswith("param_")}

    def settings(self, tables: frozenset[str] = frozenset()) -> dict[str, str]:
        """Settings for the engine; `tables` are the external tables, whose parts are none."""
        parts = {table + part for table in tables for part in _TABLE_PARTS}
        return {
            name: value
            for name, value in self.params.items()
            if name not in _INTERFACE and name not in parts and not name.startswith("param_")
        }

    def seconds(self, name: str, default_s: int) -> int:
        """A parameter that is a number of seconds."""
        given = self.params.get(name) or str(default_s)
        if not given.isdecimal():
            raise ServerError.of(Code.BAD_ARGUMENTS, f"{name} is {given!r}, not a number of seconds.")
        return int(given)

    def flag(self, name: str) -> bool:
        return self.params.get(name, "0") not in ("0", "", "false")

    def login(self) -> tuple[str, str] | None:
        """User and password from the headers, from basic authorization, or from the URL; None when there are none."""
        if "X-ClickHouse-User" in self.headers or "X-ClickHouse-Key" in self.headers:
            return _utf8(self.headers.get("X-ClickHouse-User", "default")), _utf8(self.headers.get("X-ClickHouse-Key", ""))
        if "Authorization" in self.headers:
            return _basic(self.headers["Authorization"])
        if "user" in self.params or "password" in self.params:
            return self.params.get("user", "default"), self.params.get("password", "")
        return None


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")


def _utf8(header: str) -> str:
    """http.server takes every byte of a header for a character."""
    return header.encode("latin-1").decode("utf-8", "surrogateescape")
