"""`throughline journeys calibrate`: at which threshold how many break."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.definition import bundle_of
from streams.core.identifiers import Identifiers
from streams.core.verdict import NEVER, Clock
from streams.history import people_of
from streams.history.calibrate import Calibration, in_order
from streams.history.dial import NoDial, dial_of
from tests.core.test_journeys_command import run
from tests.core.world import SECOND_MS, touchpoint
from tests.history.recorded import DEFINITION, definition, recorded


def calibrated(folder: Path, rule: str, *more: str) -> dict[str, Any]:
    stdout, stderr, ended = run("calibrate", rule, *recorded(folder), definition(folder), "--json", *more)
    assert ended is None, stderr
    found: dict[str, Any] = json.loads(stdout)
    return found


def lines(found: dict[str, Any]) -> list[tuple[str, int, float]]:
    return [(each["threshold"], each["breaks"], each["per_cent"]) for each in found["thresholds"]]


def test_a_wait_is_tried_at_what_was_observed(tmp_path: Path) -> None:
    """Answers came after 1, 3 and 9 hours, one never; as of the last touchpoint two days had passed."""
    found = calibrated(tmp_path, "order.quiet")
    assert (found["could"], found["days"], found["key"]) == (4, 4, "breakages.quiet.absence.within")
    assert lines(found) == [("4 hours", 2, 50.0), ("3h", 2, 50.0), ("9h", 1, 25.0)]
    assert [each["now"] for each in found["thresholds"]] == [True, False, False]
    assert found["thresholds"][0]["per_day"] == 0.5


def test_thresholds_may_be_given(tmp_path: Path) -> None:
    found = calibrated(tmp_path, "order.quiet", "--at", "4 working hours, 30m,2h")
    assert lines(found)[1:] == [("30m", 4, 100.0), ("2h", 3, 75.0), ("4 working hours", 2, 50.0)]


def test_a_promise_is_tried_at_other_lengths(tmp_path: Path) -> None:
    found = calibrated(tmp_path, "order.late", "--at", "1h,3h,10h")
    assert found["key"] == "promises.answer.due"
    assert lines(found) == [("2 hours", 3, 75.0), ("1h", 3, 75.0), ("3h", 2, 50.0), ("10h", 1, 25.0)]


def test_a_count_is_tried_at_other_numbers_and_at_other_lengths(tmp_path: Path) -> None:
    assert lines(calibrated(tmp_path, "order.often")) == [("2", 1, 25.0), ("2", 1, 25.0), ("3", 0, 0.0)]
    found = calibrated(tmp_path, "order.often", "--at", "29m,30m")
    assert (found["key"], lines(found)[1:]) == ("breakages.often.count.within", [("29m", 0, 0.0), ("30m", 1, 100.0)])


def test_a_value_is_tried_at_what_was_observed(tmp_path: Path) -> None:
    found = calibrated(tmp_path, "order.poor")
    assert found["could"] == 3
    assert lines(found) == [("3", 1, 33.33), ("1.0", 0, 0.0), ("3.0", 1, 33.33)]


def test_the_table_marks_what_is_set_now(tmp_path: Path) -> None:
    stdout, stderr, _ = run("calibrate", "order.quiet", *recorded(tmp_path), definition(tmp_path))
    assert stdout.startswith("order.quiet: 4 could break in 4 days\n")
    assert "4 hours (now)" in stdout
    assert "judged at all thresholds: 9 touchpoints in " in stderr


@pytest.mark.parametrize(("name", "at"), [("order", "1h"), ("order.none", "1h"), ("order.quiet", "soon"), ("order.poor", "1h")])
def test_wrong_usage_is_refused(tmp_path: Path, name: str, at: str) -> None:
    ended = run("calibrate", name, *recorded(tmp_path), definition(tmp_path), "--at", at)[2]
    assert isinstance(ended, SystemExit)
    assert ended.code == 2


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{absence: {after: asked, of: told, within: journey}}", "as long as the journey lasts"),
        ("{promise: read}", "its promise is due at `attributes.due`"),
        ("{threshold: {of: told, value: team, is: x}}", "compares with no number"),
        ("{sequence: {over: journeys}, scope: person}", "only a sequence of steps"),
    ],
)
def test_a_rule_without_a_threshold_is_named(rule: str, said: str) -> None:
    promise = "promises: {read: {made_by: asked, due: attributes.due, kept_by: told}}"
    bundle = bundle_of(
        [("o.yaml", f"journey: order\nversion: 1\ninstance: order\nopens: asked\n{promise}\nbreakages: {{r: {rule}}}")]
    )
    with pytest.raises(NoDial, match=said):
        dial_of(bundle, "order", "r")


waits = st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(0, 300)), min_size=1, max_size=8)


@given(waits, st.sampled_from(["quiet", "late"]))
@settings(max_examples=40, deadline=None)
def test_a_longer_threshold_never_breaks_more(told: list[tuple[int, int | None]], rule: str) -> None:
    found = []
    for number, (asked_s, wait_s) in enumerate(told):
        pairs = (("order", f"o{number}"), ("customer", "c"))
        found.append(touchpoint(2 * number, asked_s * SECOND_MS, "asked", pairs))
        if wait_s is not None:
            found.append(touchpoint(2 * number + 1, (asked_s + wait_s) * SECOND_MS, "told", pairs))
    people = people_of(found, Identifiers({"customer": "person", "order": "object"}))
    bundle = bundle_of([("order.yaml", DEFINITION)])
    calibration = Calibration(dial_of(bundle, "order", rule), people, Clock(10**9, NEVER))
    broken = [calibration.broken(each) for each in in_order(["0s", "1m", *calibration.settings(), "1h"])]
    assert broken == sorted(broken, reverse=True)
    assert broken[0] <= calibration.could()
    assert broken[-1] == sum(wait_s is None for _, wait_s in told)
