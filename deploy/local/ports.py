"""TCP ports of the loopback: free ones, and who holds one that is taken."""

import random
import socket

import psutil

from deploy.local.errors import LocalStackError

LOOPBACK = "127.0.0.1"
# Below the ports that systems hand to outgoing connections: a client that keeps trying while the server is away could
# otherwise be given the server's own port, connect to itself, and keep the server from coming back.
_FREE = range(20_000, 30_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on."""
    found: list[int] = []
    for port in random.sample(_FREE, len(_FREE)):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise LocalStackError(f"no {count} free ports between {_FREE.start} and {_FREE.stop}: stop what listens there")


def require_free(port: int, what: str) -> None:
    """Raises LocalStackError when somebody listens on `port`; `what` is the setting that chose it."""
    if not is_free(port):
        raise LocalStackError(f"port {port} ({what}) is already in use{_holder(port)}: stop that, or set {what} to another port")


def answers(port: int) -> bool:
    """Whether a connection to `port` is accepted."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:  # macOS tells only root
        pass
    return ""
