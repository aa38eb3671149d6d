"""The figures an hour equal a count over journeys and breakages: they are sums of the figures a minute."""

import random

from clickhouse_driver import Client

from tests.sinks.samples import HOUR_MS, batch, journey
from tests.sinks.test_minutes import Keeper, keeper, lives

__all__ = ["keeper"]
COUNTED = """
WITH toUnixTimestamp64Milli(at) AS at_ms
SELECT definition, region, channel, kind, name, at_ms - positiveModulo(at_ms, 3600000) AS hour, count() AS n
FROM
(
    SELECT definition, region, channel, 'opened' AS kind, '' AS name, opened_at AS at FROM v_journeys
    UNION ALL SELECT definition, region, channel, 'closed', outcome, assumeNotNull(closed_at) FROM v_journeys WHERE state = 'closed'
    UNION ALL SELECT definition, region, channel, 'broken', rule, broken_at FROM v_breakages
)
GROUP BY ALL ORDER BY ALL
"""
SHOWN = """
SELECT definition, region, channel, kind, name, toUnixTimestamp64Milli(hour) AS hour, n FROM v_journey_hours ORDER BY ALL
"""


def test_the_figures_equal_a_count_of_what_stands(client: Client, keeper: Keeper) -> None:
    """Also before 1970."""
    rows = lives(random.Random(1), 60)
    rows += [("journeys", journey(f"far{n}", opened_at=-90_001 - n * HOUR_MS)) for n in range(3)]
    keeper.land(*(batch(table, row, first=n) for n, (table, row) in enumerate(rows)))
    counted = client.execute(COUNTED)
    assert len(counted) > 10
    assert sum(hour < 0 for *_, hour, _ in counted) == 3
    assert client.execute(SHOWN) == counted
