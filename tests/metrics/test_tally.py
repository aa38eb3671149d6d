"""Journeys and breakages that stand open are counted from rows alone, and exactly."""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.tally import Tally
from streams.core.stitch.judging import Rows
from streams.metrics.table import BREAKAGES, JOURNEYS

Row = dict[str, Any]
GONE = {"moved", "withdrawn"}
names = st.sampled_from("ab")
keys = st.integers(0, 3)
journey_states = st.sampled_from(["open", "closed", "moved"])
breakage_states = st.sampled_from(["open", "recovered", "withdrawn", "moved"])
severities = st.sampled_from(["info", "warning", "critical"])


def value(metric: Any, *labels: str) -> float:
    return float(metric.instrument.labels(*labels)._value.get())


class Topic:
    """Rows as stitch says them: each with what it replaces, unless that moved; nothing goes that does not stand."""

    def __init__(self) -> None:
        self.standing: dict[tuple[Any, ...], Row] = {}
        self.rows: list[Row] = []

    def say(self, key: tuple[Any, ...], row: Row) -> None:
        before = self.standing.get(key)
        if (before is None or before["state"] == "withdrawn") and row["state"] in GONE:
            return
        self.rows.append({**row, "replaces": before})
        self.standing[key] = row
        if row["state"] == "moved":
            del self.standing[key]


@given(st.lists(st.tuples(names, keys, journey_states)), st.integers(1, 5))
def test_open_journeys_are_those_that_stand_open(said: list[tuple[str, int, str]], size: int) -> None:
    """However the rows are cut into steps, and when the tally goes through the state topic between them."""
    topic, tally = Topic(), Tally()
    for definition, key, state in said:
        topic.say((definition, key), {"definition": definition, "state": state})
    for at in range(0, len(topic.rows), size):
        tally.take(Rows(topic.rows[at : at + size], []))
        tally = msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=Tally)
    assert tally.journeys == Counter(row["definition"] for row in topic.standing.values() if row["state"] == "open")


@given(st.lists(st.tuples(names, names, keys, breakage_states, severities, st.booleans())), st.integers(1, 5))
def test_open_breakages_are_those_that_stand_open(said: list[tuple[Any, ...]], size: int) -> None:
    """By the severity that they have now, whichever they had before."""
    topic, tally = Topic(), Tally()
    for definition, rule, key, state, severity, backfilled in said:
        row = {"definition": definition, "rule": rule, "state": state, "severity": severity, "backfilled": backfilled}
        topic.say((definition, rule, key), row)
    for at in range(0, len(topic.rows), size):
        tally.take(Rows([], topic.rows[at : at + size]))
        tally = msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=Tally)
    standing = [row for row in topic.standing.values() if row["state"] == "open"]
    assert tally.breakages == Counter((row["definition"], row["rule"], row["severity"]) for row in standing)


def test_changes_are_counted_as_pairs_of_states() -> None:
    """Opened minus moved is what is new; a row that only says more is no change."""
    topic = Topic()
    for state in ("open", "open", "closed", "open", "closed", "moved", "closed"):
        topic.say(("j",), {"definition": "changes", "state": state})
    Tally().take(Rows(topic.rows, []))
    found = {change: value(JOURNEYS, "changes", change) for change in ("opened", "closed", "reopened", "moved")}
    assert found == {"opened": 2, "closed": 3, "reopened": 1, "moved": 1}


def test_what_breaks_again_after_it_was_withdrawn_counts_as_opened_again() -> None:
    topic, labels = Topic(), ("again", "late", "warning", "no")
    row = {"definition": "again", "rule": "late", "severity": "warning", "backfilled": False}
    for state in ("open", "withdrawn", "open", "withdrawn", "recovered"):
        topic.say(("b",), {**row, "state": state})
    Tally().take(Rows([], topic.rows))
    found = {change: value(BREAKAGES, *labels, change) for change in ("opened", "recovered", "reopened", "withdrawn")}
    assert found == {"opened": 3, "recovered": 1, "reopened": 0, "withdrawn": 2}


def test_receipts_of_quarantine_are_counted_and_are_no_journeys() -> None:
    """One that moves is one; what has gone is none."""
    topic, tally = Topic(), Tally()
    for key, state in (("a", "quarantined"), ("b", "quarantined"), ("a", "quarantined"), ("b", "moved")):
        topic.say((key,), {"definition": "", "state": state})
    assert tally.take(Rows(topic.rows[:2], []))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=Tally).quarantined == 2
    assert not tally.take(Rows(topic.rows[2:3], []))
    assert tally.take(Rows(topic.rows[3:], []))
    assert (tally.quarantined, tally.journeys) == (1, {})


def test_a_history_load_is_counted_apart() -> None:
    topic = Topic()
    for key, backfilled in ((1, True), (2, False), (3, True)):
        for state in ("open", "recovered", "withdrawn"):
            row = {"definition": "loads", "rule": "r", "severity": "info", "state": state, "backfilled": backfilled}
            topic.say((key,), row)
    Tally().take(Rows([], topic.rows))
    for change in ("opened", "recovered", "withdrawn"):
        assert value(BREAKAGES, "loads", "r", "info", "yes", change) == 2
        assert value(BREAKAGES, "loads", "r", "info", "no", change) == 1


def test_a_step_that_changes_nothing_that_stands_open_is_not_kept() -> None:
    topic = Topic()
    topic.say(("j",), {"definition": "d", "state": "open"})
    tally = Tally()
    assert tally.take(Rows(topic.rows, []))
    topic.rows.clear()
    topic.say(("j",), {"definition": "d", "state": "open"})
    assert not tally.take(Rows(topic.rows, []))
