"""A statement as a client of the native protocol sends it, up to its text."""

import uuid
from dataclasses import dataclass
from enum import IntEnum

from deploy.local.clickhouse.wire import Window

_IMPORTANT = 1


class FromClient(IntEnum):
    """Packets from a client."""

    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4


@dataclass(frozen=True)
class Setting:
    value: str
    important: bool  # whether a server that does not know it must refuse


@dataclass(frozen=True)
class Request:
    query_id: str
    settings: dict[str, Setting]
    compressed: bool
    sql: str


def read_request(window: Window) -> Request:
    """The Query packet, behind its number."""
    query_id = window.string() or str(uuid.uuid4())
    if window.byte():
        _skip_client_info(window)
    settings = _settings(window)
    window.varint()  # the stage to stop at: always complete
    compressed = bool(window.varint())
    return Request(query_id, settings, compressed, window.string())


def _skip_client_info(window: Window) -> None:
    for _ in ("initial user", "initial query id", "initial address"):
        window.string()
    window.byte()  # interface
    for _ in ("system user", "host", "client"):
        window.string()
    for _ in ("major", "minor", "revision"):
        window.varint()
    window.string()  # quota key
    window.varint()  # patch


def _settings(window: Window) -> dict[str, Setting]:
    settings = {}
    while name := window.string():
        important = bool(window.varint() & _IMPORTANT)
        settings[name] = Setting(window.string(), important)
    return settings
