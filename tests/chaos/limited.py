"""The database as it is when its memory is limited: the same server on the same data, whose statements may take so much each.

python -m tests.chaos.limited BYTES DATA_DIR --tcp PORT --http PORT
"""

import signal
import sys

from deploy.local.clickhouse import __main__ as server
from deploy.local.database import Database


class LimitedDatabase(Database):
    """`statement_bytes`: for each statement of whoever logs in after the next start; None: no limit."""

    statement_bytes: int | None = None

    def command(self) -> list[str]:
        if self.statement_bytes is None:
            return super().command()
        _, _, _, *arguments = super().command()
        return [sys.executable, "-m", "tests.chaos.limited", str(self.statement_bytes), *arguments]


def main() -> None:
    statement_bytes = sys.argv.pop(1)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))  # before the engine starts threads: see the server
    import chdb

    connect = chdb.connect
    chdb.connect = lambda path: connect(f"{path}?max_memory_usage={statement_bytes}")
    server.main()


if __name__ == "__main__":
    main()
