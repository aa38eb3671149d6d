"""Rejected records get another try, each once, whatever happens in between."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.deadletters.underway import behind
from streams.topology import TOUCHPOINTS
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, Record, touch
from tests.fixtures.waiting import eventually
from tests.integration.definitions import FIRST

AT = 1_600_000_000_000
FIX = "SELECT * REPLACE ('product' AS origin) FROM rejected WHERE event_id NOT LIKE '%case-4%'"
STATES = "SELECT state, count() FROM v_dead_letters GROUP BY state ORDER BY state"
LANDED = "SELECT count() FROM v_touchpoints"


def broken(number: int) -> Record:
    return touch("case.opened", AT + number, {"case": f"case-{number}", "customer": "c"}, origin="robot")


@pytest.fixture
def pipeline(pipelines: Pipelines, tmp_path: Path) -> Pipeline:
    """Five records of which intake cannot make anything have landed, and one touchpoint; the worker has stopped."""
    made = pipelines(FIRST)
    made.start()
    made.send([*map(broken, range(5)), touch("case.opened", AT, {"case": "good", "customer": "c"})], "json", load="first")
    made.settle(AT + HOUR_MS)
    made.stop()
    made.workers.clear()
    (tmp_path / "fix.sql").write_text(FIX)
    return made


def replay(pipeline: Pipeline, *more: str | Path, code: int = 5) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        pipeline.command("dead-letters", "replay", "--reason", "invalid_enum", "--json", *more, code=code)
    )
    return told


def test_what_is_put_right_is_sent_once_and_the_rest_stays(pipeline: Pipeline, tmp_path: Path) -> None:
    """While nobody reads the input topic, when intake has read it and nothing has landed, and when all has landed."""
    fixed = "--fixed-by", tmp_path / "fix.sql"
    nothing = {"open_before": 5, "already_replayed": 0, "replayed": 0, "still_rejected": {"invalid_enum": 5}, "open_after": 5}
    assert replay(pipeline) == nothing
    some = {"open_before": 5, "already_replayed": 0, "replayed": 4, "still_rejected": {"left_out_by_mapping": 1}}
    assert replay(pipeline, *fixed, "--dry-run") == {**some, "open_after": 5}
    assert replay(pipeline, *fixed) == {**some, "open_after": 1}
    again = {"open_before": 1, "already_replayed": 4, "replayed": 0, "still_rejected": {"left_out_by_mapping": 1}, "open_after": 1}
    assert replay(pipeline, *fixed) == again

    intake = pipeline.start("worker", "--only", "intake")
    eventually(lambda: not list(behind(pipeline.settings, "intake", TOUCHPOINTS)), PATIENCE_S)
    intake.drains()
    assert pipeline.query(STATES) == [("open", 5)]
    assert replay(pipeline, *fixed) == again

    pipeline.start()
    pipeline.settle(AT + 2 * HOUR_MS)
    assert pipeline.query(STATES) == [("open", 1), ("replayed", 4)]
    assert replay(pipeline, *fixed) == again
    assert pipeline.query(LANDED) == [(5,)]
    assert pipeline.query("SELECT DISTINCT load, too_late FROM touchpoints FINAL") == [("first", False)]  # as it came
    assert pipeline.query("SELECT instance FROM v_journeys ORDER BY instance") == [
        ("case-0",), ("case-1",), ("case-2",), ("case-3",), ("good",),
    ]  # fmt: skip


def test_a_second_try_that_fails_is_a_dead_letter_of_its_own(pipeline: Pipeline) -> None:
    """Intake's settings are not those of the command: what it sent is rejected, and stands open in place of the first."""
    pipeline.send([touch("ticket.opened", AT, {"ticket": "t" * 2_000, "customer": "c"})], "json")
    small = {"max_record_bytes": 1_024}
    pipeline.start(**small)
    pipeline.settle(AT + 2 * HOUR_MS)
    told = json.loads(pipeline.command("dead-letters", "replay", "--reason", "too_large", "--json"))
    assert (told["open_before"], told["replayed"], told["still_rejected"]) == (1, 1, {})
    pipeline.settle(AT + 3 * HOUR_MS)
    states = "SELECT state, count() FROM v_dead_letters WHERE reason = 'too_large' GROUP BY state ORDER BY state"
    assert pipeline.query(states) == [("open", 1), ("replayed", 1)]


def test_dead_letters_are_counted_and_shown(pipeline: Pipeline) -> None:
    (kind,) = json.loads(pipeline.command("dead-letters", "list", "--json"))
    assert (kind["reason"], kind["load"], kind["open"], kind["replayed"]) == ("invalid_enum", "first", 5, 0)
    assert kind["example"] in pipeline.command("dead-letters", "list")
    assert json.loads(pipeline.command("dead-letters", "list", "--json", "--since", "2100-01-01")) == []
    told = json.loads(pipeline.command("dead-letters", "show", kind["example"], "--json"))
    assert (told["place"], told["form"], told["value"]["origin"]) == (kind["example"], "json", "robot")
    assert "--reason invalid_enum --fixed-by" in told["remedy"]
    assert "origin is none of product, human, system" in pipeline.command("dead-letters", "show", kind["example"])
    pipeline.command("dead-letters", "show", f"{kind['topic']}:0:9999", code=1)
    pipeline.command("dead-letters", "show", "nonsense", code=2)
    pipeline.command("dead-letters", "replay", "--reason", "bad luck", code=2)


def test_who_writes_nonsense_into_our_header_harms_nobody(pipeline: Pipeline) -> None:
    worker = pipeline.start()
    for word in (b"\xff", b"[]", b'["t", -1, 4, 5]', b'["t", 1, 4, 99999999999999999]'):
        pipeline.put("touchpoints", json.dumps(broken(9)).encode(), headers=[("throughline-replay", word)])
    pipeline.settle(AT + 2 * HOUR_MS)
    worker.check()
    assert pipeline.query(STATES) == [("open", 9)]


def test_what_lay_for_longer_than_the_late_horizon_is_too_late_unless_it_is_sent_as_a_load(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """A record of live traffic and another, both put right 60 days later."""
    pipeline.start()
    for number in (6, 7):
        pipeline.send([broken(number)], "json")
    pipeline.settle(AT + 60 * DAY_MS)
    for number, more in ((6, []), (7, ["--as-load", "repaired"])):
        file = tmp_path / f"fix{number}.sql"
        file.write_text(f"SELECT * REPLACE ('product' AS origin) FROM rejected WHERE event_id LIKE '%case-{number}%'")
        assert replay(pipeline, "--fixed-by", file, *more)["replayed"] == 1
    pipeline.settle(AT + 61 * DAY_MS)
    lateness = "SELECT event_id LIKE '%case-7%', load, too_late FROM touchpoints FINAL WHERE load != 'first' ORDER BY ALL"
    assert pipeline.query(lateness) == [(0, "", True), (1, "repaired", False)]
    assert pipeline.query("SELECT instance, backfilled FROM v_journeys WHERE instance != 'good'") == [("case-7", True)]
