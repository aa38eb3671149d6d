"""Views that follow from definitions, in the database."""

from sinks.clickhouse import wide
from streams.core.definition import Bundle
from streams.known import database
from streams.settings import Settings


def make_views(settings: Settings, bundle: Bundle) -> tuple[list[str], list[str]]:
    """One a definition, made or made anew.  -> names of the views; for definitions that get none, why.

    Raises what the database's client raises.
    """
    client = database(settings)
    try:
        return wide.replace(client, [each.definition for each in bundle.definitions])
    finally:
        client.disconnect()
