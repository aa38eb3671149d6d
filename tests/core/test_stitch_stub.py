"""A stub, step by step: what it takes until its touchpoints are back, and what is said meanwhile."""

from collections.abc import Sequence
from typing import Any

import pytest

from streams.core.definition import bundle_of
from streams.core.log import (
    Activation,
    IdentityClock,
    IntakeClock,
    Move,
    MovedFacts,
    Redirect,
    Redirects,
    Touchpoints,
    Wanted,
    pack,
)
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Outcome, Partition
from streams.core.stitch.state import BUCKET, bucket_key, unpack_bucket
from streams.core.stitch.store import MemoryStore
from streams.core.touchpoint import Touchpoint, content_hash
from streams.core.verdict import NEVER

HOUR_MS = 3_600_000
CASE = """
journey: case
version: 1
instance: case
opens: ask
closes: {solved: solved}
breakages: {unanswered: {absence: {after: ask, of: answer, within: 2h, waits: each}, per: occurrence}}
"""
TALK = """
journey: talk
version: 1
instance: {episode: {gap: 6h}}
opens: call
breakages: {angry: {count: {of: [call, ask], at_least: 2, within: 100h}, scope: person, per: person}}
"""
Said = list[tuple[str, str, str]]


class Alone:
    """A single partition, fed record by record; facts are kept for 10 hours."""

    def __init__(self, *texts: str) -> None:
        bundle = bundle_of((f"{number}.yaml", text) for number, text in enumerate(texts))
        self.bundles, self.log, self.store = {bundle.content_hash: bundle}, list[bytes](), MemoryStore()
        self.outcome: Outcome
        self.restart()
        self.take(Activation(bundle.content_hash, NEVER))

    def restart(self) -> None:
        self.partition = Partition(0, 1, self.store, Judge(self.bundles.__getitem__), keeps_ms=10 * HOUR_MS)
        self.partition.restore("life")

    def take(self, record: Any) -> Said:
        """-> (person, what, state) of every row that is said."""
        self.log.append(pack(record))
        self.outcome = self.partition.step([(len(self.log) - 1, self.log[-1])], 0)
        rows = self.outcome.rows
        journeys = [(row["definition"], row["instance"], row["state"]) for row in rows.journeys]
        return [*journeys, *((row["rule"], row["instance"], row["state"]) for row in rows.breakages)]

    def happen(self, *facts: Touchpoint) -> Said:
        return self.take(Touchpoints(list(facts)))

    def clock(self, hour: float, final: float | None = None) -> Said:
        ms, final_ms = round(hour * HOUR_MS), NEVER if final is None else round(final * HOUR_MS)
        self.take(IdentityClock(ms, final_ms, 9))
        return self.take(IntakeClock(1, {0: ms}, {0: final_ms}))

    def answer(self, wanted: Wanted, facts: Sequence[Touchpoint], number: int | None = None) -> Said:
        move = Move(wanted.redirect, list(facts), answers=wanted.number if number is None else number)
        return self.take(MovedFacts([move]))

    def kept(self, person: str, address: str) -> tuple[int, int]:
        """Touchpoints of a bucket, and how many are forgotten."""
        value = self.store.get(bucket_key(person, address))
        bucket = unpack_bucket(value) if value else None
        assert bucket, f"there is no {address} of {person}"
        return len(bucket.facts), bucket.forgotten.count if bucket.forgotten else 0


def seen(said: Said) -> list[tuple[str, str]]:
    return [(what, state) for what, _, state in said]


def touch(hour: float, action: str, address: str = "case:k") -> Touchpoint:
    at_ms = round(hour * HOUR_MS)
    content = (at_ms, 0, f"{action}@{hour}", "s", "human", "phone", action, "", (tuple(address.split(":")),), {}, "", "", "", "")
    return Touchpoint(*content, address, content_hash(content))


FACTS = [touch(0, "ask"), touch(1, "answer"), touch(2, "solved")]


@pytest.fixture
def stub() -> Alone:
    """Of a case that was asked, answered and solved."""
    alone = Alone(CASE, TALK)
    alone.happen(*FACTS)
    assert alone.clock(11) == []
    assert alone.kept("case:k", "case:k") == (3, 0)
    assert alone.clock(13) == []
    assert (alone.outcome.reduced, alone.kept("case:k", "case:k")) == (1, (0, 3))
    return alone


def test_while_touchpoints_are_missing_nothing_is_said_and_then_what_is_due(stub: Alone) -> None:
    """Judged without the others, the late question would be the first of a journey that is open."""
    assert stub.happen(touch(3, "ask")) == []
    (wanted,) = stub.outcome.wanted
    assert (wanted.forgotten.count, wanted.forgotten.first_ms, wanted.forgotten.last_ms) == (3, 0, 2 * HOUR_MS)
    assert stub.clock(30) == []
    assert stub.outcome.clock is None, "what is due by then is not judged"
    assert seen(stub.answer(wanted, FACTS)) == [("case", "closed"), ("unanswered", "open"), ("angry", "open")]
    assert stub.outcome.clock is not None
    assert stub.outcome.clock.ms == 30 * HOUR_MS
    assert stub.kept("case:k", "case:k") == (4, 0)


