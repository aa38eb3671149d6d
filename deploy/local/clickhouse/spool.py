"""Rows that wait on disk: on their way in until they are complete, on their way out until there is nothing more."""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from deploy.local.clickhouse.errors import Code, ServerError

_READ_BYTES = 1 << 18


class Spool:
    """A file without a name, which the kernel forgets with the process. ServerError when it cannot grow."""

    def __init__(self, directory: Path) -> None:
        try:
            self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - `close` closes it
        except OSError as error:
            raise _full(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with suppress(OSError):  # what could not be written is not wanted any more, and the file is closed in any case
            self._file.close()

    def write(self, chunk: bytes | memoryview) -> None:
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _full(error) from None

    def path(self) -> str:
        """Where the engine can read it, from the beginning, as long as it is open."""
        try:
            self._file.seek(0)
        except OSError as error:
            raise _full(error) from None
        return f"/dev/fd/{self._file.fileno()}"

    def chunks(self) -> Iterator[bytes]:
        """All of it again."""
        self.path()
        while chunk := self._file.read(_READ_BYTES):
            yield chunk


def _full(error: OSError) -> ServerError:
    code = Code.READONLY if error.errno == errno.EROFS else Code.NOT_ENOUGH_SPACE
    return ServerError.of(code, f"Rows cannot be kept on disk: {error.strerror}.")
