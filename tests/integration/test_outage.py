"""ClickHouse away for a while: stitching and alerting go on, landing catches up, nothing is lost or doubled."""

import time

from deploy.local.database import Database
from tests.fixtures.pipeline import PATIENCE_S, Pipeline
from tests.fixtures.told import told
from tests.fixtures.touchpoints import DAY_MS, Record, touch
from tests.fixtures.views import doubles

AWAY_S = 20.0
COUNT = 1_000


def _orders(prefix: str, day_ms: int) -> list[Record]:
    due = {"due": day_ms + DAY_MS}
    return [touch("order.purchased", day_ms + n, {"order": f"{prefix}{n}", "customer": f"c{n}"}, due) for n in range(COUNT)]


def test_landing_catches_up_when_the_database_has_been_away(held: Pipeline, clickhouse: Database, day_ms: int) -> None:
    held.send(_orders("away-before-", day_ms))
    held.say(day_ms + 2 * DAY_MS)  # so that it is killed while rows land
    clickhouse.kill()
    until = time.monotonic() + AWAY_S
    held.send(_orders("away-during-", day_ms))
    held.say(day_ms + 3 * DAY_MS)
    patience = time.monotonic() + PATIENCE_S
    while len({row["instance"] for row in told(held, "away-")}) < 2 * COUNT:
        held.check()
        assert time.monotonic() < patience, "nobody was told while the database was away"
        time.sleep(0.5)
    time.sleep(max(0.0, until - time.monotonic()))
    clickhouse.start()
    held.landed(day_ms + 3 * DAY_MS)
    for view in ("v_journeys", "v_breakages", "v_promises"):
        counted = held.query(f"SELECT count(), uniqExact(instance) FROM {view} WHERE startsWith(instance, 'away-')")
        assert counted == [(2 * COUNT, 2 * COUNT)], view
    assert held.query("SELECT count() FROM v_touchpoints WHERE startsWith(address_value, 'away-')") == [(2 * COUNT,)]
    assert doubles(held.client) == []
