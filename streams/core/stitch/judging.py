"""Judge one bucket: gather its touchpoints, ask each definition that takes its key as instance, and say what changed."""

from collections.abc import Callable

import msgspec

from streams.core.definition import Bundle, Compiled
from streams.core.journey import judge
from streams.core.log import Activation
from streams.core.stitch.opened import Opened
from streams.core.stitch.rows import (
    Moment,
    Row,
    before_of,
    breakage_row,
    digest,
    gone_journey_row,
    journey_row,
    person_id,
)
from streams.core.stitch.state import Entry, Standing
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import Clock, Journey, Verdict

NOTHING = Verdict(None, (), None)


class Rows(msgspec.Struct):
    """Records for the topics `journeys` and `breakages`."""

    journeys: list[Row] = []
    breakages: list[Row] = []


class _Versions:
    """One definition in all its activated versions, the newest activation first."""

    def __init__(self) -> None:
        self.known: list[tuple[int, Compiled]] = []

    def judge(self, instance: str, touchpoints: list[Touchpoint], clock: Clock) -> Verdict:
        """By the version effective at the journey's opening, whatever the order in which versions and touchpoints came."""
        verdict = NOTHING
        for effective_from_ms, definition in self.known:
            verdict = judge(definition, instance, touchpoints, clock)
            if verdict.journey is None or verdict.journey.opened_at >= effective_from_ms:
                break
        return verdict


class Judge:
    """`load` finds a published bundle by its content hash."""

    def __init__(self, load: Callable[[str], Bundle]) -> None:
        self._load = load
        self._by_type: dict[str, dict[str, _Versions]] = {}

    def activate(self, activations: list[Activation]) -> None:
        """Take these and no others.  Of two with the same `effective_from_ms` the later in the log wins."""
        self._by_type = {}
        newest_first = sorted(enumerate(activations), key=lambda at: (-at[1].effective_from_ms, -at[0]))
        for _, activation in newest_first:
            for kind, definitions in self._load(activation.bundle).by_instance_type.items():
                named = self._by_type.setdefault(kind, {})
                for definition in definitions:
                    named.setdefault(definition.name, _Versions()).known.append((activation.effective_from_ms, definition))

    def judge(self, opened: Opened, clock: Clock, now_ms: int, rows: Rows) -> int | None:
        """Append what changed to `rows`.  -> the deadline after which this bucket is to be judged again."""
        kind, _, instance = opened.key.partition(":")
        named = self._by_type.get(kind)
        bucket = opened.bucket
        if named is None and not bucket.entries:
            return None
        touchpoints = opened.ordered()
        address_id, redirects = person_id(opened.key), bucket.number if touchpoints else 0
        moment = Moment(person_id(opened.person), address_id, opened.version, redirects, clock.ms, now_ms)
        entries = {entry.definition: entry for entry in bucket.entries}
        deadlines = []
        for name in {**entries, **(named or {})}:
            verdict = named[name].judge(instance, touchpoints, clock) if named and name in named and touchpoints else NOTHING
            entry = entries.setdefault(name, Entry(name))
            _say(entry, instance, verdict, rows, moment, moved=opened.moving)
            if verdict.next_deadline is not None:
                deadlines.append(verdict.next_deadline)
        bucket.entries = [entry for entry in entries.values() if entry.journey or entry.breakages]
        return min(deadlines, default=None)


def _say(entry: Entry, instance: str, verdict: Verdict, rows: Rows, moment: Moment, *, moved: bool) -> None:
    _say_journey(entry, instance, verdict.journey, rows.journeys, moment)
    standing = {(kept.row.rule, kept.row.occurrence): kept for kept in entry.breakages}
    now_standing = []
    for breakage in verdict.breakages:
        before = standing.pop((breakage.rule, breakage.occurrence), None)
        if before is None or before.row != breakage:
            detected_at = before.detected_at if before else moment.now_ms
            rows.breakages.append(breakage_row(breakage, breakage.state, detected_at, before, moment))
            before = Standing(breakage, moment.version, detected_at)
        now_standing.append(before)
    for before in standing.values():
        state = "moved" if moved else "withdrawn"
        rows.breakages.append(breakage_row(before.row, state, before.detected_at, before, moment))
    entry.breakages = now_standing


def _say_journey(entry: Entry, instance: str, journey: Journey | None, rows: list[Row], moment: Moment) -> None:
    before = entry.journey
    if journey is None:
        if before is not None:
            rows.append(gone_journey_row(entry.definition, instance, before, moment))
        entry.journey = None
        return
    told = digest(journey)
    if before is None or before.digest != told:
        rows.append(journey_row(journey, before, moment))
        entry.journey = before_of(journey, told, moment.version)
