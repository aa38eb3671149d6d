"""What real agents emit on real traffic: the table and nothing else, the right numbers, and nothing personal."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.definitions import SHIPPED, load_bundle
from streams.metrics.metric import Metric
from streams.metrics.table import TABLE
from streams.topology import TOUCHPOINTS
from tests.fixtures.pipeline import PATIENCE_S, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, shop
from tests.fixtures.touchpoints import DAY_MS, Record, touch
from tests.metrics.pages import AGENTS, fetch, free_ports, samples, total, verdict
from tests.sinks.gate import Gate

COUNT = 3_000
MARK = "maria-7f3a"  # in every identifier, event id and broken record
BROKEN = (f"garbage {MARK}", f'{{"event_id": "{MARK}"}}', f'{{"origin": "{MARK}", "occurred_at": 1700000000000}}')
LINKED = [  # with one that links, and with one that never does
    touch("mail.received", START_MS, {"customer": f"{MARK}c1", "email": address}) for address in (f"{MARK}@a.b", f"test@{MARK}.b")
]
END_MS = START_MS + SPAN_MS + 30 * DAY_MS
BUNDLE = load_bundle([SHIPPED])
EVERYWHERE = {"agent", "namespace"}
each_agent = pytest.mark.parametrize("agent", AGENTS)


def personal(record: Record) -> Record:
    pairs = [{**pair, "value": f"{MARK}{pair['value']}"} for pair in record["identifiers"]]
    return {**record, "identifiers": pairs, "event_id": f"{MARK}{record['event_id']}", "team": MARK, "agent": MARK, "region": MARK}


class Run:
    """A worker that has taken everything in, and its pages."""

    def __init__(self, pipelines: Pipelines) -> None:
        self.port = free_ports()
        self.pipeline = pipelines(BUNDLE, metrics_port=self.port)
        self.worker = self.pipeline.start()
        self.pipeline.send(personal(record) for _, record in shop(3, COUNT))
        self.pipeline.send(LINKED)
        for broken in BROKEN:
            self.pipeline.put(TOUCHPOINTS, broken.encode())
        self.pipeline.settle(END_MS, final=True)
        self.pages = {agent: self.fetch(agent, lambda page: total(page, "throughline_lag_offsets") == 0) for agent in AGENTS}

    def fetch(self, agent: str, wanted: Callable[[str], bool]) -> str:
        """The agent's metrics once they are as wanted; the lag is asked for every few seconds."""
        until = time.monotonic() + PATIENCE_S
        while True:
            page = fetch(self.port + AGENTS.index(agent), "/metrics")[1]
            if wanted(page) and "throughline_lag_offsets{" in page:
                return page
            assert time.monotonic() < until, page
            time.sleep(0.2)


@pytest.fixture(scope="module")
def run(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("metrics"))
    yield Run(made)
    made.close()


def metric_of(name: str) -> Metric:
    """The row of the table that a sample belongs to."""
    for metric in TABLE:
        parts = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        if name in {metric.name + part for part in parts}:
            return metric
    raise AssertionError(f"{name} is not in the table")


@each_agent
def test_nothing_is_emitted_that_the_table_does_not_have(run: Run, agent: str) -> None:
    """Neither another name, nor another label, nor by another agent."""
    for name, labels, _ in samples(run.pages[agent]):
        metric = metric_of(name)
        assert agent in metric.agents
        assert labels.keys() - {"le"} == EVERYWHERE | set(metric.label_names)
        assert (labels["agent"], labels["namespace"]) == (agent, run.pipeline.settings.namespace)


@each_agent
def test_everything_of_the_table_is_emitted(run: Run, agent: str) -> None:
    emitted = {metric_of(name).name for name, _, _ in samples(run.pages[agent])}
    assert {metric.name for metric in TABLE if agent in metric.agents} == emitted


@each_agent
def test_label_values_stay_within_their_bounds(run: Run, agent: str) -> None:
    settings = run.pipeline.settings
    bounds = {
        "partition": {str(number) for number in range(max(settings.source_partitions, settings.log_partitions))},
        "definition": {definition.name for definition in BUNDLE.definitions},
        "rule": {rule.name for definition in BUNDLE.definitions for rule in definition.rules},
        "version": {"0.1.0"},
    }
    for name, labels, _ in samples(run.pages[agent]):
        for label in metric_of(name).labels:
            assert labels[label.name] in (label.values or bounds[label.name])


@each_agent
def test_no_page_shows_anything_of_a_record(run: Run, agent: str) -> None:
    port = run.port + AGENTS.index(agent)
    for page in (run.pages[agent], fetch(port, "/healthz")[1], fetch(port, "/readyz")[1], run.worker.log.read_text()):
        assert MARK not in page
        assert "order/" not in page


@each_agent
def test_a_worker_that_works_is_well_and_ready(run: Run, agent: str) -> None:
    port = run.port + AGENTS.index(agent)
    assert verdict(port, "/healthz") == (200, "")
    assert verdict(port, "/readyz") == (200, "")


