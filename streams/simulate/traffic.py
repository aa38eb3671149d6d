"""Many stories at once, as they arrive: some touchpoints late, some twice.  A function of its arguments, wall clock or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, NamedTuple

from streams.simulate import case, order
from streams.simulate.story import Expected, Person, Story, drawn

LONGEST_S = max(order.LONGEST_S, case.LONGEST_S)
LATEST_S = 90.0  # how much later than it happened a touchpoint may arrive
LATE, TWICE = 0.05, 0.03  # shares
TOUCHPOINTS_A_STORY = 4.7  # roughly, for the rate
_WINDOW_S = 1.0  # stories are drawn for so long at once
_KINDS = {"order": 5, "case": 3, "visit": 3}


class Arrival(NamedTuple):
    at_ms: int  # when it reaches the input topic; never before it happened
    number: int  # decides between arrivals of the same time
    record: dict[str, Any]  # the touchpoint, as schemas/touchpoint names it


@dataclass(frozen=True)
class Traffic:
    """Stories begin for `span_s` seconds from `start_ms` on, None: without end.  `rate`: touchpoints per second, about."""

    seed: int
    customers: int
    start_ms: int
    span_s: float | None = None
    rate: float = 50.0

    def windows(self) -> Iterator[tuple[list[Arrival], list[Expected]]]:
        """Arrivals in order, a stretch of time at once, and what the stories that begin in it break."""
        waiting: list[Arrival] = []
        numbers = count()
        for window in count():
            begins_s = window * _WINDOW_S
            if self.span_s is not None and begins_s >= self.span_s:
                break
            stories = self._stories(window)
            for story in stories:
                for at_ms, record in _arrivals(story, self._random(f"{window}/{story.instance}")):
                    heappush(waiting, Arrival(at_ms, next(numbers), record))
            ends_ms = self.start_ms + round((begins_s + _WINDOW_S) * 1_000)
            yield _before(waiting, ends_ms), [each for story in stories for each in story.breaks]
        yield sorted(waiting), []

    def settled_ms(self, span_s: float) -> int:
        """By then every story that began in the span has ended, and every deadline in it has passed."""
        return self.start_ms + round((span_s + LONGEST_S) * 1_000)

    def _stories(self, window: int) -> list[Story]:
        random, begins_s, stories = self._random(str(window)), window * _WINDOW_S, list[Story]()
        ends_s = begins_s + _WINDOW_S if self.span_s is None else min(begins_s + _WINDOW_S, self.span_s)
        while (begins_s := begins_s + random.expovariate(self.rate / TOUCHPOINTS_A_STORY)) < ends_s:
            instance = f"{self.start_ms:x}-{self.seed}-{window}-{len(stories)}"
            person = Person(random.randrange(self.customers))
            stories.append(_told(instance, person, self.start_ms + round(begins_s * 1_000), random))
        return stories

    def _random(self, part: str) -> Random:
        return Random(f"{self.seed}/{part}")  # noqa: S311 - made-up traffic is to be repeatable, not secret


@dataclass(frozen=True)
class Plan:
    """All of it, for a test: arrivals in order, the truth, and the time by which it holds."""

    arrivals: list[Arrival]
    truth: list[Expected]
    settled_ms: int


def plan(seed: int, customers: int, start_ms: int, span_s: float, rate: float = 50.0) -> Plan:
    traffic = Traffic(seed, customers, start_ms, span_s, rate)
    windows = list(traffic.windows())
    arrivals = [arrival for several, _ in windows for arrival in several]
    return Plan(arrivals, [expected for _, truth in windows for expected in truth], traffic.settled_ms(span_s))


def _told(instance: str, person: Person, begins_ms: int, random: Random) -> Story:
    kind = drawn(random, _KINDS)
    if kind == "visit":
        return _visit(Story("", "", f"v{instance}", person, begins_ms), random)
    module = {"order": order, "case": case}[kind]
    story = Story(module.DEFINITION, module.KIND, f"{kind[0]}{instance}", person, begins_ms)
    module.tell(story, random)
    return story


def _visit(story: Story, random: Random) -> Story:
    """Somebody looks around: no journey takes it."""
    channel = drawn(random, {"web": 3, "app": 2})
    for page in range(random.randrange(1, 4)):
        story.step(page * random.uniform(1, 5), "page.viewed", "shop", channel, "product", direction="inbound")
    return story


def _arrivals(story: Story, random: Random) -> Iterator[tuple[int, dict[str, Any]]]:
    for record in story.records:
        late_s = random.uniform(1, LATEST_S) if random.random() < LATE else 0.0
        at_ms = record["occurred_at"] + round(late_s * 1_000)
        yield at_ms, record
        if random.random() < TWICE:
            yield at_ms + random.randrange(20_000), record


def _before(waiting: list[Arrival], ends_ms: int) -> list[Arrival]:
    arrivals = []
    while waiting and waiting[0].at_ms < ends_ms:
        arrivals.append(heappop(waiting))
    return arrivals
