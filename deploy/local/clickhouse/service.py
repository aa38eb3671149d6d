"""What every connection of either protocol works with."""

from dataclasses import dataclass

from deploy.local.clickhouse.auth import Credentials
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.watch import Watch


@dataclass(frozen=True)
class Service:
    engine: Engine
    watch: Watch
    credentials: Credentials
