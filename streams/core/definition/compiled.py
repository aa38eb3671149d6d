"""A definition as it is judged by: names resolved, selectors numbered, each action's meaning found once."""

from dataclasses import dataclass

from streams.core.definition.classify import Classifier
from streams.core.definition.condition import Holds
from streams.core.definition.due import Due, Length
from streams.core.definition.model import Definition
from streams.core.definition.select import Read

Slot = int  # number of a selector; what a journey has of it is found under this number
NOTHING: Slot = 0  # the selector that selects nothing


@dataclass(frozen=True, slots=True)
class KeepPlan:
    name: str
    of: Slot
    read: Read | None
    take: str


@dataclass(frozen=True, slots=True)
class StagePlan:
    name: str
    begins: Slot
    ends: Slot
    each: bool
    match: Read | None


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


@dataclass(frozen=True, slots=True)
class PromiseRulePlan:
    of: str
    when: frozenset[str]  # empty: only `revised` counts
    against_first: bool
    revised: int


@dataclass(frozen=True, slots=True)
class AbsencePlan:
    after: Slot
    of: Slot
    within: Length | None  # None: as long as the journey lasts
    waits: str
    unless: Slot
    until: Slot
    same: tuple[Read, ...]


@dataclass(frozen=True, slots=True)
class RulePlan:
    name: str
    primitive: PromiseRulePlan | AbsencePlan
    each: bool
    conditions: tuple[tuple[str, str, Holds], ...]  # (outcome, promise or keeps; name; what must hold)
    severity: str
    owner: str
    runbook: str
    heals: Slot
    recovers_within_ms: int | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """What `judge` works with.  `definition` is where it came from."""

    definition: Definition
    name: str
    version: int
    instance_type: str
    classifier: Classifier
    opens: Slot
    closes: tuple[tuple[str, Slot], ...]
    takes_first_outcome: bool
    reopens: bool
    ignores_after_close: bool
    expires_ms: int | None
    keeps: tuple[KeepPlan, ...]
    stages: tuple[StagePlan, ...]
    promises: tuple[PromisePlan, ...]
    rules: tuple[RulePlan, ...]