def test_an_answer_to_another_request_is_not_the_end_of_waiting(stub: Alone) -> None:
    stub.happen(touch(3, "ask"))
    (wanted,) = stub.outcome.wanted
    assert stub.answer(wanted, FACTS[:1], number=wanted.number - 1) == []
    assert stub.answer(wanted, FACTS) != []
    assert stub.answer(wanted, FACTS) == [], "a second time it is nothing new"


def test_a_restart_asks_again(stub: Alone) -> None:
    stub.happen(touch(3, "ask"))
    asked = stub.outcome.wanted
    stub.restart()
    assert stub.partition.forgetting.awaited() == asked
    assert seen(stub.answer(asked[0], FACTS)) == [("case", "closed"), ("unanswered", "open"), ("angry", "open")]
    assert stub.partition.forgetting.awaited() == []


def test_a_stub_that_moves_is_gone_at_once_and_there_again_when_it_is_whole(stub: Alone) -> None:
    assert stub.take(Redirects([Redirect("case:k", "customer:c", 1)])) == [("case", "k", "moved")]
    (wanted,) = stub.outcome.wanted
    assert (wanted.redirect, wanted.forgotten.count) == (Redirect("case:k", "customer:c", 1), 3)
    assert stub.take(Redirects([Redirect("case:k", "customer:d", 2)])) == []
    (again,) = stub.outcome.wanted
    assert stub.answer(wanted, FACTS) == [], "they follow, but whether they are all only the second answer tells"
    assert stub.answer(again, FACTS) == [("case", "k", "closed")]
    assert stub.kept("customer:d", "case:k") == (3, 0)
    assert {key for key, _ in stub.store.items() if key[:1] == BUCKET and b"case:k" in key} == {bucket_key("customer:d", "case:k")}


def test_the_whole_of_a_person_waits_with_its_bucket(stub: Alone) -> None:
    """A question and two calls within 100 hours; while the case is on its way to the caller, two calls are not told of."""
    assert seen(stub.happen(touch(1, "call", "customer:c"))) == [("talk", "closed")]
    stub.take(Redirects([Redirect("case:k", "customer:c", 1)]))
    (wanted,) = stub.outcome.wanted
    assert stub.happen(touch(2, "call", "customer:c")) == []
    assert seen(stub.answer(wanted, FACTS)) == [("case", "closed"), ("talk", "closed"), ("angry", "open")]


def test_what_belongs_to_no_journey_needs_nothing_back() -> None:
    """What a customer's touchpoints gave to the whole stays there; only when it moves it is to be complete."""
    alone = Alone(CASE, TALK)
    alone.happen(touch(0, "call", "customer:c"))
    alone.clock(60)
    assert alone.kept("customer:c", "customer:c") == (0, 1)
    assert ("angry", "open") in seen(alone.happen(touch(61, "call", "customer:c")))
    assert (alone.outcome.wanted, alone.kept("customer:c", "customer:c")) == ([], (1, 1))


def test_the_closing_of_the_books_needs_nothing_back(stub: Alone) -> None:
    assert stub.clock(40, final=40) == []
    assert (stub.outcome.wanted, stub.kept("case:k", "case:k")) == ([], (0, 3))


def test_what_came_too_late_needs_nothing_back(stub: Alone) -> None:
    late = touch(0.5, "ask")
    late.too_late = True
    assert (stub.happen(late), stub.outcome.wanted) == ([], [])


SECOND = CASE.replace("version: 1", "version: 2").replace("within: 2h", "within: 1h")
OTHER = CASE.replace("journey: case", "journey: second")
ANGRIER = TALK.replace("version: 1", "version: 2").replace("at_least: 2", "at_least: 3")
LONGER = "journey: talk\nversion: 2\ninstance: {episode: {gap: 9h}}\nopens: call\n"


@pytest.mark.parametrize(
    ("since_hour", "texts", "needed"),
    [
        (50, [CASE, TALK], False),
        (50, [SECOND, TALK], False),
        (1, [SECOND, TALK], True),
        (NEVER // HOUR_MS, [SECOND, TALK], True),
        (50, [CASE, TALK, OTHER], True),
        (50, [CASE, ANGRIER], True),
        (50, [CASE, LONGER], False),
        (12, [CASE, LONGER], True),
    ],
    ids=["the same", "later on", "in its time", "rejudged", "another", "of persons", "episodes later on", "episodes at once"],
)
def test_definitions_ask_for_what_they_judge_otherwise(stub: Alone, since_hour: int, texts: list[str], needed: bool) -> None:
    """It is 13 o'clock, and the case was solved at 2.  A definition that was not there judges everything that there ever was."""
    bundle = bundle_of((f"{number}.yaml", text) for number, text in enumerate(texts))
    stub.bundles[bundle.content_hash] = bundle
    assert stub.take(Activation(bundle.content_hash, since_hour * HOUR_MS)) == []
    assert bool(stub.outcome.wanted) == needed
