"""Where a partition's state lives: memory first, behind get, put, delete and changed."""

from collections.abc import Iterator
from typing import Protocol


class Store(Protocol):
    """Keys and values are bytes.  `changed` tells what was put or deleted (None) since it was last asked."""

    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes) -> None: ...
    def delete(self, key: bytes) -> None: ...
    def items(self) -> Iterator[tuple[bytes, bytes]]: ...
    def changed(self) -> dict[bytes, bytes | None]: ...
    def __len__(self) -> int: ...


class MemoryStore:
    """A dict of packed values: a small journey takes about 170 bytes, and the garbage collector has nothing to walk."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._changed: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        return self._values.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self._values[key] = value
        self._changed[key] = value

    def delete(self, key: bytes) -> None:
        if self._values.pop(key, None) is not None:
            self._changed[key] = None

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._values.items())

    def changed(self) -> dict[bytes, bytes | None]:
        changed, self._changed = self._changed, {}
        return changed

    def load(self, key: bytes, value: bytes | None) -> None:
        """A record of the state topic, in its order: a later one replaces, None deletes."""
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value

    def __len__(self) -> int:
        return len(self._values)
