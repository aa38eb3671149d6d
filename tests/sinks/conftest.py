from tests.sinks.databases import client, connected, database, sink

__all__ = ["client", "connected", "database", "sink"]
