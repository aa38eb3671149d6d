"""Pages answer for the loop that works: it does not turn, it does not answer; it is not ready, it says why."""

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from streams.agents.lag import SILENT_S, Lag
from streams.health import CannotServe, bind, pages, port_of
from streams.metrics import probe as probing
from streams.metrics.exposition import Exposition
from streams.metrics.metric import Reading
from streams.metrics.probe import Probe
from streams.metrics.table import WAITING
from streams.settings import Settings
from tests.metrics.pages import fetch, free_ports, total, verdict


class Working:
    """Stands for an agent."""

    why = ""

    def readings(self) -> Iterable[Reading]:
        return [WAITING.at(7)]

    def trouble(self) -> str:
        return self.why


class Served:
    """A loop on a thread of its own, and its pages."""

    def __init__(self) -> None:
        self.working, self.loop, self.port = Working(), asyncio.new_event_loop(), free_ports()
        self.probe = Probe(self.loop, self.working)
        exposition = Exposition("land", {"agent": "land", "namespace": "n"}, self.probe.readings)
        self._server = bind("127.0.0.1", self.port, pages(self.probe, exposition))
        self._threads = [threading.Thread(target=self._server.serve_forever), threading.Thread(target=self.loop.run_forever)]
        self._threads[0].start()

    def begin(self) -> None:
        self._threads[1].start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.probe.close()
        if self._threads[1].is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._threads[1].join()
        self.loop.close()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.close()


def test_before_it_begins_it_is_well_and_not_ready(served: Served) -> None:
    assert verdict(served.port, "/healthz") == (200, "")
    assert verdict(served.port, "/readyz") == (503, "starting")


def test_ready_says_what_is_wrong(served: Served) -> None:
    served.begin()
    assert verdict(served.port, "/readyz") == (200, "")
    served.working.why = "waiting for partitions"
    assert verdict(served.port, "/readyz") == (503, "waiting for partitions")
    assert verdict(served.port, "/healthz") == (200, "")


def test_a_loop_that_stands_is_sick_and_still_shows_what_was_counted(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "LOOP_S", 0.2)
    served.begin()
    served.loop.call_soon_threadsafe(time.sleep, 1.5)
    assert verdict(served.port, "/healthz") == (503, "the event loop has not turned for 0.2 s")
    assert verdict(served.port, "/readyz") == (503, "the event loop has not turned for 0.2 s")
    text = fetch(served.port, "/metrics")[1]
    assert "throughline_waiting_rows" not in text
    assert "throughline_gc_seconds_total" in text
    time.sleep(1.5)
    assert verdict(served.port, "/healthz") == (200, "")
    assert total(fetch(served.port, "/metrics")[1], "throughline_waiting_rows") == 7


def test_only_these_pages_and_only_to_read(served: Served) -> None:
    assert fetch(served.port, "/")[0] == 404
    assert fetch(served.port, "/metrics/../debug")[0] == 404
    assert fetch(served.port, "/healthz?verbose=1")[0] == 200
    request = b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    assert b"501" in _raw(served.port, request).partition(b"\r\n")[0]


def test_the_server_tells_no_versions(served: Served) -> None:
    answer = _raw(served.port, b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"Python" not in answer
    assert answer.endswith(b"\r\n\r\n")


def _raw(port: int, request: bytes) -> bytes:
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4_096), b""))


def test_a_taken_port_is_named_with_its_setting(served: Served) -> None:
    with pytest.raises(CannotServe, match=rf"127\.0\.0\.1:{served.port} .*metrics_port"):
        bind("127.0.0.1", served.port, {})


def test_each_agent_has_the_next_port() -> None:
    settings = Settings(metrics_port=9_400)
    assert [port_of(settings, agent) for agent in ("intake", "identity", "stitch", "land")] == [9_400, 9_401, 9_402, 9_403]
    assert port_of(Settings(metrics_port=0), "land") == 0
    with pytest.raises(CannotServe, match="leaves none for land"):
        port_of(Settings(metrics_port=65_533), "land")


class Broker:
    """Stands for a consumer; does not answer while `away`."""

    away = False

    async def lag(self) -> dict[Any, int]:
        if self.away:
            raise ConnectionError
        return {}


def test_a_broker_that_does_not_answer_makes_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, now = Broker(), time.monotonic()
    lag = Lag(lambda: broker, {})  # type: ignore[arg-type, return-value]
    monkeypatch.setattr("streams.agents.lag.time.monotonic", lambda: now)
    asyncio.run(lag.ask())
    assert lag.trouble() == ""
    broker.away = True
    now += SILENT_S + 1
    with pytest.raises(ConnectionError):
        asyncio.run(lag.ask())
    assert lag.trouble() == "Kafka has not answered for 16 s"
    broker.away = False
    asyncio.run(lag.ask())
    assert lag.trouble() == ""
