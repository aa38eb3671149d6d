"""Where a partition's state lives: memory first, behind get, put, delete and changed."""

from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from streams.core.stitch.small import Small
from streams.core.stitch.state import REDIRECT


class Store(Protocol):
    """Keys and values are bytes.  `changed` tells what was put or deleted (None) since it was last asked.

    `items`: those whose key begins with this kind, as `streams.core.stitch.state` has them, or all of them.
    """

    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes) -> None: ...
    def delete(self, key: bytes) -> None: ...
    def items(self, kind: bytes = b"") -> Iterator[tuple[bytes, bytes]]: ...
    def changed(self) -> dict[bytes, bytes | None]: ...
    def __len__(self) -> int: ...


class MemoryStore:
    """Packed values in a dict, redirects closer together; the garbage collector has nothing to walk."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._redirects = Small()
        self._changed: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        found = self._redirects.get(key) if key[:1] == REDIRECT else None
        return self._values.get(key) if found is None else found

    def put(self, key: bytes, value: bytes) -> None:
        self.load(key, value)
        self._changed[key] = value

    def delete(self, key: bytes) -> None:
        if self._remove(key):
            self._changed[key] = None

    def items(self, kind: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        values = (entry for entry in self._values.items() if entry[0].startswith(kind))
        return chain(values, self._redirects.items()) if kind in (b"", REDIRECT) else values

    def changed(self) -> dict[bytes, bytes | None]:
        changed, self._changed = self._changed, {}
        return changed

    def load(self, key: bytes, value: bytes | None) -> None:
        """A record of the state topic, in its order: a later one replaces, None deletes."""
        if value is None:
            self._remove(key)
        elif key[:1] != REDIRECT:
            self._values[key] = value
        elif self._redirects.put(key, value):
            self._values.pop(key, None)
        else:
            self._values[key] = value
            self._redirects.delete(key)

    def _remove(self, key: bytes) -> bool:
        """-> whether it was there."""
        was_redirect = key[:1] == REDIRECT and self._redirects.delete(key)
        return self._values.pop(key, None) is not None or was_redirect

    def __len__(self) -> int:
        return len(self._values) + len(self._redirects)
