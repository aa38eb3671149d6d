"""Stacks for tests: on free ports, with the jars that are there already."""

from pathlib import Path

from deploy.local.ports import free_ports
from deploy.local.stack import StackConfig
from tests.fixtures.stack import JARS


def with_jars(data_dir: Path) -> Path:
    data_dir.mkdir(mode=0o700, parents=True)
    (data_dir / "jars").symlink_to(JARS)
    return data_dir


def config_on_free_ports(data_dir: Path) -> StackConfig:
    broker, controller, native, http = free_ports(4)
    return StackConfig(
        data_dir, broker_port=broker, controller_port=controller, clickhouse_port=native, clickhouse_http_port=http, tethered=True
    )
