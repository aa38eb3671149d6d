"""A SELECT in any format, as a stream: the engine writes INTO OUTFILE, and the file is a pipe."""

import fcntl
import os
import threading
from collections.abc import Generator, Mapping
from contextlib import suppress

from deploy.local.clickhouse.errors import ServerError
from deploy.local.clickhouse.session import Result, Session

_CHUNK_BYTES = 1 << 18


class Piped:
    """A reader that is slow holds the engine up, so memory stays bounded. `result` is there when the chunks have ended."""

    def __init__(self, session: Session, sql: str, format_name: str, query_id: str, params: Mapping[str, str]) -> None:
        self.result: Result | None = None
        self._error: ServerError | None = None
        self._session = session
        self._sql = sql
        self._format = format_name
        self._query_id = query_id
        self._params = params

    def chunks(self) -> Generator[bytes, None, None]:
        """Iterate once, to the end or with `closing`. The engine's ServerError comes after what it wrote before."""
        reader, writer = os.pipe()
        with suppress(AttributeError, OSError):  # Linux only
            fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _CHUNK_BYTES)
        thread = threading.Thread(target=self._run, args=(writer,), name="pipe", daemon=True)
        thread.start()
        try:
            while chunk := os.read(reader, _CHUNK_BYTES):
                yield chunk
        finally:
            os.close(reader)
            thread.join()
        if self._error:
            raise self._error

    def _run(self, writer: int) -> None:
        statement = f"{self._sql}\nINTO OUTFILE '/dev/fd/{writer}' TRUNCATE FORMAT {self._format}"
        try:
            self.result = self._session.query(statement, self._format, self._query_id, self._params)
        except ServerError as error:
            self._error = error
        finally:
            os.close(writer)
