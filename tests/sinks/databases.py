"""Fixtures: a migrated database with nothing in it, a client and a sink."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from clickhouse_driver import Client

from deploy.local.database import Database
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Batch

Connect = Callable[[], Client]
alters = pytest.mark.parametrize("database", ["own_database"], indirect=True)


def land(sink: ClickHouseSink, *batches: Batch) -> None:
    for each in batches:
        sink.add(each)
    sink.flush()


@pytest.fixture
def admin(clickhouse: Database) -> Iterator[Client]:
    made = connect(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, "default")
    yield made
    made.disconnect()


@pytest.fixture
def unborn(admin: Client) -> Iterator[str]:
    """Name of a database that does not exist yet; dropped after the test."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield name
    admin.execute(f"DROP DATABASE IF EXISTS {name} SYNC")


@pytest.fixture(scope="session")
def migrated(clickhouse: Database) -> str:
    """Migrated once a session, for tests that leave tables and views as they are."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    client = connect(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, "default")
    migrate(client, name)
    client.disconnect()
    return name


@pytest.fixture
def database(request: pytest.FixtureRequest, admin: Client, migrated: str) -> str:
    """A migrated database with empty tables: the session's, or with `@alters` one that the test may change as it likes."""
    if getattr(request, "param", None):
        own: str = request.getfixturevalue(request.param)
        return own
    tables = admin.execute(
        "SELECT name FROM system.tables WHERE database = %(d)s AND engine LIKE '%%MergeTree' AND name != 'migrations'",
        {"d": migrated},
    )
    for (table,) in tables:
        admin.execute(f"TRUNCATE TABLE {migrated}.{table}")
    return migrated


@pytest.fixture
def own_database(admin: Client, unborn: str) -> str:
    migrate(admin, unborn)
    return unborn


@pytest.fixture
def connected(clickhouse: Database, database: str) -> Connect:
    """Makes clients of the test's database."""
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
