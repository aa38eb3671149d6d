"""What became of every record: exact, whatever is told twice, in other pieces, late, or never."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from clickhouse_driver import Client

from sinks.clickhouse.sink import ClickHouseSink
from sinks.contract import Batch, OffsetsRow
from tests.sinks.databases import land
from tests.sinks.samples import AT, DAY_MS, batch, rejected, touchpoint

FATES = ("landed", "duplicates", "rejected", "dropped", "as_of", "missing")
SHOWN = "toUnixTimestamp64Milli(day), partition, received, landed, duplicates, rejected, dropped, erased, as_of, missing, skipped"


def day_of(offset: int) -> int:
    """Offsets from 60 on were stored on the second day."""
    return AT // DAY_MS * DAY_MS + (offset >= 60) * DAY_MS


def told(kind: str, partition: int, first: int, last: int, at: int) -> list[OffsetsRow]:
    cuts = [(first, min(last, 59)), (max(first, 60), last)]
    return [OffsetsRow(day_of(begin), partition, kind, begin, end, AT + at) for begin, end in cuts if begin <= end]


def rows_of(fates: list[str], partition: int) -> list[Batch]:
    """What lands of one partition; a duplicate is a copy of the last touchpoint before it."""
    batches, event = list[Batch](), -1
    for offset, fate in enumerate(fates):
        stored = {"received_at": day_of(offset) + offset, "partition": partition, "offset": offset}
        if fate in ("landed", "duplicates"):
            event = offset if fate == "landed" else event
            source = f"source {event % 3}"
            row = touchpoint(f"{partition}/{event}", source=source, **stored)
            batches.append(batch("touchpoints", row, first=offset, partition=partition))
        elif fate == "rejected":
            batches.append(batch("rejected_touchpoints", rejected(**stored)))
        elif fate != "missing":
            batches.append(batch("received_offsets", *told(fate, partition, offset, offset, 0)))
    return batches


@pytest.mark.parametrize("seed", range(3))
def test_a_day_is_told_as_it_was(client: Client, sink: ClickHouseSink, seed: int) -> None:
    """Two partitions over two days; intake read in batches, and read some of them once more, cut otherwise."""
    client.execute("TRUNCATE TABLE touchpoints")
    client.execute("TRUNCATE TABLE rejected_touchpoints")
    client.execute("TRUNCATE TABLE received_offsets")
    client.execute("TRUNCATE TABLE offset_accounts")
    draw = random.Random(seed)
    expected, batches = [], list[Batch]()
    for partition in range(2):
        fates = ["landed", *draw.choices(FATES, k=99)]
        fates[60] = "landed"  # so that no duplicate is of another day than what it repeats
        batches += rows_of(fates, partition)
        for at in range(6):
            cuts = sorted({0, 100, *(draw.randrange(100) for _ in range(5))})
            for first, end in pairwise(cuts):
                if at == 0 or draw.random() < 0.5:
                    batches.append(batch("received_offsets", *told("received", partition, first, end - 1, at)))
        for first, last in ((0, 59), (60, 99)):
            count = Counter(fates[first : last + 1])
            became = [count[each] for each in FATES]
            expected.append((day_of(first), partition, last + 1 - first, *became[:4], 0, *became[4:], 0))
    draw.shuffle(batches)
    for each in batches:
        land(sink, each)
    land(sink, *draw.sample(batches, 50))
    assert client.execute(f"SELECT {SHOWN} FROM v_reconciliation ORDER BY day, partition") == sorted(expected)
    sums = client.execute("SELECT sum(landed), sum(duplicates), sum(accepted) FROM v_reconciliation_sources")
    assert sums == [(sum(e[3] for e in expected), sum(e[4] for e in expected), sum(e[3] + e[4] for e in expected))]


def test_what_intake_never_saw_is_skipped(client: Client, sink: ClickHouseSink) -> None:
    """In the middle of a day, and between two days."""
    client.execute("TRUNCATE TABLE received_offsets")
    client.execute("TRUNCATE TABLE offset_accounts")
    for first, last in ((10, 19), (25, 49), (70, 80)):
        land(sink, batch("received_offsets", *told("received", 0, first, last, 0)))
    assert client.execute("SELECT received, skipped FROM v_reconciliation ORDER BY day") == [(35, 5), (11, 20)]
