"""A person who is erased is gone from state, topics and tables, stays gone, and nobody else notices."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from streams.topology import TOUCHPOINTS
from streams.worker import environment
from tests.fixtures.commands import Command
from tests.fixtures.pipeline import Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, Record, touch
from tests.integration.definitions import FIRST
from tests.metrics.pages import AGENTS, fetch, free_ports, total

KEY = "what the tests keep to themselves"
BEGIN_MS = 1_600_000_000_000
HERS = ("customer:maria-4711", "email:maria@casa.test", "order:order-of-maria", "case:case-of-maria")
BROKEN = {"event_id": "maria broke", "source": "test", "identifiers": [{"type": "email", "value": "Maria@Casa.test"}]}
CUT = b'{"identifiers": [{"type": "customer", "value": "maria-4711"'
OTHERS = """
SELECT definition, instance, person_id, state, outcome, opened_at, closed_at, effort, region FROM v_journeys
WHERE instance NOT LIKE '%maria%' ORDER BY ALL
"""
OTHERS_BROKEN = """
SELECT definition, rule, instance, occurrence, person_id, state, due_at, broken_at FROM v_breakage_history
WHERE instance NOT LIKE '%maria%' ORDER BY ALL
"""
COUNTED = "SELECT definition, kind, name, sum(n) FROM v_journey_minutes GROUP BY ALL ORDER BY ALL"
STANDING = "SELECT count() FROM v_journeys"
DESCRIBED = "SELECT count() FROM v_person_attributes WHERE person_id NOT IN (SELECT person_id FROM v_journeys)"


def life_of(name: str, customer: str, begin_ms: int = BEGIN_MS) -> list[Record]:
    """An order that is late, a case that nobody answers, an e-mail that says who both are, and what the person is."""
    order, case, due = {"order": f"order-of-{name}"}, {"case": f"case-of-{name}"}, {"due": begin_ms + DAY_MS, "amount": 5.0}
    person = {"customer": customer}
    return [
        touch("order.purchased", begin_ms, {**order, **person}, due),
        touch("order.delivered", begin_ms + 3 * DAY_MS, order),
        touch("site.visited", begin_ms + HOUR_MS, {**person, "email": f"{name}@casa.test"}),
        touch("case.opened", begin_ms + 4 * DAY_MS, {**case, "email": f"{name}@casa.test"}, {"phone_said": "none"}),
        touch("case.asked", begin_ms + 4 * DAY_MS + 1, case),
        touch("person.described", begin_ms, {**person, "email": f"{name}@casa.test"}, {"person_tier": "gold"}),
    ]


OF_BOTH = touch("case.asked", BEGIN_MS + 5 * DAY_MS, {"order": "order-of-otto", "customer": "maria-4711"})
CONSENTS = [
    touch(f"consent.{state}", BEGIN_MS + at * HOUR_MS, {"customer": "maria-4711"}, {"purpose": purpose})
    for at, state, purpose in ((5, "granted", "marketing"), (6, "granted", "surveys"), (7, "withdrawn", "marketing"))
]
MARIA = [*life_of("maria", "maria-4711"), *CONSENTS, OF_BOTH]
OTTO = [*life_of("otto", "otto-4712"), *life_of("olga", "olga-4713")]


class Shop:
    """A worker that has taken in the lives of three people."""

    def __init__(self, pipelines: Pipelines) -> None:
        self.port = free_ports()
        self.pipeline = pipelines(FIRST, erasure_secret=KEY, metrics_port=self.port)
        self.pipeline.start()
        self.take_in(30)
        self.pipeline.eventually("SELECT count() FROM receipts", [(3,)])
        self.others = self.of_others()

    def of_others(self) -> list[Any]:
        return [self.pipeline.query(OTHERS), self.pipeline.query(OTHERS_BROKEN)]

    def take_in(self, day: int) -> None:
        self.pipeline.send([*OTTO, *MARIA], "json")
        self.pipeline.put(TOUCHPOINTS, json.dumps(BROKEN).encode())
        self.pipeline.put(TOUCHPOINTS, CUT)
        self.pipeline.put(TOUCHPOINTS, b'{"identifiers": [{"type": "customer", "value": "otto-4712"}]}')
        self.pipeline.settle(BEGIN_MS + day * DAY_MS)

    def suppressed(self) -> float:
        return total(fetch(self.port + AGENTS.index("intake"), "/metrics")[1], "throughline_suppressed_records_total")

    def left(self, *options: str, code: int = 0, of: Sequence[str] = HERS) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.pipeline.command("person", "erased", *of, "--verify", "--json", *options, code=code)
        )
        return found


@pytest.fixture(scope="module")
def shop(broker: Broker, clickhouse: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Pipelines(broker, clickhouse, tmp_path_factory.mktemp("erasure"))
    yield Shop(made)
    made.close()


def test_before_there_is_something_everywhere(shop: Shop) -> None:
    """Otherwise what follows would show nothing."""
    found = {(each["place"], each["kind"]) for each in shop.left("--ignore-retention", code=5)["left"]}
    tables = {"touchpoints", "journeys", "breakages", "people", "pairs", "receipts", "redirects", "minute_entries", "said"}
    assert {place for place, kind in found if kind == "table"} == {*tables, "rejected_touchpoints"}
    compacted = {"person.state", "identity.state", "identity.people", "identity.pairs", "journeys", "breakages"}
    assert {place for place, kind in found if kind == "stands"} == compacted
    raw = {"touchpoints", "touchpoints.rejected", "person.log", "person.routes", "identity.links", "identity.receipts"}
    assert {place for place, kind in found if kind == "retention"} == raw


def test_a_person_can_have_everything_that_is_known_of_it(shop: Shop) -> None:
    told = json.loads(shop.pipeline.command("person", "export", "order:order-of-maria"))
    assert {f"{each['identifier_type']}:{each['identifier_value']}" for each in told["identifiers"]} == set(HERS)
    assert {each["event_id"] for each in told["touchpoints"]} == {each["event_id"] for each in MARIA}
    assert {"due": BEGIN_MS + DAY_MS, "amount": 5.0} in [each["attributes"] for each in told["touchpoints"]]
    assert [each["definition"] for each in told["journeys"]] == ["order", "service_case"]
    assert [each["state"] for each in told["promises"]] == ["kept_late"]
    assert {(each["rule"], len(each["evidence"])) for each in told["breakages"]} == {("late", 2), ("unanswered", 1)}
    assert [(each["name"], each["value"]) for each in told["attributes"]] == [("tier", "gold")]
    assert [(each["purpose"], each["state"]) for each in told["consents"]] == [("marketing", "withdrawn"), ("surveys", "granted")]
    assert told["purposes"] == [{"purpose": "marketing", "touchpoints": 2}, {"purpose": "surveys", "touchpoints": 1}]
    assert sorted(each["reason"] for each in told["rejected"]) == ["missing_field", "undecodable"]
    assert len(told["links"]) == len(told["receipts"]) == 1
    for other in ("otto-4712", "olga"):
        assert other not in json.dumps(told)


def test_one_who_is_erased_is_gone_and_nobody_else_notices(shop: Shop) -> None:
    done = json.loads(shop.pipeline.command("person", "erase", "email:MARIA@Casa.test ", "--why", "asked for it", "--json"))
    assert set(done["identifiers"]) == set(HERS)
    assert all(done["rows"].values())
    _gone(shop)
    shop.pipeline.command("person", "export", HERS[0], code=1)
    assert shop.pipeline.query("SELECT sum(n) FROM v_journey_minutes WHERE kind = 'opened'") == shop.pipeline.query(STANDING)
    assert shop.pipeline.query("SELECT count() FROM v_rejected") == [(1,)]


def test_what_comes_again_is_dropped_and_counted(shop: Shop) -> None:
    before = shop.suppressed()
    shop.take_in(31)
    assert shop.suppressed() - before == len(MARIA) + 2
    _gone(shop)
    assert shop.pipeline.query("SELECT count() FROM v_rejected") == [(2,)]


def test_to_erase_once_more_changes_nothing(shop: Shop) -> None:
    shop.pipeline.command("person", "erase", HERS[0], "--why", "once more")
    _gone(shop)


def test_a_worker_that_is_killed_right_after_forgets_nothing_of_what_it_is_to_forget(shop: Shop) -> None:
    shop.pipeline.command("person", "erase", "customer:olga-4713", "--why", "asked for it, too")
    shop.pipeline.workers[-1].kill()
    shop.others = shop.of_others()
    shop.pipeline.start()
    before = shop.pipeline.query("SELECT count() FROM v_touchpoints")
    shop.take_in(32)
    _gone(shop)
    assert shop.pipeline.query("SELECT count() FROM v_touchpoints") == before
    assert not [row for row in shop.pipeline.query(OTHERS) if "olga" in row[1]]


@pytest.mark.parametrize("after_s", [0.8, 2.4])
def test_an_erasure_that_dies_on_its_way_is_brought_to_its_end_by_repeating_it(shop: Shop, after_s: float) -> None:
    """The command and the worker are killed, at the beginning, in the middle and towards the end."""
    name = f"zoe{after_s:g}".replace(".", "")
    hers = (f"customer:{name}-1", f"email:{name}@casa.test", f"order:order-of-{name}", f"case:case-of-{name}")
    pipeline = shop.pipeline
    shop.others = shop.of_others()
    begin_ms = BEGIN_MS + round(40 + 10 * after_s) * DAY_MS  # none of it is too late
    pipeline.send(life_of(name, f"{name}-1", begin_ms), "json")
    pipeline.settle(begin_ms + 6 * DAY_MS)
    said = pipeline.folder / f"erase-{name}"
    asked = ["person", "erase", hers[0], "--why", "asked for it"]
    erasing = Command(asked, pipeline.folder, environment(pipeline.settings), said, said)
    time.sleep(after_s)
    erasing.kill()
    erasing.wait()
    pipeline.workers[-1].kill()
    pipeline.start()
    pipeline.command(*asked)
    _gone(shop, hers)


def test_without_the_secret_nothing_is_erased(shop: Shop) -> None:
    settings = shop.pipeline.settings
    shop.pipeline.settings = settings.model_copy(update={"erasure_secret": None})
    shop.pipeline.command("person", "erase", HERS[0], "--why", "no secret", code=3)
    shop.pipeline.settings = settings


def _gone(shop: Shop, of: Sequence[str] = HERS) -> None:
    """What lies in raw topics, and waits for compaction, is listed with the day until when; nothing else is there."""
    told = shop.left(code=5, of=of)
    unexpected = [each for each in told["left"] if each["kind"] not in ("retention", "compaction")]
    assert not unexpected
    assert all(each["until"] for each in told["left"])
    assert shop.left("--ignore-retention", of=of)["left"] == told["left"]
    assert shop.of_others() == shop.others
    assert shop.pipeline.query(DESCRIBED) == [(0,)]
    verified = json.loads(shop.pipeline.command("verify", "--json"))
    assert (verified["differences"], verified["settled"]) == (0, True)
