"""A client of ClickHouse's native protocol, set up the way everything here needs it."""

from clickhouse_driver import Client

CONNECT_TIMEOUT_S = 5
SEND_RECEIVE_TIMEOUT_S = 120


def connect(host: str, port: int, user: str, password: str, database: str) -> Client:
    """Connects at its first query, and again by itself after a failure.  Frames are LZ4."""
    return Client(
        host=host, port=port, user=user, password=password, database=database, compression="lz4", client_name="throughline",
        connect_timeout=CONNECT_TIMEOUT_S, send_receive_timeout=SEND_RECEIVE_TIMEOUT_S, tcp_keepalive=True,
    )  # fmt: skip
