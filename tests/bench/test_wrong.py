"""What the comparison rests on: its input, its counting, and that the peer in Faust does the job where nothing is hard."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.bench.arrivals import in_order, shuffled
from tests.bench.contest import Contestant, Took
from tests.bench.contestants import CONTESTANTS, Careful
from tests.bench.page import markdown
from tests.bench.versus import DAY_MS, IN_ORDER, KILLED, Outcome, Results, bundle, one_round
from tests.bench.world import World
from tests.bench.wrong_page import DIFFERENCES, tables, written
from tests.bench.wrongs import Wrongs, told, truth
from tests.fixtures.pipeline import Pipelines

RIGHT = Wrongs(100, 0, 0, 0, 12, 0, 0, 0, 5, 0, 0, 0, 0, {}, {})  # nothing is wrong


def test_touchpoints_come_later_and_twice_and_none_is_missing() -> None:
    """Seeded: every run sends the same."""
    records = World(2_000).touchpoints()
    arrivals = shuffled(records, 1)
    assert arrivals == shuffled(records, 1) != shuffled(records, 2)
    assert [record for _, record in in_order(records)] == records != [record for _, record in arrivals]
    copies = Counter(record["event_id"] for _, record in arrivals)
    assert copies.keys() == {record["event_id"] for record in records}
    assert 20 <= sum(number > 1 for number in copies.values()) <= 120
    assert [at_ms for at_ms, _ in arrivals] == sorted(at_ms for at_ms, _ in arrivals)


@pytest.mark.parametrize("contestant", [Careful])
def test_on_ordered_input_the_peer_lands_what_was_sent_and_gets_nothing_wrong(
    contestant: type[Contestant], pipelines: Pipelines
) -> None:
    records = World(400).touchpoints()
    clock_ms = records[-1]["occurred_at"] + 30 * DAY_MS
    true = truth(bundle(), records, clock_ms)
    pipeline = pipelines(None)
    _, found = one_round(contestant, pipeline, records[:10], in_order(records[10:]), true, clock_ms, killed=False)
    assert (found.touchpoints, found.journeys) == (400, len(true.journeys))
    assert pipeline.query("SELECT count() FROM peer_touchpoints FINAL") == [(400,)]
    assert [each for each in told(found) if each[1]] == []


def test_the_page_has_every_figure_and_explains_every_kind_of_wrong() -> None:
    outcomes = [
        Outcome(each.name, event, 100, Took(2.0, 4.0, None), replace(RIGHT, lost=7))
        for event in (IN_ORDER, KILLED)
        for each in CONTESTANTS
    ]
    results = Results({"cores": "2"}, 100, outcomes)
    page = written(results, "--count 100")
    assert all(line in page for shown in tables(results) for line in markdown(shown))
    assert "| touchpoints lost | 7 | 7 | 7 | 100 |" in page
    assert {what for what, *_ in told(RIGHT)} <= DIFFERENCES.keys()
    assert all(why in page for why in DIFFERENCES.values())
    assert "{" not in page
