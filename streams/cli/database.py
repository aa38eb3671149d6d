"""`throughline migrate`."""

import sys

import typer

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import MigrationError, migrate
from sinks.clickhouse.retention import keep
from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.settings import load_settings


def register(app: typer.Typer) -> None:
    app.command("migrate")(bring_up_to_date)


def bring_up_to_date() -> None:
    """Bring the database's tables and views up to date, and keep rows as long as `retention` says; does nothing where all is so."""
    settings = load_settings()
    with reaching(settings):
        client = connect(settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_user, settings.password, "default")
        try:
            applied = migrate(client, settings.database)
            kept = keep(client, settings.retention)
        except MigrationError as error:
            raise CheckFailed(str(error)) from None
        finally:
            client.disconnect()
    print(f"applied {', '.join(applied)}" if applied else "up to date", file=sys.stderr)
    if kept:
        print(f"rows are kept for another time now in {', '.join(kept)}", file=sys.stderr)
