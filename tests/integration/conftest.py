"""One pipeline with a held clock that most of these tests share; each has days and instances of its own."""

from collections.abc import Iterator
from itertools import count

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS
from tests.integration.definitions import FIRST

START_MS = 1_500_000_000_000
_tests = count()


@pytest.fixture(scope="package")
def held(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Definitions: `tests.integration.definitions.FIRST`.  The clock is where the last test left it."""
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("held"))
    pipeline = made(FIRST)
    pipeline.start()
    yield pipeline
    made.close()


@pytest.fixture
def day_ms() -> int:
    """Where the time of this test begins, epoch ms: a hundred days behind all that earlier tests have said."""
    return START_MS + 100 * DAY_MS * next(_tests)
