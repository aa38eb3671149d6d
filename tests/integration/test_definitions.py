"""Definitions change while journeys run."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.publishing import MeaningChanged, apply_bundle
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, touch
from tests.integration.definitions import SECOND, bundle, tickets

SLOW = (
    "SELECT instance, definition_version, toUnixTimestamp64Milli(broken_at) FROM v_breakages WHERE rule = 'slow' ORDER BY instance"
)


def test_a_new_version_judges_only_journeys_that_opened_from_then_on(held: Pipeline, day_ms: int) -> None:
    """Version 1 allows 48 hours, version 2 from the second day on 24; what counts is the opening, not when it was heard of."""
    before, after = day_ms, day_ms + 36 * HOUR_MS
    held.send([touch("ticket.opened", before, {"ticket": "before", "customer": "t1"})])
    held.settle(day_ms + 12 * HOUR_MS)
    assert apply_bundle(held.settings, SECOND, day_ms + DAY_MS)
    assert not apply_bundle(held.settings, SECOND, day_ms + DAY_MS)
    held.send([
        touch("ticket.opened", before + HOUR_MS, {"ticket": "heard of later", "customer": "t2"}),
        touch("ticket.opened", after, {"ticket": "since", "customer": "t3"}),
    ])  # fmt: skip
    held.settle(day_ms + 47 * HOUR_MS)
    assert held.query(SLOW) == []
    held.settle(day_ms + 5 * DAY_MS)
    assert held.query(SLOW) == [
        ("before", 1, before + 48 * HOUR_MS),
        ("heard of later", 1, before + 49 * HOUR_MS),
        ("since", 2, after + 24 * HOUR_MS),
    ]


def test_a_version_keeps_its_meaning_and_all_journeys_can_be_judged_anew(pipelines: Pipelines, tmp_path: Path) -> None:
    """Neither an opening before nor one after the second version keeps a journey from being judged by the third."""
    pipeline = pipelines(bundle(tickets(1, "48h")))
    pipeline.start()
    start_ms, file = 1_700_000_000_000, tmp_path / "ticket.yaml"
    for name, hour in (("before", 0), ("since", 36)):
        pipeline.send([touch("ticket.opened", start_ms + hour * HOUR_MS, {"ticket": name, "customer": "c"})])
    pipeline.settle(start_ms + 47 * HOUR_MS)
    file.write_text(tickets(2, "24h"))
    since = datetime.fromtimestamp((start_ms + DAY_MS) / 1_000, UTC).isoformat()
    pipeline.command("journeys", "apply", file, "--effective-from", since)
    with pytest.raises(MeaningChanged, match="ticket: version 1 is published with another meaning"):
        apply_bundle(pipeline.settings, bundle(tickets(1, "1h")), start_ms)
    file.write_text(tickets(2, "1h"))
    pipeline.command("journeys", "apply", file, code=5)
    pipeline.command("journeys", "rejudge", file, code=5)
    pipeline.settle(start_ms + 100 * HOUR_MS)
    versions = "SELECT instance, definition_version FROM v_journeys ORDER BY instance"
    assert pipeline.query(versions) == [("before", 1), ("since", 2)]
    file.write_text(tickets(3, "1h"))
    pipeline.command("journeys", "rejudge", file)
    pipeline.settle(start_ms + 101 * HOUR_MS)
    assert pipeline.query(versions) == [("before", 3), ("since", 3)]
    assert pipeline.query(SLOW) == [("before", 3, start_ms + HOUR_MS), ("since", 3, start_ms + 37 * HOUR_MS)]
    first = tmp_path / "first.yaml"
    first.write_text(tickets(1, "48h"))
    as_of = datetime.fromtimestamp((start_ms + 50 * HOUR_MS) / 1_000, UTC).isoformat()
    found = json.loads(pipeline.command("journeys", "backtest", first, file, "--from", "clickhouse", "--as-of", as_of, "--json"))
    assert (found["touchpoints"], found["before"], found["after"], found["appeared"], found["changed"]) == (2, 1, 2, 1, 1)
