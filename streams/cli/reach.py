"""Turn what dependencies raise into the sentence and exit code that a person at the command line gets."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streams.cli.errors import Unreachable
from streams.settings import ConfigurationError, Settings

if TYPE_CHECKING:  # the clients are imported by whoever uses them: commands that reach for nothing start without them
    from clickhouse_driver import errors

DISK = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)  # of a file that was open: the error does not name it
UNKNOWN_TABLE, UNKNOWN_DATABASE, ACCESS_DENIED, AUTHENTICATION_FAILED = 60, 81, 497, 516


@contextmanager
def reaching(settings: Settings) -> Iterator[None]:
    """Raises Unreachable or ConfigurationError in place of what Kafka's and ClickHouse's clients raise."""
    try:
        yield
    except Exception as error:
        worded = _worded(settings, error)
        if worded is None:
            raise
        raise worded from None


def _worded(settings: Settings, error: Exception) -> Exception | None:
    """None: it is no word of a dependency."""
    from clickhouse_driver import errors
    from kafka.errors import KafkaError

    from streams.topics import BrokerUnreachable

    if isinstance(error, BrokerUnreachable | LookupError):
        return Unreachable(str(error))
    if isinstance(error, KafkaError):
        return Unreachable(f"Kafka at {settings.kafka_bootstrap}: {type(error).__name__}; is it up and reachable?")
    if isinstance(error, errors.ServerException):
        return _explained(settings, error)
    if isinstance(error, OSError) and (error.filename is not None or error.errno in DISK):
        where = error.filename or settings.data_dir
        return ConfigurationError(
            f"{where} cannot be read or written ({error.strerror}): make room, see to its permissions, or set data_dir to another "
            "directory"
        )
    if isinstance(error, errors.NetworkError | OSError | EOFError):
        return Unreachable(
            f"ClickHouse at {_place(settings)} does not answer ({type(error).__name__}): start it or set clickhouse_host"
        )
    return None


def _explained(settings: Settings, error: "errors.ServerException") -> Exception:
    if error.code == AUTHENTICATION_FAILED:
        return ConfigurationError(f"clickhouse_password: ClickHouse at {_place(settings)} refuses user {settings.clickhouse_user}")
    if error.code == ACCESS_DENIED:
        return ConfigurationError(
            f"clickhouse_user: {settings.clickhouse_user} may not do this in database {settings.database} of ClickHouse at "
            f"{_place(settings)}: use its owner, who migrated it"
        )
    if error.code in (UNKNOWN_TABLE, UNKNOWN_DATABASE):
        return Unreachable(f"database {settings.database} is not prepared: run `throughline migrate`")
    return RuntimeError(f"ClickHouse at {_place(settings)} fails with code {error.code}")


def _place(settings: Settings) -> str:
    return f"{settings.clickhouse_host}:{settings.clickhouse_port}"
