"""`throughline verify`: empty after whatever the pipeline went through, and not blind to anything."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams import verifying
from streams.core.definition import bundle_of
from streams.metrics.table import TABLE
from streams.publishing import apply_bundle
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, shop
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, MINUTE_MS, touch
from tests.metrics.pages import samples

COUNT = 1_200
BEGIN_MS = START_MS - 10 * DAY_MS
END_MS = START_MS + SPAN_MS + 120 * DAY_MS
ORDER = """
journey: order
version: VERSION
instance: order
opens: order.purchased
closes: {delivered: order.delivered, cancelled: order.cancelled}
expires: 90d
stages: {delivery: {from: order.purchased, to: order.delivered}}
keeps:
  value: {of: order.purchased, value: attributes.amount, take: sum}
  failed: {of: payment.failed, take: count}
promises:
  delivery: {made_by: order.purchased, revised_by: order.rescheduled, due: attributes.estimated_delivery_at,
             kept_by: order.delivered}
breakages:
  late: {promise: {of: delivery, when: [kept_late, overdue]}}
  unpaid: {absence: {after: payment.failed, of: payment.succeeded, within: WITHIN, waits: each}, per: occurrence}
  never: {absence: {after: order.purchased, of: order.delivered, within: journey}}
  second: {count: {over: journeys, at_least: 2, within: 30d}, scope: person, per: occurrence}
"""
CASE = """
journey: service_case
version: 1
instance: case
opens: case.opened
closes: {closed: case.closed}
breakages:
  unanswered: {absence: {after: {action: chat.message, direction: inbound}, of: {action: chat.message, direction: outbound},
                         within: 24h, waits: each}, per: occurrence}
  soon_again: {sequence: {over: journeys, gap: {from: closed, to: opened, at_most: 20d}}, scope: person, per: person}
"""
VISIT = """
journey: visit
version: 1
instance: {episode: {gap: 3d, by: channel}}
opens: "*"
keeps: {moments: {of: "*", take: count}}
breakages:
  troubled: {count: {of: [payment.failed, case.opened], at_least: 2}}
  after_break: {absence: {after: {breaks: order.late}, of: mail.sent, within: 2d, waits: each}, scope: person, per: occurrence}
"""
LIFE = """
journey: life
version: 1
instance: person
opens: [order.purchased, case.opened]
breakages:
  again: {sequence: {steps: [order.cancelled, order.purchased], within: 30d}, per: occurrence}
