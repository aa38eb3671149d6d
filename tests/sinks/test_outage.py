"""The real engine killed while rows land: nothing is lost, nothing is there twice, and the figures a minute are right."""

import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from deploy.local.database import Database
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.minutes import ClickHouseMinutes
from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Backpressure
from tests.sinks.samples import HOUR_MS, batch, journey, person
from tests.sinks.test_minutes import COUNTED, MINUTE_MS, SHOWN

KILLS, ROWS = 3, 200


@pytest.fixture
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database of its own, that the test may kill."""
    database = Database(tmp_path_factory.mktemp("frail"), tethered=True).start()
    yield database
    database.kill()


def flush_until_landed(sink: ClickHouseSink, revive: Callable[[], None]) -> int:
    """-> how often it had to be tried again."""
    for attempt in range(100):
        try:
            sink.flush()
            return attempt
        except Backpressure:
            revive()
    raise AssertionError("it never landed")


def test_rows_land_once_although_the_server_is_killed_again_and_again(frail: Database) -> None:
    """Killed at random moments of an insert; the same sink goes on by itself when the server is back."""
    admin = connect(frail.host, frail.port, frail.user, frail.password, "default")
    migrate(admin, "outage")
    sink = ClickHouseSink(lambda: connect(frail.host, frail.port, frail.user, frail.password, "outage"))
    moments, retries, number = random.Random(5), 0, 0

    def revive() -> None:
        killer.join()  # two at once would wait for the end of what has just been started
        frail.daemon.kill()
        frail.start()

    for _ in range(KILLS):
        killer = threading.Timer(moments.uniform(0.05, 0.6), frail.kill)
        killer.start()
        while killer.is_alive():
            rows = [journey(f"o{number}-{n}", opened_at=1_700_000_000_000 + n * 9 * HOUR_MS, redirects=number) for n in range(ROWS)]
            sink.add(batch("journeys", *rows, first=number * ROWS))
            sink.add(batch("people", person(f"x{number}", number=number), first=number))
            retries += flush_until_landed(sink, revive)
            number += 1
        killer.join()
        if not frail.serves():
            revive()
    reader = connect(frail.host, frail.port, frail.user, frail.password, "outage")
    assert reader.execute("SELECT count(), uniqExact(instance) FROM v_journeys") == [(number * ROWS, number * ROWS)]
    touched = [(1_700_000_000_000 + n * 9 * HOUR_MS) // MINUTE_MS for n in range(ROWS)]
    assert ClickHouseMinutes(lambda: reader).recompute(touched, 1) == []
    assert reader.execute(SHOWN) == reader.execute(COUNTED)
    assert retries >= 1, "no kill met an insert"


def test_a_minute_without_the_server_loses_nothing_and_costs_no_reconnect_by_hand(frail: Database) -> None:
    """Down before anything was sent and in the middle: the sink keeps what was added, and its client finds the way back."""
    admin = connect(frail.host, frail.port, frail.user, frail.password, "default")
    migrate(admin, "outage")
    sink = ClickHouseSink(lambda: connect(frail.host, frail.port, frail.user, frail.password, "outage"))
    sink.add(batch("journeys", journey("o1")))
    sink.flush()
    frail.stop()
    sink.add(batch("journeys", journey("o2"), first=1))
    until = time.monotonic() + 3
    while time.monotonic() < until:
        with pytest.raises(Backpressure):
            sink.flush()
        time.sleep(0.2)
    frail.start()
    sink.flush()
    reader = connect(frail.host, frail.port, frail.user, frail.password, "outage")
    assert reader.execute("SELECT instance FROM v_journeys ORDER BY instance") == [("o1",), ("o2",)]
