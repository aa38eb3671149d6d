"""A live clock over input that waited: unread for half an hour, stamped in the future, beyond the late horizon, of last year."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.core.intake import STAMPED
from streams.topology import AGENTS
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.told import told
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, MINUTE_MS
from tests.integration.cases import CASES, LATENESS_S, answered, asked, now_ms, tell_only
from tests.metrics.pages import fetch, free_ports, total

SOURCES, COUNT, UNREAD_MS = 3, 900, 30 * MINUTE_MS
SILENT_EVERY = 50
ROW = "SELECT too_late, late_s > 600 FROM v_touchpoints WHERE action = 'case.answered' AND address_value = %(name)s"
MAPPING = """
SELECT 'archive' AS source, id AS event_id, happened AS occurred_at, 'system' AS origin, what AS action, number AS identifier_case
FROM history ORDER BY happened
"""


@pytest.fixture(scope="module")
def unread(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """It starts when half an hour of cases lies on the input topic, questions and answers in different partitions."""
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("unread"))
    pipeline = made(
        CASES, clock="live", allowed_lateness_s=LATENESS_S, source_partitions=SOURCES, late_horizon_s=600.0, poll_records=100,
        future_stamps="clamped", metrics_port=free_ports(),
    )  # fmt: skip
    since_ms, step_ms = now_ms() - UNREAD_MS, UNREAD_MS // COUNT
    names = [f"unread-{number:04}" for number in range(COUNT)]
    for source in range(SOURCES):
        happened = [
            (at_ms, record)
            for number, name in enumerate(names)
            for at_ms, record, place in _case(number, name, since_ms + number * step_ms)
            if place == source
        ]
        pipeline.send([record for _, record in sorted(happened, key=lambda each: each[0])], partition=source)
    pipeline.start()
    yield pipeline
    made.close()


def _case(number: int, name: str, at_ms: int) -> list[tuple[int, dict[str, object], int]]:
    """(time, record, source partition) of a question and its answer, which some lack."""
    question = at_ms, asked(name, at_ms), number % SOURCES
    answer = at_ms + 1_500, answered(name, at_ms + 1_500), (number + 1) % SOURCES
    return [question] if number % SILENT_EVERY == 0 else [question, answer]


def _metric(pipeline: Pipeline, agent: str, name: str, **labels: str) -> float:
    port = pipeline.settings.metrics_port + [each.name for each in AGENTS].index(agent)
    return total(fetch(port, "/metrics")[1], name, **labels)


def test_half_an_hour_of_unread_input_makes_no_false_breakage(unread: Pipeline) -> None:
    tell_only(unread, "unread-", [f"unread-{number:04}" for number in range(0, COUNT, SILENT_EVERY)])
    assert unread.query("SELECT count(), countIf(late_s > 0) FROM v_touchpoints") == [(2 * COUNT - COUNT // SILENT_EVERY, 0)]


def test_beyond_the_late_horizon_it_lands_is_counted_and_withdraws_nothing(unread: Pipeline) -> None:
    """The first case of half an hour ago was answered in time, and that is heard only now."""
    first_ms = unread.query("SELECT toUnixTimestamp64Milli(opened_at) FROM v_journeys WHERE instance = 'unread-0000'")[0][0]
    before = told(unread)
    unread.send([answered("unread-0000", first_ms + 1)])
    unread.eventually(ROW, [(True, True)], name="unread-0000")
    _await_everything(unread)
    assert _metric(unread, "intake", "throughline_touchpoints_too_late_total") == 1
    assert told(unread) == before
    assert unread.query("SELECT touchpoints FROM v_journeys WHERE instance = 'unread-0000'") == [(1,)]


def test_a_clamped_stamp_happened_when_it_was_stored_and_says_what_it_was(unread: Pipeline) -> None:
    """Asked by a clock a year ahead, answered in another partition; the proof of one that nobody answers leads to what was said."""
    at_ms = now_ms() + 365 * DAY_MS
    unread.send([asked("clamped-0", at_ms), asked("clamped-silent", at_ms)], partition=0)
    unread.send([answered("clamped-0", at_ms + 1)], partition=1)
    tell_only(unread, "clamped-", ["clamped-silent"])
    assert _metric(unread, "intake", "throughline_touchpoints_clamped_total") == 3
    assert unread.query("SELECT count() FROM clocks WHERE clock_ms > %(now)s", now=now_ms()) == [(0,)]
    said = unread.query(f"""
        SELECT e.occurred_at = t.received_at, JSONExtractString(t.attributes, '{STAMPED}')
        FROM v_breakage_evidence AS e JOIN v_touchpoints AS t ON e.source = t.source AND e.event_id = t.event_id
        WHERE e.instance = 'clamped-silent'
    """)
    assert said == [(True, datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds"))]


def test_history_loaded_while_the_clock_is_live_is_marked_and_nobody_is_told_of_it_as_news(unread: Pipeline) -> None:
    """The alerts read `backfilled="no"` alone (tests/deploy/rules_test.yml): nothing is counted there."""
    then_ms = now_ms() - 365 * DAY_MS
    with open(unread.folder / "history.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "happened", "what", "number"])
        for number in range(20):
            at_ms = then_ms + number * HOUR_MS
            rows.writerow([f"q{number}", _iso(at_ms), "case.opened", f"history-{number:02}"])
            if number % 2:
                rows.writerow([f"a{number}", _iso(at_ms + 1_000), "case.answered", f"history-{number:02}"])
    (unread.folder / "history.sql").write_text(MAPPING, encoding="utf-8")
    news = {"backfilled": "no", "change": "opened"}
    before = _metric(unread, "stitch", "throughline_breakages_total", **news)
    unread.command("load", "--mapping", "history.sql", "--load", "last-year", "history.csv")
    broken = [(f"history-{number:02}", True) for number in range(0, 20, 2)]
    shown = "SELECT instance, backfilled FROM v_breakages WHERE startsWith(instance, 'history-') AND state = 'open' ORDER BY 1"
    unread.eventually("SELECT count() FROM v_touchpoints WHERE load = 'last-year' AND NOT too_late", [(30,)])
    unread.eventually(shown, broken)
    _await_everything(unread)
    assert unread.query(shown) == broken
    assert {row["backfilled"] for row in told(unread, "history-")} == {True}
    assert _metric(unread, "stitch", "throughline_breakages_total", **news) == before
    assert _metric(unread, "stitch", "throughline_breakages_total", backfilled="yes", change="opened") >= len(broken)


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds")


def _await_everything(pipeline: Pipeline) -> None:
    """Whatever follows from what was sent before has landed."""
    pipeline.eventually("SELECT count() FROM v_clocks WHERE complete AND clock_ms > %(ms)s", [(5,)], ms=now_ms())
