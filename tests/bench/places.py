"""Broker and database for one run, and the pipelines on them, each in a namespace of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from deploy.local.broker import Broker
from deploy.local.database import Database
from sinks.clickhouse.client import connect
from streams.definitions import SHIPPED, load_bundle
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.stack import JARS

PARTITIONS = 8
_numbers = count(1)  # in one process several places may share a broker, which keeps the topics of each


class Places:
    def __init__(self, broker: Broker, database: Database, folder: Path) -> None:
        self.broker, self.database, self._folder = broker, database, folder

    @contextmanager
    def pipeline(self, *, clock: str = "held", **settings: Any) -> Iterator[Pipeline]:
        """Topics, tables and the shipped definitions; workers are up to the caller, and stopped here.  Its tables go again."""
        number = next(_numbers)
        folder = self._folder / f"pipeline{number}"
        folder.mkdir()
        made = Pipeline(
            self.broker, self.database, folder, load_bundle([SHIPPED]), namespace=f"bench{number}", clock=clock,
            source_partitions=PARTITIONS, log_partitions=PARTITIONS, **settings,
        )  # fmt: skip
        try:
            yield made
        finally:
            made.close()
        client = made.connect()
        client.execute(f"DROP DATABASE {made.settings.database} SYNC")
        client.disconnect()

    def servers(self) -> dict[str, int | None]:
        """Process ids by name."""
        return {service.daemon.name: service.daemon.pid() for service in (self.broker, self.database)}

    def database_version(self) -> str:
        database = self.database
        client = connect(database.host, database.port, database.user, database.password, "default")
        [(version,)] = client.execute("SELECT version()")
        client.disconnect()
        return str(version)


@contextmanager
def places() -> Iterator[Places]:
    """On free ports, with data that goes when the run ends; both end with this process, however it ends."""
    with tempfile.TemporaryDirectory(prefix="throughline-bench-") as name:
        folder = Path(name)
        with (
            Broker(folder / "kafka", jars_dir=JARS, tethered=True) as broker,
            Database(folder / "clickhouse", tethered=True) as database,
        ):
            yield Places(broker, database, folder)
