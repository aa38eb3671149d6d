"""A SELECT in any format, as a stream: the engine writes INTO OUTFILE, and the file is a pipe."""

import fcntl
import os
import threading
from collections.abc import Generator, Mapping
from contextlib import suppress

from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import ServerError
from deploy.local.clickhouse.session import Result, Session

_CHUNK_BYTES = 1 << 18
_SOON_S = 0.1


class Piped:
    """A reader that is slow holds the engine up, so memory stays bounded. `result` is there when the chunks have ended."""

    def __init__(self, engine: Engine, session: Session, query_id: str) -> None:
        self.result: Result | None = None
        self._error: ServerError | None = None
        self._engine = engine
        self._session = session
        self._query_id = query_id

    def chunks(self, sql: str, format_name: str, params: Mapping[str, str]) -> Generator[bytes, None, None]:
        """Iterate once, to the end or with `closing`. The engine's ServerError comes after what it wrote before."""
        reader, writer = os.pipe()
        with suppress(AttributeError, OSError):  # Linux only
            fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _CHUNK_BYTES)
        thread = threading.Thread(target=self._run, args=(writer, sql, format_name, params), name="pipe", daemon=True)
        thread.start()
        try:
            while chunk := os.read(reader, _CHUNK_BYTES):
                yield chunk
        finally:
            os.close(reader)
            self._end(thread)
        if self._error:
            raise self._error

    def _end(self, thread: threading.Thread) -> None:
        """The engine goes on when nobody reads any more, so it must be told."""
        thread.join(_SOON_S)
        while thread.is_alive():
            self._engine.kill(self._query_id)
            thread.join(_SOON_S)

    def _run(self, writer: int, sql: str, format_name: str, params: Mapping[str, str]) -> None:
        statement = f"{sql}\nINTO OUTFILE '/dev/fd/{writer}' TRUNCATE FORMAT {format_name}"
        try:
            self.result = self._session.query(statement, format_name, self._query_id, params)
        except ServerError as error:
            self._error = error
        finally:
            os.close(writer)
