"""Simulated traffic: its truth is complete, it is the same each time, and it is as untidy as it says."""

from collections import Counter, defaultdict
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.definition import compile_definition, load
from streams.core.identifiers import load_identifiers
from streams.core.intake import Limits, touchpoint_of
from streams.core.journey import instances_of, judge
from streams.core.touchpoint import Touchpoint, order_of
from streams.core.verdict import NEVER, Clock
from streams.simulate import DEFINITIONS, case, order
from streams.simulate.story import Expected, Person, Story
from streams.simulate.traffic import LATEST_S, LONGEST_S, Plan, Traffic, plan

START_MS = 1_760_000_000_000
IDENTIFIERS = load_identifiers()
JOURNEYS = [compile_definition(load(file.read_text(encoding="utf-8"), file.name)) for file in sorted(DEFINITIONS.glob("*.yaml"))]


def touchpoints(planned: Plan) -> list[Touchpoint]:
    limits = Limits(oldest_ms=1 << 60, future_ms=1 << 60)
    found = (touchpoint_of(arrival.record, IDENTIFIERS, limits, 0) for arrival in planned.arrivals)
    return list({(each.source, each.event_id): each for each in found}.values())


def broken(planned: Plan) -> list[Expected]:
    """What the core finds once everything has come to pass."""
    journeys: dict[tuple[int, str], list[Touchpoint]] = defaultdict(list)
    for touchpoint in touchpoints(planned):
        for number, definition in enumerate(JOURNEYS):
            for instance in instances_of(definition.instances.kind, touchpoint):
                journeys[number, instance].append(touchpoint)
    clock, found = Clock(planned.settled_ms, NEVER), list[Expected]()
    for (number, instance), several in journeys.items():
        verdict = judge(JOURNEYS[number], instance, sorted(several, key=order_of), clock)
        found += [Expected(each.definition, each.rule, each.instance, each.occurrence, each.state) for each in verdict.breakages]
    return found


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_every_breakage_is_known_and_no_other_is_there(seed: int) -> None:
    """The generator knows what it injects from the fate that it drew; the core finds exactly that."""
    planned = plan(seed, 50, START_MS, span_s=5, rate=100)
    assert Counter(broken(planned)) == Counter(planned.truth)


def test_every_rule_is_broken_by_some_story() -> None:
    planned = plan(1, 200, START_MS, span_s=60, rate=200)
    expected = {(each.definition, each.rule) for each in planned.truth}
    assert expected == {(definition.name, rule.name) for definition in JOURNEYS for rule in definition.rules}


def test_a_seed_gives_the_same_traffic_each_time() -> None:
    assert plan(3, 100, START_MS, 20) == plan(3, 100, START_MS, 20)
    assert plan(3, 100, START_MS, 20).arrivals != plan(4, 100, START_MS, 20).arrivals


def test_endless_traffic_begins_like_a_plan() -> None:
    """What is sent live is what a plan says, as far as it goes."""
    planned = plan(3, 100, START_MS, span_s=20).arrivals
    endless = (arrival for arrivals, _ in Traffic(3, 100, START_MS).windows() for arrival in arrivals)
    first = [next(endless) for _ in range(500)]
    assert [arrival for arrival in first if arrival.at_ms < START_MS + 20_000] == [
        arrival for arrival in planned[:500] if arrival.at_ms < START_MS + 20_000
    ]


def test_arrivals_are_in_order_and_never_before_they_happened() -> None:
    arrivals = plan(5, 100, START_MS, 30, rate=200).arrivals
    assert [each.at_ms for each in arrivals] == sorted(each.at_ms for each in arrivals)
    delays_s = [(each.at_ms - each.record["occurred_at"]) / 1_000 for each in arrivals]
    assert min(delays_s) == 0
    assert 60 < max(delays_s) <= LATEST_S + 20


def test_some_come_late_and_some_twice() -> None:
    arrivals = plan(5, 100, START_MS, 60, rate=200).arrivals
    copies = Counter(each.record["event_id"] for each in arrivals)
    first: dict[str, int] = {}
    for each in arrivals:
        first.setdefault(each.record["event_id"], each.at_ms - each.record["occurred_at"])
    assert 0.02 < sum(number == 2 for number in copies.values()) / len(copies) < 0.04
    assert 0.04 < sum(delay_ms > 0 for delay_ms in first.values()) / len(first) < 0.06


def test_all_origins_and_channels_take_part() -> None:
    found = touchpoints(plan(5, 100, START_MS, 30, rate=200))
    assert {each.origin for each in found} == {"product", "human", "system"}
    assert {each.channel for each in found} == {"web", "app", "phone", "mail", "chat", "store", "carrier"}


def test_the_rate_is_about_what_was_asked_for() -> None:
    planned = plan(9, 1_000, START_MS, span_s=120, rate=100)
    assert 0.85 < len(planned.arrivals) / 120 / 100 < 1.15


def test_later_steps_name_the_object_alone() -> None:
    """Carrier, approval and the like know the order's number, not the customer: the pipeline finds whose it is."""
    for touchpoint in touchpoints(plan(5, 100, START_MS, 30)):
        if touchpoint.action in ("order.approved", "order.handed_to_carrier", "order.delivered", "case.answered", "case.closed"):
            assert len(touchpoint.identifiers) == 1


@given(st.integers())
def test_no_story_outlasts_what_it_says(seed: int) -> None:
    """`settled_ms` rests on it: deadlines included, of which the last is that of the resolution or a promise."""
    for module in (order, case):
        story = Story(module.DEFINITION, module.KIND, "x", Person(1), START_MS)
        module.tell(story, Random(seed))
        last_s = (max(record["occurred_at"] for record in story.records) - START_MS) / 1_000
        assert last_s + 1 <= module.LONGEST_S <= LONGEST_S
