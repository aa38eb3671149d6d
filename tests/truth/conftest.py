"""Pipelines that a whole module of truth tests shares."""

from collections.abc import Iterator

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from tests.fixtures.pipeline import Pipelines


@pytest.fixture(scope="module")
def sets(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipelines]:
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("truth"))
    yield made
    made.close()
