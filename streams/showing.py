"""Views that follow from definitions, in the database."""

from sinks.clickhouse import wide
from sinks.clickhouse.client import connect
from streams.core.definition import Bundle
from streams.settings import Settings


def make_views(settings: Settings, bundle: Bundle) -> tuple[list[str], list[str]]:
    """One a definition, made or made anew.  -> names of the views; for definitions that get none, why.

    Raises what the database's client raises.
    """
    client = connect(
        settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_user, settings.password, settings.database
    )
    try:
        return wide.replace(client, [each.definition for each in bundle.definitions])
    finally:
        client.disconnect()