@each_agent
def test_an_agent_listens_at_its_one_port_on_the_loopback(run: Run, agent: str) -> None:
    """Faust's own web pages are off."""
    listening = [each.laddr for each in run.worker.agent(agent).net_connections() if each.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", run.port + AGENTS.index(agent))]


def test_what_came_in_is_counted(run: Run) -> None:
    page, query = run.pages["intake"], run.pipeline.query
    assert total(page, "throughline_touchpoints_total") == COUNT + len(LINKED)
    rejected = dict(query("SELECT reason, count() FROM v_rejected GROUP BY reason"))
    assert sum(rejected.values()) == len(BROKEN)
    for reason, count in rejected.items():
        assert total(page, "throughline_touchpoints_rejected_total", reason=reason) == count
    assert total(page, "throughline_touchpoints_rejected_total") == len(BROKEN)
    as_ofs = run.pipeline.settings.source_partitions
    assert total(page, "throughline_records_total", topic=TOUCHPOINTS) == COUNT + len(LINKED) + len(BROKEN) + as_ofs


def test_what_stands_is_what_the_views_show(run: Run) -> None:
    """Journeys and breakages, open and opened, by definition, rule and severity."""
    page, query = run.pages["stitch"], run.pipeline.query
    for definition, stand, opened in query("SELECT definition, count(), countIf(state = 'open') FROM v_journeys GROUP BY 1"):
        its = {"definition": definition}
        changes = {c: total(page, "throughline_journeys_total", **its, change=c) for c in ("opened", "closed", "reopened", "moved")}
        assert total(page, "throughline_open_journeys", **its) == opened
        assert changes["opened"] - changes["moved"] == stand
    found = query("SELECT definition, rule, severity, count(), countIf(state = 'open') FROM v_breakages GROUP BY 1, 2, 3")
    assert found
    for definition, rule, severity, stand, opened in found:
        its = {"definition": definition, "rule": rule, "severity": severity}
        changes = {c: total(page, "throughline_breakages_total", **its, change=c) for c in ("opened", "moved", "withdrawn")}
        assert total(page, "throughline_open_breakages", **its) == opened
        assert changes["opened"] - changes["moved"] - changes["withdrawn"] == stand
    assert total(page, "throughline_open_breakages") == sum(opened for *_, opened in found)


def test_what_landed_is_counted(run: Run) -> None:
    page = run.pages["land"]
    assert total(page, "throughline_landed_rows_total", table="touchpoints") == COUNT + len(LINKED)
    assert total(page, "throughline_landed_rows_total", table="rejected_touchpoints") == len(BROKEN)
    assert total(page, "throughline_sink_refusals_total") == 0
    assert time.time() - total(page, "throughline_landed_timestamp_seconds") < 600


def test_the_clock_that_landed_is_the_one_that_was_said(run: Run) -> None:
    """It is held: the lag is wall time minus the time that was said."""
    for agent in AGENTS:
        lags = [value for name, _, value in samples(run.pages[agent]) if name == "throughline_clock_lag_seconds"]
        assert lags
        assert all(abs(time.time() - END_MS / 1_000 - lag) < 600 for lag in lags)


def test_every_series_that_an_alert_reads_is_known_before_anything_happens(run: Run) -> None:
    """A rate sees only what follows the first sample: rules of applied definitions are there at 0."""
    known = {labels["rule"] for name, labels, _ in samples(run.pages["stitch"]) if name == "throughline_breakages_total"}
    assert known == {rule.name for definition in BUNDLE.definitions for rule in definition.rules}


def test_what_stands_open_is_known_again_after_a_restart(run: Run) -> None:
    before = {name: total(run.pages["stitch"], name) for name in ("throughline_open_journeys", "throughline_open_breakages")}
    assert all(before.values())
    run.worker.drains()
    run.worker = run.pipeline.start()
    run.worker.says('"agent": "stitch"')
    page = run.fetch("stitch", lambda page: "throughline_open_journeys{" in page)
    assert {name: total(page, name) for name in before} == before


def test_the_sink_being_away_makes_land_unready_and_nobody_else(pipelines: Pipelines, clickhouse: Database) -> None:
    """It says why; when the sink is back, it is ready again and everything has landed."""
    gate = Gate((clickhouse.host, clickhouse.port))
    port = free_ports()
    pipeline = pipelines(BUNDLE, metrics_port=port)
    pipeline.start(clickhouse_port=gate.port)
    pipeline.send(record for _, record in shop(4, 200))
    pipeline.settle(START_MS)
    gate.shut()
    pipeline.send(record for _, record in shop(5, 200))
    pipeline.say(END_MS)
    land = port + AGENTS.index("land")
    until = time.monotonic() + PATIENCE_S
    while verdict(land, "/readyz")[0] == 200:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert verdict(land, "/readyz")[1].startswith("ClickHouse takes no rows for ")
    assert verdict(land, "/healthz") == (200, "")
    assert total(fetch(land, "/metrics")[1], "throughline_sink_refusals_total") > 0
    assert [verdict(port + AGENTS.index(agent), "/readyz") for agent in ("intake", "identity", "stitch")] == [(200, "")] * 3
    gate.open()
    pipeline.landed(END_MS)
    assert verdict(land, "/readyz") == (200, "")
    gate.shut()
    gate.open()


def test_a_taken_port_ends_the_worker_with_a_sentence(pipelines: Pipelines, tmp_path: Path) -> None:
    del tmp_path
    import socket

    port = free_ports()
    with socket.create_server(("127.0.0.1", port)):
        pipeline = pipelines(None, metrics_port=port)
        worker = pipeline.start("agent", "intake")
        assert worker.ended() == 4
    assert f"metrics cannot be served at 127.0.0.1:{port}" in worker.tail()
    assert "Traceback" not in worker.tail()
