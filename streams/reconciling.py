"""Is every record of the input topic accounted for?  Asked twice, so that what is on its way is not taken for lost."""

import time
from datetime import datetime
from typing import NamedTuple

from clickhouse_driver import Client

POLL_S = 0.5
DAYS = """
SELECT day, partition, received, landed, duplicates, rejected, dropped, erased, as_of, missing, skipped
FROM v_reconciliation WHERE day >= %(since)s ORDER BY day, partition
"""
READ = (
    "SELECT day, partition, bitmapMax(received_set) FROM offset_sets WHERE bitmapCardinality(received_set) > 0 AND day >= %(since)s"
)
LACKING = """
SELECT bitmapCardinality(bitmapSubsetInRange(bitmapAndnot(received_set, known_set), toUInt64(0), toUInt64(%(end)s)))
FROM offset_sets WHERE day = %(day)s AND partition = %(partition)s
"""


class Day(NamedTuple):
    """A row of `v_reconciliation`."""

    day: datetime
    partition: int
    received: int
    landed: int
    duplicates: int
    rejected: int
    dropped: int
    erased: int
    as_of: int
    missing: int
    skipped: int


def reconcile(client: Client, since: datetime, patience_s: float) -> list[Day]:
    """Days from `since` on.  `missing` counts what intake had read when this began and what has not landed after `patience_s`."""
    read = {(day, partition): last for day, partition, last in client.execute(READ, {"since": since.date()})}
    until_s = time.monotonic() + patience_s
    while (lost := _lost(client, read)) and time.monotonic() < until_s:
        time.sleep(POLL_S)
    days = [Day(*row) for row in client.execute(DAYS, {"since": since})]
    return [each._replace(missing=lost.get((each.day.date(), each.partition), 0)) for each in days]


def _lost(client: Client, read: dict[tuple[object, int], int]) -> dict[tuple[object, int], int]:
    found: dict[tuple[object, int], int] = {}
    for (day, partition), last in read.items():
        ((lacking,),) = client.execute(LACKING, {"day": day, "partition": partition, "end": last + 1}) or ((0,),)
        if lacking:
            found[day, partition] = lacking
    return found
