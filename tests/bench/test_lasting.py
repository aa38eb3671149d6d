"""What the figures of docs/lasting.md rest on: what comes when, who is limited, what a goal needs, and that each part ends."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from tests.bench.cpu import CpuTimes
from tests.bench.figures import Latency, Round
from tests.bench.lasted import Options, Results
from tests.bench.lasting import as_json
from tests.bench.lasting_page import goals, tables, write_page
from tests.bench.limited import CannotLimit, limited, parent
from tests.bench.pausing import CaughtUp, catch_up
from tests.bench.places import Places
from tests.bench.sharing import Shared, shared_round
from tests.bench.steady import Steady, by_time, steady
from tests.bench.stream import endless
from tests.bench.visible import Reader
from tests.bench.world import World, instance


def test_a_stream_is_the_same_in_every_run_and_keeps_its_rate() -> None:
    """In the order of time, no event twice, stories of about eight; when 20,000 have come at 100 a second it is at about 200 s."""
    found = list(islice(endless(100.0, 10**12, seed=1), 20_000))
    assert found == list(islice(endless(100.0, 10**12, seed=1), 20_000))
    assert all(one["occurred_at"] <= other["occurred_at"] for one, other in pairwise(found))
    assert len({record["event_id"] for record in found}) == 20_000
    assert 190_000 < found[-1]["occurred_at"] - 10**12 < 240_000
    assert 6 < 20_000 / len({instance(record) for record in found}) < 9


def test_what_was_waited_is_told_by_when_it_was_created() -> None:
    """What was created before counts to the first span, what came behind the last to the last."""
    reader = Reader(None)
    for view in reader.waited_ms:
        reader.created_ms[view] = [999, 1_999, 2_000, 2_999, 3_500, 9_000]
        reader.waited_ms[view] = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert [part["v_journeys"].most_ms for part in by_time(reader, 1_000, 1_000, 3)] == [1.0, 2.0, 3.0]


def test_processes_together_get_no_more_than_their_share() -> None:
    """Two that never rest, a tenth of a core: without a limit it would be one or two, and apart a fifth."""
    both = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    used = CpuTimes({str(each.pid): each.pid for each in both})
    try:
        with or_skip((each.pid for each in both), 0.1):
            used.begin()
            time.sleep(3.0)
            spent_s = sum(used.spent_s().values())
    finally:
        for each in both:
            each.kill()
            each.wait()
    assert spent_s < 0.5
    assert not list(parent().glob(f"throughline-bench-{os.getpid()}-*"))


@contextmanager
def or_skip(pids: Iterator[int], cores: float) -> Iterator[None]:
    try:
        with limited(pids, cores):
            yield
    except CannotLimit as error:
        pytest.skip(str(error))


def test_the_cgroup_is_found_in_both_versions(tmp_path: Path) -> None:
    """Where the mount shows what lies below, there; in a container, whose mount is its own cgroup, at its root."""
    one, two, own, mounts = tmp_path / "one", tmp_path / "two", tmp_path / "own", tmp_path / "mounts"
    (one / "a").mkdir(parents=True)
    two.mkdir()
    own.write_text("4:cpu,cpuacct:/a\n0::/elsewhere\n")
    mounts.write_text(f"proc /proc proc rw 0 0\ncgroup {one} cgroup rw,cpu,cpuacct 0 0\n")
    assert parent(mounts, own) == one / "a"
    mounts.write_text(f"cgroup2 {two} cgroup2 rw 0 0\n")
    with pytest.raises(CannotLimit):
        parent(mounts, own)
    (two / "cgroup.subtree_control").write_text("memory cpu\n")
    assert parent(mounts, own) == two


def test_a_steady_run_sees_all_touchpoints_journeys_and_absences(here: Places) -> None:
    """No verdict came before its clock could have passed."""
    found = steady(here, 60.0, 0.25, 5, print, ramp_s=1.0)
    assert {its.count for its in found.whole.values()} == {sum(part["v_journeys"].count for part in found.thirds)}
    assert found.landed.count >= found.whole["v_touchpoints"].count > 500
    assert (found.seen.count, found.judged.count) == (5, 5)
    assert min(found.seen.p50_ms, found.judged.p50_ms, found.told.p50_ms) > 0
    assert len(found.each_minute) == 1
    assert {"stitch", "broker", "clickhouse", "sender and readers"} <= {*found.cores}


def test_what_waits_after_a_pause_is_worked_off(here: Places) -> None:
    """`catch_up` itself proves that all of it has landed, each once."""
    found = catch_up(here, 60.0, 3.0, print, ramp_s=2.0)
    assert found.waiting >= 100
    assert found.landed >= found.waiting - 60 * 4
    assert 0 < found.first_s <= found.worked_off_s <= found.up_to_date_s


def test_two_limited_workers_do_what_one_does(here: Places) -> None:
    """`shared_round` itself proves that all of it is there."""
    try:
        rounds = [shared_round(here, World(400).touchpoints(), workers) for workers in (1, 2)]
    except CannotLimit as error:
        pytest.skip(str(error))
    assert [list(each.cpu_s) for each in rounds] == [["worker1"], ["worker1", "worker2"]]
    assert all(spent_s > 0 for each in rounds for spent_s in each.cpu_s.values())


@pytest.fixture
def here(broker: Broker, clickhouse: Database, tmp_path: Path) -> Places:
    return Places(broker, clickhouse, tmp_path)


def results() -> Results:
    """Everything as good as it has to be, and no better."""
    waited, verdicts = Latency(100, 250, 1_000, 2_000, 3_000), Latency(100, 300, 700, 800, 1_000)
    views, slower = ({"v_touchpoints": each, "v_journeys": each} for each in (waited, Latency(100, 300, 1_200, 2_000, 3_000)))
    lasts = Steady(2_500, 10.0, views, [views] * 10, [views, views, slower], waited, *[verdicts] * 3, 200.0, 150.0, {"stitch": 0.5})
    one, two = Round(17_000, 10.0, {"worker1": 5.0}, {"broker": 1.0}), Round(28_900, 10.0, {"worker1": 5.0, "worker2": 5.0})
    caught = CaughtUp(1_000, 300.0, 300_000, 3.0, 120.0, 150.0, 450_000)
    return Results({"cores": "2"}, 5_000, lasts, caught, Shared({1: [one], 2: [two]}))


def test_a_goal_of_what_lasts_holds_or_does_not() -> None:
    """At their limits they hold; a little worse, for shorter or at less, and none does."""
    good = results()
    assert all(goal.holds for goal in goals(good))
    assert len(goals(good)) == 12
    worse = Latency(100, 251, 1_001, 2_001, 1_001)
    views, slower = {"v_touchpoints": worse, "v_journeys": worse}, {"v_touchpoints": worse, "v_journeys": worse}
    slower = {view: Latency(100, 251, 1_210, 2_001, 1_001) for view in views}
    lasts = replace(good.steady, whole=views, thirds=[views, views, slower], seen=worse, told=worse)
    shared = Shared({1: good.shared.rounds[1], 2: [Round(28_800, 10.0, {"worker1": 5.0})]})
    assert not any(goal.holds for goal in goals(Results({}, 5_000, lasts, replace(good.caught_up, landed=449_000), shared)))
    short = Results({}, 5_000, replace(good.steady, minutes=9.9), replace(good.caught_up, pause_s=299.0), None)
    assert [goal.holds for goal in goals(short)] == [False] * 8 + [True] * 2 + [False]
    assert not any(goal.holds for goal in goals(Results({}, 5_200, good.steady, None, None)))


def test_the_page_of_what_lasts_has_every_figure(tmp_path: Path) -> None:
    page = write_page(results(), Options(), "--rounds 2", tmp_path / "lasting.md").read_text(encoding="utf-8")
    assert all(f"| {' | '.join(row)} |" in page for shown in tables(results()) for row in shown.rows)
    assert "{" not in page
    assert len(as_json(results())["goals"]) == 12


def test_what_was_left_out_is_not_told() -> None:
    shown = tables(Results({}, 5_000, None, None, None, "no cgroup"))
    assert [(each.title, each.rows) for each in shown] == [("Workers", [("no cgroup",)]), ("Goals", [])]