"""


def definitions(version: int, within: str) -> Any:
    order = ORDER.replace("VERSION", str(version)).replace("WITHIN", within)
    return bundle_of((f"{number}.yaml", text) for number, text in enumerate((order, CASE, VISIT, LIFE)))


def everything(pipeline: Pipeline) -> None:
    """Owners that turn up later, late, too late, repeated, conflicting and loaded touchpoints, another version, closed books."""
    records = [record for _, record in shop(11, COUNT)]
    third = len(records) // 3
    pipeline.send(records[:third])
    pipeline.settle(BEGIN_MS)
    pipeline.send(records[third : 2 * third] + records[third // 2 : third])
    pipeline.send(records[2 * third : 2 * third + 200], load="history")
    pipeline.settle(START_MS + SPAN_MS // 2)
    assert apply_bundle(pipeline.settings, definitions(2, "12h"), START_MS + SPAN_MS // 3)
    pipeline.send(records[2 * third :])
    bought = {"order": "awkward", "customer": "c1"}
    due = {"estimated_delivery_at": START_MS + DAY_MS, "amount": 3.0}
    live_and_loaded = touch("order.purchased", START_MS + SPAN_MS // 2 - HOUR_MS, bought, due)
    pipeline.send([live_and_loaded])
    pipeline.settle(END_MS - DAY_MS)
    pipeline.send([live_and_loaded], load="history")
    failed = touch("payment.failed", END_MS - 2 * DAY_MS, {"order": "awkward"})
    pipeline.send([failed, {**failed, "team": "other"}, touch("order.delivered", START_MS + MINUTE_MS, {"order": "awkward"})])
    pipeline.send(
        [touch("mail.received", START_MS, {"order": f"o{n}", "customer": f"late{n}"}) for n in range(1, 40)], load="owners"
    )
    pipeline.settle(END_MS, final=True)


@pytest.fixture(scope="module")
def shopped(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("verify"))
    pipeline = made(definitions(1, "48h"))
    pipeline.start()
    everything(pipeline)
    yield pipeline
    made.close()


def verified(pipeline: Pipeline, *options: str | Path, code: int = 0) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(pipeline.command("verify", "--json", *options, code=code))
    return told


def test_there_is_something_of_everything_to_verify(shopped: Pipeline) -> None:
    """Otherwise the tests below would show nothing."""
    query = shopped.query
    assert {version for (version,) in query("SELECT DISTINCT definition_version FROM v_journeys WHERE definition = 'order'")} == {
        1,
        2,
    }
    assert query("SELECT countIf(backfilled) > 0, countIf(NOT backfilled) > 0 FROM v_journeys") == [(1, 1)]
    assert query("SELECT countIf(too_late) > 0, countIf(load != '') > 0, countIf(late_s > 0) > 0 FROM v_touchpoints") == [(1, 1, 1)]
    assert query("SELECT count() > 0 FROM journeys FINAL WHERE state = 'moved'") == [(1,)]
    rules = {f"{definition}.{rule}" for definition, rule in query("SELECT DISTINCT definition, rule FROM v_breakages")}
    assert rules >= {
        "order.late", "order.unpaid", "order.never", "order.second", "service_case.unanswered", "service_case.soon_again",
        "visit.after_break",
    }  # fmt: skip


@pytest.mark.parametrize("parts", ["1", "3"])
def test_nothing_differs_after_all_of_this(shopped: Pipeline, parts: str) -> None:
    told = verified(shopped, "--parts", parts)
    ((journeys, breakages),) = shopped.query("SELECT (SELECT count() FROM v_journeys), (SELECT count() FROM v_breakages)")
    assert (told["differences"], told["first"], told["settled"], told["set_aside"]) == (0, [], True, 0)
    assert told["touchpoints"] == shopped.query("SELECT count() FROM v_touchpoints WHERE NOT too_late")[0][0]
    assert told["rows"] == {"journeys": journeys, "breakages": breakages}  # and not what went to another person
    assert breakages > 0


SAME = "SELECT * REPLACE ({changed}) FROM {table} FINAL WHERE {which} LIMIT 1"
STANDS = "state NOT IN ('moved', 'withdrawn') AND definition = '{definition}'"
TAMPERING = {  # what is done to a row of (table, definition) -> the kind of difference, and its column
    "a journey that went": ("journeys", "order", "'moved' AS state, version + 1 AS version", "missing", ""),
    "a breakage that went": ("breakages", "order", "'withdrawn' AS state, version + 1 AS version", "missing", ""),
    "an episode that came": ("journeys", "visit", "concat(instance, '!') AS instance", "extra", ""),
    "a breakage that came": ("breakages", "service_case", "concat(occurrence, '!') AS occurrence", "extra", ""),
    "a breakage of a stranger": ("breakages", "order", "'somebody' AS person_id", "extra", ""),
    "an outcome": ("journeys", "order", "'lost' AS outcome, version + 1 AS version", "different", "outcome"),
    "a time": ("journeys", "life", "opened_at + 1 AS opened_at, version + 1 AS version", "different", "opened_at"),
    "a fact": ("journeys", "visit", "[('moments', '1.0')] AS facts, version + 1 AS version", "different", "facts"),
    "evidence": ("breakages", "order", "arraySlice(evidence, 2) AS evidence, version + 1 AS version", "different", "evidence"),
    "a severity": ("breakages", "service_case", "'info' AS severity, version + 1 AS version", "different", "severity"),
    "what it is about": ("journeys", "order", "person_id AS address_id, version + 1 AS version", "different", "address_id"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERING)
def test_what_somebody_did_to_the_tables_is_found_and_named(shopped: Pipeline, what: str) -> None:
    """One difference, so what the test before did was put right again: by a row that is newer still or that goes."""
    table, definition, changed, kind, column = TAMPERING[what]
    stands = STANDS.format(definition=definition)
    names = "definition, instance, person_id" if table == "journeys" else "definition, rule, instance, occurrence, person_id"
    columns = [name for name, *_ in shopped.query(f"DESCRIBE {table}") if not name.endswith("_json")]
    listed = ", ".join(f"`{name}`" for name in columns)
    shopped.query(f"CREATE OR REPLACE TABLE kept ENGINE = Memory AS SELECT {listed} FROM {table} FINAL WHERE {stands} LIMIT 1")
    shopped.query(f"CREATE OR REPLACE TABLE changed ENGINE = Memory AS SELECT * REPLACE ({changed}) FROM kept")
    shopped.query(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM changed")
    told = verified(shopped, code=5)
    strange = f"({names}) NOT IN (SELECT {names} FROM kept)"
    gone = f"SELECT * REPLACE ('moved' AS state, version + 2 AS version) FROM changed WHERE {strange}"
    shopped.query(f"INSERT INTO {table} ({listed}) {gone}")
    shopped.query(f"INSERT INTO {table} ({listed}) SELECT * REPLACE (version + 3 AS version) FROM kept")
    assert told["differences"] == 1
    (first,) = told["first"]
    assert (first["table"], first["definition"], first["kind"]) == (table, definition, kind)
    assert list(first["columns"]) == ([column] if column else [])


def test_a_row_that_was_deleted_is_missed(shopped: Pipeline, tmp_path: Path) -> None:
    """And counted in the file of metrics, which has what the table says, and every definition at 0."""
    which = "rule = 'late' AND " + STANDS.format(definition="order")
    shopped.query(f"CREATE OR REPLACE TABLE kept ENGINE = Memory AS SELECT * FROM breakages FINAL WHERE {which} LIMIT 1")
    key = "(definition, rule, instance, occurrence, person_id)"
    shopped.query(f"DELETE FROM breakages WHERE {key} IN (SELECT {key} FROM kept)")
    file = tmp_path / "verify.prom"
    told = verified(shopped, "--metrics", file, code=5)
    assert [(each["rule"], each["kind"], each["count"]) for each in told["counts"]] == [("late", "missing", 1)]
    assert " 1 " in " ".join(shopped.command("verify", code=5).split())
    found = list(samples(file.read_text()))
    assert {name for name, *_ in found} == {metric.name for metric in TABLE if metric.agents == ("verify",)}
    assert all(labels["agent"] == "verify" and labels["namespace"] == shopped.settings.namespace for _, labels, _ in found)
    counts = {(its["definition"], its["kind"]): value for name, its, value in found if name == "throughline_verify_differences"}
    assert counts.pop(("order", "missing")) == 1
    assert len(counts) == 3 * 5 - 1
    assert set(counts.values()) == {0}
    shopped.query("INSERT INTO breakages SELECT * FROM kept")
    verified(shopped, "--metrics", file)
    assert all(value == 0 for name, _, value in samples(file.read_text()) if name == "throughline_verify_differences")


def test_a_touchpoint_on_its_way_is_no_difference(shopped: Pipeline) -> None:
    """Behind the last clock: what it changes may not have landed.  People whom it does not concern are compared all the same."""
    shopped.query(
        "CREATE OR REPLACE TABLE kept ENGINE = Memory AS SELECT * FROM touchpoints WHERE action = 'order.purchased' LIMIT 1"
    )
    shopped.query("INSERT INTO touchpoints SELECT * REPLACE ('on its way' AS event_id, now64(3) AS landed_at) FROM kept")
    told = verified(shopped)
    assert (told["settled"], told["set_aside"], told["differences"]) == (False, 1, 0)
    shopped.query("DELETE FROM touchpoints WHERE event_id = 'on its way'")
    assert verified(shopped)["settled"]


def test_a_pipeline_that_never_rests_is_compared_but_for_what_is_on_its_way(
    pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While deadlines pass, owners change and touchpoints land: nothing false is found, and what is wrong since a while is."""
    margin_s = 10  # a machine with other work to do may keep a row waiting for seconds
    monkeypatch.setattr(verifying, "MARGIN_MS", margin_s * 1_000)
    live = pipelines(definitions(1, "2s"), clock="live", allowed_lateness_s=0.5)
    live.start().says('"event": "restored"')
    ended = threading.Event()

    def traffic() -> None:
        for turn in count():
            now_ms, order = time.time_ns() // 1_000_000, {"order": f"o{turn}"}
            live.send([touch("order.purchased", now_ms, order, {"estimated_delivery_at": now_ms + 3_000, "amount": 1.5})])
            live.send([touch("payment.failed", now_ms + 1, {**order, "customer": f"c{turn if turn % 3 else 0}"})])
            if ended.wait(0.05):
                return

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(traffic)
        live.eventually("SELECT count() FROM v_breakages WHERE rule = 'unpaid' AND instance = 'o1'", [(1,)])
        time.sleep(margin_s + 2)
        found = [verifying.verify(live.settings) for _ in range(3)]
        live.query(
            "INSERT INTO breakages SELECT * REPLACE ('info' AS severity, version + 1 AS version) FROM breakages FINAL "
            "WHERE rule = 'unpaid' AND instance = 'o1' AND state = 'open'"
        )
        tampered = verifying.verify(live.settings)
        ended.set()
        sending.result()
    assert [(each.counts, each.as_of.settled) for each in found] == [({}, False)] * 3
    assert found[-1].rows["breakages"] > 5
    assert tampered.counts == {("breakages", "order", "unpaid", "different"): 1}


def test_without_a_clock_or_definitions_or_a_database_it_says_what_is_lacking(pipelines: Pipelines, tmp_path: Path) -> None:
    empty = pipelines(None)
    empty.command("verify", code=4)
    assert apply_bundle(empty.settings, definitions(1, "48h"), 0)
    empty.command("verify", code=5)
    away = empty.settings.model_copy(update={"clickhouse_port": 1})
    empty.settings = away
    empty.command("verify", code=4)
    empty.command("verify", "--metrics", tmp_path / "nowhere" / "file", code=4)
