"""The embedded ClickHouse server.

    python -m deploy.local.clickhouse DATA_DIR --tcp 19000 --http 18123

Prints `ready` when it serves. SIGTERM and SIGINT end it in order.
Exit codes: 0 ended in order, 2 usage, 3 configuration, 4 a port or the data directory is in use.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from deploy.local.clickhouse.server import Server

USER = "THROUGHLINE_CLICKHOUSE_USER"
PASSWORD = "THROUGHLINE_CLICKHOUSE_PASSWORD"  # noqa: S105 - the name of the variable that holds it
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_STOPS = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    options = _options()
    if options.host not in _LOOPBACK and not options.allow_remote:
        _exit(3, f"{options.host} is not the loopback, and nothing is encrypted: add --allow-remote if that is meant")
    password = os.environ.get(PASSWORD, "")
    if not password:
        _exit(3, f"set {PASSWORD}: the server does not start without a password")
    # In every thread, so also before the engine is imported, which starts some; then `sigwait` alone gets them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    sys.modules["pyarrow"] = None  # type: ignore[assignment] # optional to the engine: less to load, 40 MB
    server = _server(options, os.environ.get(USER) or "throughline", password)
    server.start()
    print("ready", flush=True)
    signal.sigwait(_STOPS)
    server.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.clickhouse", description="The embedded ClickHouse server.")
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--tcp", type=int, default=19000, help="port of the native protocol (default %(default)s)")
    parser.add_argument("--http", type=int, default=18123, help="port of HTTP (default %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--allow-remote", action="store_true", help="permit a host that is not the loopback")
    return parser.parse_args()


def _server(options: argparse.Namespace, user: str, password: str) -> "Server":
    from deploy.local.clickhouse.auth import Credentials
    from deploy.local.clickhouse.errors import ServerError
    from deploy.local.clickhouse.listener import CannotListen
    from deploy.local.clickhouse.server import Server

    try:
        return Server(options.data_dir, Credentials(user, password), options.host, options.tcp, options.http)
    except CannotListen as error:
        _exit(4, str(error))
    except ServerError as error:
        _exit(4, f"data directory {options.data_dir} cannot be opened; if another server uses it, stop that: {error.text}")
    except OSError as error:
        _exit(3, f"data directory {options.data_dir} cannot be used ({error.strerror}): choose another, or its permissions")


def _exit(code: int, sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
