"""What judging one instance of a definition yields: its journey, its breakages, and when to look again.

Pure columns only: no row here depends on when or in which order touchpoints arrived.  Times are epoch milliseconds UTC.
Nothing here can hold itself (`gc=False`): it goes when nobody holds it, without the collector's help.
"""

import msgspec

from streams.core.touchpoint import Scalar


class Clock(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """How far event time has advanced.  Nothing has been said yet: `NEVER`."""

    ms: int
    final_ms: int  # up to here the books are closed: `within: journey` is judged for what opened by then


NEVER = -(1 << 62)
UNKNOWN = Clock(NEVER, NEVER)


class Proof(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A touchpoint that proves something, and its role in it (`opened`, `after`, `made`, `kept`, `of`, ...)."""

    source: str
    event_id: str
    occurred_at: int
    action: str
    role: str


class Stage(msgspec.Struct, array_like=True, frozen=True, gc=False):
    name: str
    entry: int  # 1 for the first time, 2 for the second ...
    started_at: int
    ended_at: int | None
    duration_s: float | None  # may be negative: the touchpoints came against their declared order
    working_s: float | None  # the same in the hours of the stage's calendar
    started_by: str  # event id
    ended_by: str


class PromiseState(msgspec.Struct, array_like=True, frozen=True, gc=False):
    name: str
    occurrence: str  # empty, or `source/event id` of the touchpoint that made it when `per: occurrence`
    state: str  # open, kept, kept_late, overdue, released
    made_at: int
    first_due_at: int
    due_at: int  # the last due
    settled_at: int | None  # when kept or released
    margin_s: float | None  # kept: settled - due; early is negative
    revisions: int
    made_by: str  # event ids
    settled_by: str


class Fact(msgspec.Struct, array_like=True, frozen=True, gc=False):
    name: str
    value: Scalar


class Journey(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One instance of a definition for one person."""

    definition: str
    definition_version: int
    instance: str
    state: str  # open or closed
    outcome: str  # name under `closes`, `expired`, or empty
    opened_at: int
    closed_at: int | None
    first_at: int
    last_at: int
    touchpoints: int
    opened_by: str  # event id
    region: str  # of the opening touchpoint
    channel: str
    effort: float
    backfilled: bool  # opened by a touchpoint of a history load
    stages: tuple[Stage, ...]
    promises: tuple[PromiseState, ...]
    facts: tuple[Fact, ...]


class Breakage(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A rule that a journey broke.  (definition, rule, instance, occurrence) is its cause, without the person."""

    definition: str
    definition_version: int
    instance: str
    rule: str
    occurrence: str
    state: str  # open or recovered; in a row that is said also withdrawn or moved
    severity: str
    owner: str
    runbook: str
    due_at: int | None  # until when it could still have been met
    broken_at: int  # event time from which it is broken
    recovered_at: int | None
    region: str
    channel: str
    backfilled: bool
    evidence: tuple[Proof, ...]
    facts: tuple[Fact, ...]


class Lived(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What rules over a person's journeys know of one."""

    definition: str
    instance: str
    opened: Proof  # its opening touchpoint
    sequence: int  # of that touchpoint
    closed_at: int | None
    region: str
    channel: str
    backfilled: bool
    facts: tuple[Fact, ...]


class Verdict(msgspec.Struct, array_like=True, frozen=True, gc=False):
    journey: Journey | None  # None: nothing opened it
    breakages: tuple[Breakage, ...]
    next_deadline: (
        int | None
    )  # the verdict may change once the clock is past this; None: only by a touchpoint or the books' closing
    lived: Lived | None = None
