"""Turn what dependencies raise into the sentence and exit code that a person at the command line gets."""

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_driver import errors
from kafka.errors import KafkaError

from streams.cli.errors import Unreachable
from streams.core.identifiers import IdentityError
from streams.settings import ConfigurationError, Settings
from streams.topics import BrokerUnreachable

UNKNOWN_TABLE, UNKNOWN_DATABASE, ACCESS_DENIED, AUTHENTICATION_FAILED = 60, 81, 497, 516


@contextmanager
def reaching(settings: Settings) -> Iterator[None]:
    """Raises Unreachable or ConfigurationError in place of what Kafka's and ClickHouse's clients raise."""
    try:
        yield
    except (BrokerUnreachable, LookupError) as error:
        raise Unreachable(str(error)) from None
    except IdentityError as error:
        raise ConfigurationError(f"identity: {error}") from None
    except KafkaError as error:
        raise Unreachable(f"Kafka at {settings.kafka_bootstrap}: {type(error).__name__}; is it up and reachable?") from None
    except errors.ServerException as error:
        raise _explained(settings, error) from None
    except (errors.NetworkError, OSError, EOFError) as error:
        raise Unreachable(
            f"ClickHouse at {_place(settings)} does not answer ({type(error).__name__}): start it or set clickhouse_host"
        ) from None


def _explained(settings: Settings, error: errors.ServerException) -> Exception:
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
