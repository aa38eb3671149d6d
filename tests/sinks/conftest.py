from tests.sinks.databases import admin, client, connected, database, migrated, own_database, sink, unborn

__all__ = ["admin", "client", "connected", "database", "migrated", "own_database", "sink", "unborn"]
