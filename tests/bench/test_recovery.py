"""What the figures of docs/recovery.md rest on: copies are journeys like their seeds, and what was laid is taken up whole."""

from dataclasses import replace
from pathlib import Path

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.core.log import home
from streams.core.stitch.state import BUCKET, REDIRECT, WHOLE, split_bucket_key, unpack_bucket, unpack_redirect
from tests.bench import growth
from tests.bench.grown import Grown
from tests.bench.places import Places
from tests.bench.recovering import Recovered, recover
from tests.bench.recovery import Results, goals, tables, write_page
from tests.bench.seeds import EACH, Seeds


def test_copies_are_open_journeys_of_eight_touchpoints_where_they_are_at_home() -> None:
    grown = Grown(Seeds(150, 3, 2), 600)
    journeys = set[str]()
    for part in grown.parts():
        for key, value in part.store.items():
            if key[:1] == BUCKET:
                person, address = split_bucket_key(key)
                assert home(person, 3) == part.number
                bucket = unpack_bucket(value)
                assert address == WHOLE or (len(bucket.facts) == EACH and {each.address for each in bucket.facts} == {address})
                journeys |= {address for each in bucket.entries if each.journey and each.journey.state == "open"}
            elif key[:1] == REDIRECT:
                assert part.number in {home(key[1:].decode(), 3), home(unpack_redirect(value).root, 3)}
    assert len(journeys) == grown.count == 600


def test_a_touchpoint_more_changes_a_copy_as_it_changes_a_seed() -> None:
    """Rounds of the measurement touch what they say: each known journey once, and new ones."""
    run = growth.Run(Grown(Seeds(100, 2, 2), 400), rounds=2, each=200)
    for _ in range(2):
        assert run.round_us() > 0
    found = [unpack_bucket(value) for part in run.parts for key, value in part.store.items() if key[:1] == BUCKET]
    counts = [len(bucket.facts) for bucket in found if bucket.facts]
    assert (counts.count(EACH + 1), counts.count(EACH), counts.count(1)) == (360, 40, 40)


def test_memory_grows_with_the_journeys_that_are_held() -> None:
    held = growth.measured_memory(20_000)
    assert held.journeys == 20_000
    assert 300 < held.stitch_bytes < 10_000
    assert 100 < held.identity_bytes < 2_000


def test_what_was_laid_is_taken_up_and_goes_on(broker: Broker, clickhouse: Database, tmp_path: Path) -> None:
    """`recover` itself proves it: entries are counted, and journeys that were laid go on with their own persons."""
    said = list[str]()
    here, timeouts = Places(broker, clickhouse, tmp_path), {"session_timeout_s": 10.0, "transaction_timeout_s": 10.0}
    found = recover(here, 2_000, Seeds(500, 8, 8), said.append, **timeouts)
    assert [each.event for each in found] == ["first start", "SIGKILL"]
    assert found[0].records == int(said[0].split()[1].replace(",", ""))
    assert all(0 < each.first_s <= each.all_s for each in found)


def results() -> Results:
    taken = Recovered("SIGKILL", 1_000_000, 10.0, 20.0, 30.0, 12.0, 3_000_000, 9.0)
    cost = growth.Cost(10_000, 5_000_000, 100.0, 130.0, 1.3)
    held = growth.Memory(2_000_000, 1_024.0, 2.9, 400.0, 1.5)
    return Results({"cores": "2"}, 1.0, [taken], [replaced(taken, 10.0)], [held], [cost])


def replaced(taken: Recovered, all_s: float) -> Recovered:
    return Recovered("SIGTERM", 100_000, taken.session_s, all_s / 2, all_s, 1.0, 100_000, 1.0)


def test_a_goal_of_recovery_holds_or_does_not() -> None:
    """At their limits they hold; a little worse, and none does."""
    held = results()
    assert all(goal.holds for goal in goals(held))
    worse = replace(
        held, recovered=[replaced(held.recovered[0], 30.1)], moved=[replaced(held.moved[0], 10.1)],
        memory=[growth.Memory(2_000_000, 1_300.0, 2.9, 400.0, 1.5)], growth=[growth.Cost(10_000, 5_000_000, 100.0, 131.0, 1.31)],
    )  # fmt: skip
    assert not any(goal.holds for goal in goals(worse))
    fewer = replace(held, growth=[growth.Cost(10_000, 4_999_999, 100.0, 101.0, 1.01)])
    assert not goals(fewer)[-1].holds


def test_the_page_of_recovery_has_every_figure(tmp_path: Path) -> None:
    page = write_page(results(), "--rounds 1", tmp_path / "recovery.md").read_text(encoding="utf-8")
    assert all(f"| {' | '.join(row)} |" in page for shown in tables(results()) for row in shown.rows)
