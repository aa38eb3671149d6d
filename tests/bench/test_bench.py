"""What the figures rest on: the input, the percentiles, that a goal can be missed, and that nobody does less than the job."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.core.identity import Identity
from streams.core.journey import judge
from streams.core.journey.running import Running
from streams.core.log import Link
from streams.core.verdict import NEVER, Clock
from tests.bench.feed import fill
from tests.bench.figures import Round, latency
from tests.bench.goals import goals
from tests.bench.identifying import IDENTIFIERS, Identified, links
from tests.bench.judging import EIGHT, Judged, definition, story
from tests.bench.page import markdown, written
from tests.bench.pairs import Paired, bare_round
from tests.bench.peers import PEERS
from tests.bench.regression import changes, costs
from tests.bench.regression import write as write_costs
from tests.bench.regression import written as written_costs
from tests.bench.report import tables
from tests.bench.run import Options, Results
from tests.bench.world import Record, World, framed, instance
from tests.fixtures.pipeline import Pipeline, Pipelines

SHOWN = {"v_journeys": 100, "v_breakages": 10}


def results(transport_cpu_s: float, agents_cpu_s: float, waited_ms: float) -> Results:
    """Bytewax is not installed."""
    whole = Round(1_000, 1.0, {"intake": agents_cpu_s / 2, "stitch": agents_cpu_s / 2}, {"broker": 0.1})
    waited = latency([waited_ms] * 100)
    loop, transport = Round(1_000, 1.0, {"loop": 0.09}), Round(1_000, 1.0, {"transport": transport_cpu_s})
    seen = {"v_touchpoints": waited, "v_journeys": waited}
    judged = [Judged("few", waited_ms / 149.95, 30.0), Judged("many", waited_ms / 49.98, 30.0)]
    identity = Identified(44_999_000 / waited_ms, waited_ms / 3.492, waited_ms / 750)
    costs = {"faust": 0.6, "faust_take": 0.4, "quix": 0.15, "quix_plain": 0.12}
    peers = {which: Paired([transport] * 3, [Round(1_000, 2.0, {which: cpu_s})] * 3) for which, cpu_s in costs.items()}
    return Results({}, Options(), 260.0, [loop] * 3, [transport] * 3, [whole] * 3, SHOWN, seen, 50.0, judged, identity, peers)


def test_the_input_is_the_same_in_every_run_and_as_large_as_said() -> None:
    """Seeded; about 260 bytes and about eight touchpoints a journey; in the order of event time; no event id twice."""
    records = World(4_000).touchpoints()
    assert records == World(4_000).touchpoints() != World(4_000, seed=2).touchpoints()
    assert len({record["event_id"] for record in records}) == len(records) == 4_000
    assert [record["occurred_at"] for record in records] == sorted(record["occurred_at"] for record in records)
    assert 7 <= len(records) / len({instance(record) for record in records}) <= 9
    assert 250 <= sum(len(value) for _, value in framed(records)) / len(records) <= 270


def test_percentiles_are_those_of_what_was_waited() -> None:
    found = latency([float(ms) for ms in range(1, 1_001)])
    assert (found.count, found.most_ms) == (1_000, 1_000.0)
    assert (round(found.p50_ms), round(found.p95_ms), round(found.p99_ms)) == (500, 951, 991)


def test_a_goal_holds_or_does_not() -> None:
    """At 0.9 of the loop, 8,000 per CPU-second and below 1,500 ms they hold; a little worse, and they do not."""
    assert all(goal.holds for goal in goals(results(0.1, 0.125, 1_499)))
    assert not any(goal.holds for goal in goals(results(0.101, 0.126, 1_500)))


def test_a_touchpoint_more_is_judged_alike_however_it_is_measured() -> None:
    """Going on and from scratch are two ways to the same verdict, and one of them breaks something."""
    plan, told = definition(EIGHT), story("o")
    running = Running(plan, "o")
    for number, touchpoint in enumerate(told, 1):
        clock = Clock(touchpoint.occurred_at, NEVER)
        assert running.judge(told[:number], clock, continued=True) == judge(plan, "o", told[:number], clock)
    assert [each.rule for each in judge(plan, "o", told, Clock(10**12, NEVER)).breakages] == []
    assert judge(plan, "o", told[:-1], Clock(10**12, NEVER)).breakages


def test_links_that_are_timed_are_new_and_of_persons_with_one_to_six_identifiers() -> None:
    found = list(islice(links(), 5_000))
    assert len({(link.weaker, link.stronger) for link in found}) == len(found)
    assert all(IDENTIFIERS.rank_of(link.weaker) > IDENTIFIERS.rank_of(link.stronger) for link in found)
    sizes = Counter(root for key, root in owners_of(found).items() if IDENTIFIERS.is_person(key))
    assert set(sizes.values()) == {1, 2, 3, 4, 5, 6}


def owners_of(found: list[Link]) -> dict[str, str]:
    identity = Identity(IDENTIFIERS, 1)
    identity.take(found)
    identity.memory.flush()
    return identity.roots()


def test_the_page_has_every_figure_of_the_tables() -> None:
    for shown in tables(results(0.1, 0.125, 250)):
        lines = list(markdown(shown))
        assert len(lines) == len(shown.rows) + 3
        assert all(str(cell) in line for row, line in zip(shown.rows, lines[3:], strict=True) for cell in row)


def test_a_cost_that_changed_by_more_than_15_percent_is_told(tmp_path: Path) -> None:
    """In units of the loop, whatever the machine; next to what was written."""
    before = costs(results(0.1, 0.125, 250))
    path = write_costs(before, tmp_path / "figures.json")
    assert written_costs(path) == before
    assert changes(costs(results(0.1, 0.125 * 1.14, 250)), written_costs(path)) == []
    found = changes(costs(results(0.1, 0.125 * 1.2, 250)), written_costs(path))
    assert {each.figure for each in found} == {"whole, intake", "whole, stitch"}
    assert all(0.19 < each.share < 0.21 for each in found)
    assert written_costs(tmp_path / "none.json") == {}


def test_the_page_tells_every_peer_whether_it_ran_or_not() -> None:
    """Rates of the peer, ratios of the rounds beside it, and in words what it does not do."""
    page = written(results(0.1, 0.125, 250), "")
    quix = "| Quix Streams | 1,000 |"
    assert f"{quix} per second | 500 | 500 | 500 |" in page
    assert f"{quix} per CPU-second | 6,667 | 6,667 | 6,667 |" in page
    assert f"{quix} our transport to it, per second | 2.00 | 2.00 | 2.00 |" in page
    assert f"{quix} our transport to it, per CPU-second | 1.50 | 1.50 | 1.50 |" in page
    assert "| Bytewax |  | not run: bytewax is not installed |  |  |  |" in page
    assert all(f"*{peer.name}*: {peer.lacks}" in page for peer in PEERS.values())
    assert "{" not in page


def test_a_slow_peer_gets_fewer_touchpoints_in_whole_inserts() -> None:
    slow = next(peer for peer in PEERS.values() if peer.slow)
    assert [slow.share(count) for count in (300, 20_000, 60_000, 200_000, 500_000)] == [300, 20_000, 20_000, 40_000, 100_000]


@pytest.fixture(scope="module")
def filled(
    broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pipeline, list[Record]]]:
    """Touchpoints on the input topic, and which they are."""
    sent, pipelines = World(300).touchpoints(), Pipelines(broker, clickhouse, tmp_path_factory.mktemp("bare"))
    pipeline = pipelines(None)
    asyncio.run(fill(pipeline.settings, framed(sent)))
    yield pipeline, sent
    pipelines.close()


@pytest.mark.parametrize("which", [*PEERS, "transport", "loop"])
def test_a_contestant_inserts_exactly_what_was_sent(which: str, filled: tuple[Pipeline, list[Record]]) -> None:
    """Every touchpoint once, and of every order and case what its touchpoints make of it."""
    if which in PEERS:
        package = PEERS[which].package
        pytest.importorskip(package, reason=f"not run: {package} is not installed")
    pipeline, sent = filled
    assert bare_round(pipeline, which, len(sent)).touchpoints == len(sent)
    assert pipeline.query("SELECT event_id FROM bare_touchpoints ORDER BY event_id") == sorted((r["event_id"],) for r in sent)
    made = "SELECT instance, toUnixTimestamp64Milli(first_at), toUnixTimestamp64Milli(last_at), touchpoints, actions"
    assert pipeline.query(f"{made} FROM bare_journeys FINAL ORDER BY instance") == sorted(journeys(sent))


def journeys(sent: list[Record]) -> Iterator[tuple[str, int, int, int, str]]:
    by_key: dict[bytes, list[Record]] = {}
    for record in sent:
        by_key.setdefault(instance(record), []).append(record)
    for key, told in by_key.items():
        times = [record["occurred_at"] for record in told]
        actions = msgspec.json.encode(sorted({record["action"] for record in told})).decode()
        yield key.decode(), min(times), max(times), len(told), actions
