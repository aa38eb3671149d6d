"""What the settings name, opened: the identifier types, a client of the database."""

from typing import TYPE_CHECKING

from streams.core.identifiers import Identifiers, IdentityError, load_identifiers
from streams.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    from clickhouse_driver import Client


def known_identifiers(settings: Settings) -> Identifiers:
    """Raises ConfigurationError."""
    try:
        return load_identifiers(settings.identity, settings.secret)
    except IdentityError as error:
        raise ConfigurationError(str(error)) from None


def database(settings: Settings) -> "Client":
    """It connects at its first query."""
    from sinks.clickhouse.client import connect  # a command that reaches nothing starts without it

    host, port, user = settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_user
    return connect(host, port, user, settings.password, settings.database)
