"""The ClickHouse server of the stack (`deploy.local.clickhouse`) in a process of its own."""

import sys
from functools import cached_property
from pathlib import Path

from deploy.local.daemon import python_environment
from deploy.local.errors import LocalStackError, writing
from deploy.local.password import stack_password
from deploy.local.ports import LOOPBACK, answers
from deploy.local.service import Service


class Database(Service):
    """A ClickHouse server.  Without a `password` it uses the one that the stack makes for itself."""

    def __init__(
        self, data_dir: Path, port: int = 0, http_port: int = 0, *,
        user: str = "throughline", password: str | None = None, tethered: bool = False,
    ) -> None:  # fmt: skip
        home = data_dir.resolve() / "clickhouse"
        self._data = home / "data"
        ports = {"clickhouse_port": port, "clickhouse_http_port": http_port}
        super().__init__("clickhouse", home, self._data, ports, tethered=tethered)
        self.host = LOOPBACK
        self.port = self.ports["clickhouse_port"]
        self.http_port = self.ports["clickhouse_http_port"]
        self.user = user
        self._data_dir = data_dir
        self._password = password

    @cached_property
    def password(self) -> str:
        return self._password or stack_password(self._data_dir)

    def prepare(self) -> None:
        with writing(self._data):
            self._data.mkdir(exist_ok=True)

    def command(self) -> list[str]:
        ports = ["--tcp", str(self.port), "--http", str(self.http_port)]
        return [sys.executable, "-m", "deploy.local.clickhouse", str(self._data), *ports]

    def launch(self) -> None:
        secrets = {"THROUGHLINE_CLICKHOUSE_USER": self.user, "THROUGHLINE_CLICKHOUSE_PASSWORD": self.password}
        self.daemon.launch(self.command(), {**python_environment(), **secrets}, self.ports)

    def serves(self) -> bool:
        """Whether a client can log in and query; LocalStackError if the server answers and refuses."""
        if not (answers(self.port) and answers(self.http_port)):
            return False
        from clickhouse_driver import Client
        from clickhouse_driver.errors import Error, ServerException

        try:
            with Client(self.host, self.port, user=self.user, password=self.password, connect_timeout=5) as client:
                return bool(client.execute("SELECT 1") == [(1,)])
        except ServerException as error:
            raise LocalStackError(
                f"ClickHouse on port {self.port} refuses (code {error.code}): check clickhouse_user and its password"
            ) from None
        except (Error, OSError, EOFError):
            return False
