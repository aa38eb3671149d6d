"""A definition as it is judged by: names resolved, selectors numbered, each action's meaning found once."""

from collections.abc import Callable
from dataclasses import dataclass

from streams.core.definition.change import Changes
from streams.core.definition.classify import Classifier
from streams.core.definition.concerns import Concerns
from streams.core.definition.condition import Holds
from streams.core.definition.due import Due
from streams.core.definition.length import Length
from streams.core.definition.model import Definition
from streams.core.definition.read import Read
from streams.core.touchpoint import Scalar

Slot = int  # number of a selector; what a journey has of it is found under this number
NOTHING: Slot = 0  # the selector that selects nothing


@dataclass(frozen=True, slots=True)
class KeepPlan:
    name: str
    of: Slot
    read: Read | None
    take: str
    at_first: Scalar | None


@dataclass(frozen=True, slots=True)
class StagePlan:
    name: str
    begins: Slot
    ends: Slot
    each: bool
    match: Read | None
    working_ms: Callable[[int, int, str], int] | None  # (from, to, region); None: all time is working time
    paused: bool


@dataclass(frozen=True, slots=True)
class PromisePlan:
    name: str
    made: Slot
    revised: Slot
    kept: Slot
    released: Slot
    due: Due
    each: bool
    match: Read | None
    paused: Length | None  # how the time until a due is counted where pauses hold it up
    slots: frozenset[Slot]
    due_by_facts: bool


@dataclass(frozen=True, slots=True)
class PromiseRulePlan:
    of: str
    when: frozenset[str]  # empty: only `revised` counts
    against_first: bool
    revised: int


@dataclass(frozen=True, slots=True, eq=False)  # each is itself: what is known of its waits is found under it
class AbsencePlan:
    after: Slot
    of: Slot
    within: Length | None  # None: as long as the journey lasts
    waits: str
    unless: Slot
    until: Slot
    same: tuple[Read, ...]
    paused: bool


@dataclass(frozen=True, slots=True)
class CountPlan:
    of: Slot
    at_least: int
    within: Length | None  # None: the whole journey
    distinct: Read | None
    same: tuple[Read, ...]
    until: Slot
    resets: bool


@dataclass(frozen=True, slots=True)
class StepsPlan:
    steps: tuple[Slot, ...]
    within: Length | None
    without: Slot
    same: tuple[Read, ...]
    next: bool
    counts_first: bool


@dataclass(frozen=True, slots=True)
class OrderPlan:
    begins: tuple[Slot, ...]  # of the stages, as they are declared to follow


@dataclass(frozen=True, slots=True)
class ThresholdPlan:
    of: Slot
    read: Read
    holds: Holds
    take: str


@dataclass(frozen=True, slots=True)
class CountJourneysPlan:
    at_least: int
    within: Length | None
    same: tuple[str, ...]  # paths of journeys
    resets: bool


@dataclass(frozen=True, slots=True)
class JourneysPlan:
    """Journeys that follow one another."""

    same: tuple[str, ...]
    next: bool
    from_closed: bool
    to_closed: bool
    at_least: Length | None
    at_most: Length | None


Primitive = AbsencePlan | PromiseRulePlan | CountPlan | StepsPlan | OrderPlan | ThresholdPlan | CountJourneysPlan | JourneysPlan


@dataclass(frozen=True, slots=True)
class RulePlan:
    name: str
    primitive: Primitive
    each: bool
    conditions: tuple[tuple[str, str, Holds], ...]  # (outcome, promise or keeps; name; what must hold)
    severity: str
    owner: str
    runbook: str
    heals: Slot
    recovers_within: Length | None
    breaks: tuple[str, ...]  # what it looks at among breakages: JOURNEY.RULE, JOURNEY.*, *
    slots: frozenset[Slot]  # what it looks at among touchpoints
    promise: str | None  # what it is over
    always: bool  # it looks at the whole journey: at its outcome, its facts, its end, its breakages
    level: int  # how many rules it may stand behind, each looking at the breakages of the one before


@dataclass(frozen=True, slots=True)
class Instances:
    """What is one journey: all that carries one identifier of a type; else the person, or each of its episodes."""

    kind: str  # the identifier type; empty: of all touchpoints of a person
    gap: Length | None = None  # the silence that ends an episode
    by: Read | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """What `judge` works with.  `definition` is where it came from."""

    definition: Definition
    name: str
    version: int
    instances: Instances
    calendars: frozenset[str]
    classifier: Classifier
    changes: Changes
    opens: Slot
    closes: tuple[tuple[str, Slot], ...]
    takes_first_outcome: bool
    reopens: bool
    ignores_after_close: bool
    expires: Length | None
    pauses: tuple[Slot, Slot] | None
    keeps: tuple[KeepPlan, ...]
    stages: tuple[StagePlan, ...]
    promises: tuple[PromisePlan, ...]
    continues: bool  # a touchpoint behind all others changes nothing of what the others mean
    journey_rules: tuple[RulePlan, ...]  # those that look at breakages behind those that they look at
    concerns: Concerns
    person_rules: tuple[RulePlan, ...]
    rules: tuple[RulePlan, ...]  # all of them
    adopts: frozenset[Slot]  # what a person's touchpoints are told by: a journey of the person takes these
    watched: frozenset[Slot]  # what its rules over a person look at
    watches_all: bool
    watches_changes: bool
    compares_journeys: bool  # a rule over a person looks at its journeys

    @property
    def needs_person(self) -> bool:
        """Whether anything of it is judged over all touchpoints of a person."""
        return not self.instances.kind or bool(self.person_rules)
