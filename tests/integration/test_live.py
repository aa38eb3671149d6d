"""The live clock: it follows the touchpoints, and wall time where none come."""

import time
from collections.abc import Iterator

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, touch
from tests.integration.definitions import ORDER, bundle

LATENESS_S = 1.0
CASE = """
journey: service_case
version: 1
instance: case
opens: case.opened
breakages:
  unanswered: {absence: {after: case.opened, of: case.answered, within: 4s}}
"""


@pytest.fixture(scope="module")
def live(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("live"))
    pipeline = made(bundle(ORDER, CASE), clock="live", allowed_lateness_s=LATENESS_S)
    worker = pipeline.start()
    worker.says('"event": "restored"')
    yield pipeline
    made.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_an_absence_fires_by_the_passing_of_time_alone(live: Pipeline) -> None:
    """No touchpoint comes after the question, and it is not told before the clock is past the deadline."""
    asked_ms = _now_ms()
    live.send([
        touch("case.opened", asked_ms, {"case": "open", "customer": "a"}),
        touch("case.opened", asked_ms, {"case": "answered", "customer": "b"}),
        touch("case.answered", asked_ms + 1, {"case": "answered"}),
    ])  # fmt: skip
    live.eventually("SELECT instance, rule, state FROM v_breakages", [("open", "unanswered", "open")])
    shown = live.query("SELECT toUnixTimestamp64Milli(broken_at), toUnixTimestamp64Milli(detected_at) FROM v_breakages")
    ((broken_ms, detected_ms),) = shown
    assert broken_ms == asked_ms + 4_000
    assert detected_ms > broken_ms + LATENESS_S * 1_000
    assert live.query("SELECT count() FROM breakages WHERE instance = 'answered'") == [(0,)]


def test_an_as_of_is_refused(live: Pipeline) -> None:
    """By the command at once; a record that somebody sends all the same is rejected, and moves no clock."""
    live.command("settle", "--as-of", "2030-01-01", code=3)
    live.say(_now_ms() + 100 * DAY_MS)
    refused = "SELECT reason, count() FROM v_rejected GROUP BY reason"
    live.eventually(refused, [("misplaced_as_of", live.settings.source_partitions)])
    assert live.query("SELECT count() FROM clocks WHERE clock_ms > %(now)s", now=_now_ms()) == [(0,)]


def test_history_is_never_too_late_and_what_breaks_in_it_is_backfilled(live: Pipeline) -> None:
    """Two years ago, loaded under a name into a pipeline that runs; the same without a name lands and changes nothing."""
    then_ms = _now_ms() - 730 * DAY_MS
    live.eventually("SELECT count() FROM v_clocks WHERE complete AND clock_at > now() - 60", [(5,)])
    due = {"due": then_ms + DAY_MS}
    live.send([touch("order.purchased", then_ms, {"order": "history", "customer": "c"}, due)], load="first")
    live.send([touch("order.purchased", then_ms, {"order": "stray", "customer": "c"}, due)])
    live.eventually("SELECT instance, backfilled FROM v_breakages WHERE rule = 'late'", [("history", True)])
    live.eventually("SELECT count() FROM v_touchpoints WHERE action = 'order.purchased'", [(2,)])
    live.eventually("SELECT instance FROM v_journeys WHERE definition = 'order'", [("history",)])  # may be missing for a moment
    assert live.query("SELECT load FROM v_touchpoints WHERE address_value = 'history'") == [("first",)]
