"""`throughline migrate`."""

import sys

import typer

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import MigrationError, migrate
from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.settings import load_settings


def register(app: typer.Typer) -> None:
    app.command("migrate")(bring_up_to_date)


def bring_up_to_date() -> None:
    """Bring the database's tables and views up to date; does nothing where they are."""
    settings = load_settings()
    with reaching(settings):
        client = connect(settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_user, settings.password, "default")
        try:
            applied = migrate(client, settings.database)
        except MigrationError as error:
            raise CheckFailed(str(error)) from None
        finally:
            client.disconnect()
    print(f"applied {', '.join(applied)}" if applied else "up to date", file=sys.stderr)
