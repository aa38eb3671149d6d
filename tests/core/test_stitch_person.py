"""What one partition says of a whole person, step by step."""

from typing import Any

from streams.core.definition import bundle_of
from streams.core.log import Activation, IdentityClock, IntakeClock, Touchpoints, pack
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.store import MemoryStore
from streams.core.touchpoint import Touchpoint, content_hash, id_of
from streams.core.verdict import NEVER

HOUR_MS = 3_600_000
CONTACT = """
journey: contact
version: {version}
instance: {{episode: {{gap: 6h}}}}
opens: call
closes: {{solved: solved}}
breakages:
  unanswered: {{absence: {{after: call, of: answer, within: {within}, waits: last}}}}
  angry: {{count: {{of: call, at_least: {many}, within: 100h}}, scope: person, per: person}}
"""


class Alone:
    """A single partition, fed record by record."""

    def __init__(self) -> None:
        self.bundles = {}
        self.log: list[bytes] = []
        self.store = MemoryStore()
        self.partition = Partition(0, 1, self.store, Judge(self.bundles.__getitem__))
        self.partition.restore("life")

    def apply(self, since_ms: int = NEVER, **values: Any) -> list[tuple[str, str, str]]:
        bundle = bundle_of([("contact.yaml", CONTACT.format(**values))])
        self.bundles[bundle.content_hash] = bundle
        return self.take(Activation(bundle.content_hash, since_ms))

    def happen(self, hour: float, action: str, order: str = "") -> list[tuple[str, str, str]]:
        at_ms = round(hour * HOUR_MS)
        pairs = (("order", order),) if order else (("customer", "c"),)
        content = (at_ms, 0, f"{action}@{hour}", "s", "human", "phone", action, "inbound", pairs, {}, "", "", "", "")
        return self.take(Touchpoints([Touchpoint(*content, "customer:c", content_hash(content))]))

    def clock(self, hour: float) -> list[tuple[str, str, str]]:
        ms = round(hour * HOUR_MS)
        self.take(IdentityClock(ms, NEVER, 0))
        return self.take(IntakeClock(1, {0: ms}, {0: NEVER}))

    def take(self, record: Any) -> list[tuple[str, str, str]]:
        """-> (what, instance, state) of every row that is said."""
        self.log.append(pack(record))
        self.rows = self.partition.step([(len(self.log) - 1, self.log[-1])], 0).rows
        journeys = [("journey", row["instance"], row["state"]) for row in self.rows.journeys]
        return [*journeys, *((row["rule"], row["instance"], row["state"]) for row in self.rows.breakages)]


FIRST, SECOND, PERSON = "s/call@0", "s/call@10", id_of("customer:c")


def test_an_episode_that_another_takes_in_goes_as_moved_with_its_breakages() -> None:
    alone = Alone()
    alone.apply(version=1, within="2h", many=3)
    alone.happen(0, "call")
    alone.happen(10, "call")
    assert set(alone.clock(13)) == {("journey", FIRST, "closed"), ("unanswered", FIRST, "open"), ("unanswered", SECOND, "open")}
    assert set(alone.happen(5, "answer")) == {
        ("journey", FIRST, "open"),
        ("journey", SECOND, "moved"),
        ("unanswered", FIRST, "open"),
        ("unanswered", SECOND, "moved"),
    }


def test_a_late_answer_withdraws_what_is_true_of_one_person_only() -> None:
    alone = Alone()
    alone.apply(version=1, within="2h", many=2)
    alone.happen(0, "call")
    assert ("angry", PERSON, "open") in alone.happen(1, "call")
    assert alone.clock(4) == [("unanswered", FIRST, "open")]
    assert ("unanswered", FIRST, "withdrawn") in alone.happen(2, "answer")


def test_versions_judge_what_opens_or_breaks_in_their_time() -> None:
    alone = Alone()
    alone.apply(version=1, within="2h", many=2)
    alone.happen(0, "call")
    assert ("angry", PERSON, "open") in alone.happen(1, "call")
    assert alone.apply(since_ms=5 * HOUR_MS, version=2, within="1h", many=3) == []
    alone.happen(20, "call")
    versions = {row["instance"]: row["definition_version"] for row in alone.rows.journeys}
    assert versions == {"s/call@20": 2}
    assert alone.clock(21.5)[-1] == ("unanswered", "s/call@20", "open")


def test_nothing_is_kept_of_a_whole_that_no_definition_looks_at() -> None:
    alone = Alone()
    alone.apply(version=1, within="2h", many=2)
    alone.happen(0, "paid")
    assert sum(key[:1] == b"b" for key, _ in alone.store.items()) == 1
    alone.happen(1, "call")
    assert sum(key[:1] == b"b" for key, _ in alone.store.items()) == 2
