"""Fixtures: a database of its own for each test, migrated, with a client and a sink."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from clickhouse_driver import Client

from deploy.local.database import Database
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.sink import ClickHouseSink

Connect = Callable[[], Client]


@pytest.fixture
def database(clickhouse: Database) -> Iterator[str]:
    """Name of a database that does not exist yet; dropped after the test."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield name
    admin = connect(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, "default")
    admin.execute(f"DROP DATABASE IF EXISTS {name} SYNC")
    admin.disconnect()


@pytest.fixture
def connected(clickhouse: Database, database: str) -> Connect:
    """Makes clients of the test's database, which is migrated."""
    admin = connect(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, "default")
    migrate(admin, database)
    admin.disconnect()
    return lambda: connect(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, database)


@pytest.fixture
def client(connected: Connect) -> Iterator[Client]:
    made = connected()
    yield made
    made.disconnect()


@pytest.fixture
def sink(connected: Connect) -> Iterator[ClickHouseSink]:
    made = ClickHouseSink(connected)
    yield made
    made.close()
