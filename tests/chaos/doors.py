"""What stands between workers and the servers that they speak to: gates of our own, or toxiproxy, which others wrote."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from deploy.local.ports import LOOPBACK, free_ports
from tests.sinks.gate import Gate

BINARIES = ("toxiproxy-server", ".throughline/toxiproxy/server")  # on the path, or where `make toxiproxy` puts it
DIRECTIONS = ("upstream", "downstream")
RESET_S = 0.5  # a connection is reset by what it passes next
READY_S = 10.0
Kind = Literal["own", "toxiproxy"]


class Door(Protocol):
    """Connections to `port` of the loopback go to a server; it starts open."""

    port: int

    def open(self) -> None: ...
    def shut(self) -> None:
        """Connections break, and new ones are refused."""

    def reset(self) -> None:
        """Connections break; new ones come through."""

    def slow(self, delay_s: float) -> None:
        """So much longer each way; 0: as fast as it goes."""

    def stall(self) -> None:
        """Connections stand, and nothing comes through, until `flow`."""

    def flow(self) -> None: ...
    def close(self) -> None: ...


class Doors(Protocol):
    def __call__(self, target: tuple[str, int]) -> Door: ...


class Missing(Exception):
    """toxiproxy is not here; the text says how to have it."""


@contextmanager
def doors(kind: Kind) -> Iterator[Doors]:
    """Raises Missing."""
    if kind == "own":
        yield Gate
        return
    (port,) = free_ports(1)
    command = [toxiproxy(), "-host", LOOPBACK, "-port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(port)
            yield lambda target: ToxicDoor(port, target)
        finally:
            process.terminate()


def toxiproxy() -> str:
    """Its server's binary.  Raises Missing."""
    found = next(filter(None, map(shutil.which, (BINARIES[0], str(Path(__file__).parents[2] / BINARIES[1])))), None)
    if found is None:
        raise Missing(f"no {BINARIES[0]} on the path: `make toxiproxy` builds one, which takes Go")
    return os.fspath(found)


class ToxicDoor:
    """A proxy of a running toxiproxy.  What it stalls is lost, and its connections break when it flows again."""

    def __init__(self, api: int, target: tuple[str, int]) -> None:
        (self.port,) = free_ports(1)
        self._api, self._name = api, f"to-{target[1]}"
        listen, upstream = f"{LOOPBACK}:{self.port}", f"{target[0]}:{target[1]}"
        self._ask("POST", "/proxies", {"name": self._name, "listen": listen, "upstream": upstream, "enabled": True})

    def open(self) -> None:
        self._ask("POST", self._path(), {"enabled": True})

    def shut(self) -> None:
        self._ask("POST", self._path(), {"enabled": False})

    def reset(self) -> None:
        self._poison("reset_peer", timeout=0)
        time.sleep(RESET_S)
        self._cure("reset_peer")

    def slow(self, delay_s: float) -> None:
        if delay_s:
            self._poison("latency", latency=round(delay_s * 1_000))
        else:
            self._cure("latency")

    def stall(self) -> None:
        self._poison("timeout", timeout=0)

    def flow(self) -> None:
        self._cure("timeout")

    def close(self) -> None:
        self._ask("DELETE", self._path())

    def _poison(self, kind: str, **attributes: int) -> None:
        for stream in DIRECTIONS:
            toxic = {"name": f"{kind}-{stream}", "type": kind, "stream": stream, "attributes": attributes}
            self._ask("POST", f"{self._path()}/toxics", toxic)

    def _cure(self, kind: str) -> None:
        for stream in DIRECTIONS:
            self._ask("DELETE", f"{self._path()}/toxics/{kind}-{stream}")

    def _path(self) -> str:
        return f"/proxies/{self._name}"

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> None:
        """Raises HTTPError where it refuses."""
        data = None if content is None else json.dumps(content).encode()
        url = f"http://{LOOPBACK}:{self._api}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=READY_S) as answer:
            answer.read()


def _await(port: int) -> None:
    until_s = time.monotonic() + READY_S
    while True:
        try:
            return socket.create_connection((LOOPBACK, port), 1.0).close()
        except OSError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.05)
