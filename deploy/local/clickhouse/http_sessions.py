"""Sessions that outlive an HTTP request, by the name that the client chose."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import Code, ServerError
from deploy.local.clickhouse.http_request import HttpRequest
from deploy.local.clickhouse.session import Session

_TIMEOUT_S = 60
_LONGEST_TIMEOUT_S = 3600
_MOST_SESSIONS = 1000


@dataclass
class _Kept:
    session: Session
    expires_s: float
    busy: bool = True


class HttpSessions:
    """One statement at a time a session; those that nobody asks for end after their timeout."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    @contextmanager
    def of(self, request: HttpRequest) -> Iterator[Session]:
        """The session with the request's `session_id`, or one of its own. ServerError when it is busy, or missing."""
        session_id = request.params.get("session_id")
        if not session_id:
            with closing(self._engine.session(request.database)) as session:
                yield session
            return
        timeout_s = min(request.seconds("session_timeout", _TIMEOUT_S), _LONGEST_TIMEOUT_S)
        kept = self._take(session_id, must_exist=request.flag("session_check"))
        try:
            if request.database:
                kept.session.use(request.database)
            yield kept.session
        finally:
            kept.expires_s = time.monotonic() + timeout_s
            kept.busy = False

    def close(self) -> None:
        with self._lock:
            for kept in self._kept.values():
                kept.session.close()
            self._kept.clear()

    def _take(self, session_id: str, *, must_exist: bool) -> _Kept:
        with self._lock:
            self._expire()
            kept = self._kept.get(session_id)
            if kept is None:
                return self._open(session_id, must_exist=must_exist)
            if kept.busy:
                raise ServerError.of(Code.SESSION_IS_LOCKED, f"Session {session_id} is locked by a concurrent client.")
            kept.busy = True
            return kept

    def _open(self, session_id: str, *, must_exist: bool) -> _Kept:
        if must_exist:
            raise ServerError.of(Code.SESSION_NOT_FOUND, f"Session {session_id} not found.")
        if len(self._kept) >= _MOST_SESSIONS:
            raise ServerError.of(Code.TOO_MANY_SIMULTANEOUS_QUERIES, f"More than {_MOST_SESSIONS} HTTP sessions are open.")
        kept = self._kept[session_id] = _Kept(self._engine.session(), expires_s=0)
        return kept

    def _expire(self) -> None:
        now_s = time.monotonic()
        for session_id, kept in list(self._kept.items()):
            if not kept.busy and kept.expires_s < now_s:
                self._kept.pop(session_id).session.close()
