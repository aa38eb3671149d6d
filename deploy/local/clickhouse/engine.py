"""The ClickHouse engine in this process: one data directory, any number of sessions."""

import threading
from pathlib import Path

from deploy.local.clickhouse.query_ids import kill_statement
from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.spool import Spool


class Engine:
    """Owns `data_dir`; only one process can, and ServerError says so when another one does."""

    def __init__(self, data_dir: Path) -> None:
        self._path = str(data_dir)
        self._spool_dir = data_dir / "spool"
        self._spool_dir.mkdir(parents=True, exist_ok=True)
        self._keep = Session(self._path)
        self._lock = threading.Lock()
        self.version, self.timezone = self._keep.rows("SELECT version(), timezone()")[0]
        self.settings = frozenset(name for (name,) in self._keep.rows("SELECT name FROM system.settings"))

    def session(self, database: str = "") -> Session:
        """A session of its own: settings, temporary tables, current database. ServerError 81 for an unknown database."""
        session = Session(self._path)
        if database:
            try:
                session.use(database)
            except BaseException:
                session.close()
                raise
        return session

    def spool(self) -> Spool:
        return Spool(self._spool_dir)

    def kill(self, query_id: str) -> None:
        """End the statement with the client's `query_id`, if it runs."""
        with self._lock:
            self._keep.query(kill_statement(query_id))

    def kill_all(self) -> None:
        """End all statements."""
        with self._lock:
            self._keep.query("KILL QUERY WHERE query_id != queryID() ASYNC")

    def close(self) -> None:
        with self._lock:
            self._keep.close()
