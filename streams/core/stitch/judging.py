"""Judge a bucket by the definitions that take its key as instance, a person's whole by the others, and say what changed."""

from collections.abc import Callable, Collection, Iterable

import msgspec
from msgspec.structs import replace

from streams.core.definition import Bundle, Compiled
from streams.core.definition.length import ENDLESS_MS
from streams.core.journey.person import Personal, concerns_person, episode_name, judge_person, looks_at
from streams.core.log import Activation
from streams.core.stitch.force import Force
from streams.core.stitch.opened import Opened
from streams.core.stitch.quarantine import RECEIPT, receipt, receipt_of
from streams.core.stitch.rows import (
    Moment,
    Row,
    before_of,
    breakage_row,
    digest,
    gone_journey_row,
    journey_row,
)
from streams.core.stitch.state import Entry, Part, Standing
from streams.core.touchpoint import Touchpoint, better_copy, id_of, order_of
from streams.core.verdict import Breakage, Clock, Journey, Verdict

NOTHING = Verdict(None, (), None)
WITHDRAWN = "withdrawn"


class Rows(msgspec.Struct):
    """Records for the topics `journeys` and `breakages`."""

    journeys: list[Row] = []
    breakages: list[Row] = []

    def mark(self) -> tuple[int, int]:
        return len(self.journeys), len(self.breakages)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Take back what was appended since."""
        del self.journeys[mark[0] :], self.breakages[mark[1] :]


class Judge:
    """`load` finds a published bundle by its content hash."""

    def __init__(self, load: Callable[[str], Bundle]) -> None:
        self._load = load
        self.force = Force((), load)
        self._activations: list[Activation] = []
        self._forces: dict[int, Force] = {}  # as it was, by how many activations there were

    def activate(self, activations: list[Activation]) -> None:
        """Take these, in the order of the log, and no others."""
        self._activations = [*activations]
        self.force = Force(activations, self._load)
        self._forces = {}

    def reaches_back(self, opened: Opened, activations: int, clock: Clock) -> bool:
        """Whether what is in force now looks at touchpoints that were forgotten when the first so many activations were."""
        if activations == len(self._activations):
            return False
        if activations not in self._forces:
            self._forces[activations] = Force(self._activations[:activations], self._load)
        kind = opened.key.partition(":")[0]
        return self.force.reaches_back(self._forces[activations], kind, opened.rests_ms, clock.ms)

    def judges(self, opened: Opened) -> bool:
        """Whether the touchpoints of this address are those of a journey."""
        return bool(opened.bucket.entries) or opened.key.partition(":")[0] in self.force.by_type

    def judge(self, opened: Opened, clock: Clock, now_ms: int, rows: Rows) -> tuple[int | None, Part | None]:
        """Append what changed to `rows`.  -> when to judge this bucket again, and what of it matters for the whole person."""
        kind, _, instance = opened.key.partition(":")
        named = self.force.by_type.get(kind) or {}
        bucket, touchpoints, verdicts = opened.bucket, opened.facts, list[Verdict]()
        if named or bucket.entries or bucket.quarantined:
            moment = _moment(opened, opened.key, bucket.number if touchpoints or bucket.quarantined else 0, clock, now_ms)
            entries = {entry.definition: entry for entry in bucket.entries}
            told = entries.pop(RECEIPT, None)
            for name in {**entries, **named}:
                verdict = _judged(named[name], instance, opened, clock) if touchpoints and name in named else NOTHING
                verdicts.append(verdict)
                entry = entries.setdefault(name, Entry(name))
                _say(entry, instance, verdict.journey, verdict.breakages, rows, moment, moved=opened.moving)
            if told or bucket.quarantined:
                entries[RECEIPT] = told or Entry(RECEIPT)
                _say_journey(entries[RECEIPT], receipt_of(opened), receipt(opened), rows.journeys, moment)
            bucket.entries = [entry for entry in entries.values() if entry.journey or entry.breakages]
        return _soonest(verdicts), self._part(bucket.number, touchpoints, verdicts) if self.force.has_wholes else None

    def _part(self, number: int, touchpoints: list[Touchpoint], verdicts: list[Verdict]) -> Part | None:
        bundles = [bundle for _, bundle in self.force.bundles]
        facts = [each for each in touchpoints if not each.copied and any(concerns_person(bundle, each) for bundle in bundles)]
        lived = [verdict.lived for verdict in verdicts if verdict.lived]
        broken = [each for verdict in verdicts for each in verdict.breakages if any(looks_at(bundle, each) for bundle in bundles)]
        return Part(number, facts, lived, broken) if facts or lived or broken else None

    def judge_whole(self, whole: Opened, clock: Clock, now_ms: int, rows: Rows) -> int | None:
        """The same for what is judged over all of a person.

        An episode is shown for the owner of its first touchpoint's address: two persons may have it for a moment, one shows it.
        While touchpoints are being read back, only what is gone is said; of one that is quarantined, that it is.
        """
        person, parts, told = id_of(whole.person), whole.bucket.parts.values(), receipt(whole)
        together = _together(parts)
        found = self._personal(person, together, clock) if parts else Personal()
        addresses = {episode_name(each): each.address for each in together.facts}
        redirects = max((part.number for part in parts), default=0)
        entries = {(entry.definition, entry.instance): entry for entry in whole.bucket.entries}
        journeys = {(each.definition, each.instance): each for each in found.journeys}
        if told:
            journeys[told.definition, told.instance] = told
        broken: dict[tuple[str, str], list[Breakage]] = {}
        for each in found.breakages:
            broken.setdefault((each.definition, each.instance), []).append(each)
        awaits = bool(whole.bucket.awaited) and told is None
        for key in {**entries, **journeys, **broken}:
            entry = entries.setdefault(key, Entry(key[0], instance=key[1]))
            if awaits and (entry.journey is None or key in journeys):
                continue
            moment = _moment(whole, addresses.get(key[1], whole.person), redirects, clock, now_ms)
            _say(entry, key[1], journeys.get(key), broken.get(key, ()), rows, moment, moved=whole.moving)
        whole.bucket.entries = [entry for entry in entries.values() if entry.journey or entry.breakages]
        return None if awaits else found.next_deadline

    def _personal(self, person: str, part: Part, clock: Clock) -> Personal:
        """Each bundle judges what opened, or broke over the whole person, from its activation to the next."""
        whole, until_ms, deadlines = Personal(), ENDLESS_MS, list[int | None]()
        for since_ms, bundle in self.force.bundles:
            found = judge_person(bundle, person, part.facts, part.lived, part.breakages, clock)
            whole.lives += [each for each in found.lives if each.journey and since_ms <= each.journey.opened_at < until_ms]
            whole.over += [each for each in found.over if since_ms <= each.broken_at < until_ms]
            deadlines.append(found.next_deadline)
            until_ms = since_ms
        whole.next_deadline = min((each for each in deadlines if each is not None), default=None)
        return whole


def _judged(versions: list[tuple[int, Compiled]], instance: str, opened: Opened, clock: Clock) -> Verdict:
    """By the version effective at the journey's opening, whatever the order in which versions and touchpoints came.

    What a version does not open, an older one may have opened in its own time.
    """
    verdict, until_ms = NOTHING, ENDLESS_MS
    for effective_from_ms, definition in versions:
        verdict = opened.judge(definition, instance, clock)
        if verdict.journey is None:
            until_ms = min(until_ms, effective_from_ms)
        elif verdict.journey.opened_at >= effective_from_ms:
            break
    return verdict if verdict.journey and verdict.journey.opened_at < until_ms else NOTHING


def _soonest(verdicts: Iterable[Verdict]) -> int | None:
    return min((each.next_deadline for each in verdicts if each.next_deadline is not None), default=None)


def _together(parts: Collection[Part]) -> Part:
    """All parts of a person as one; a touchpoint that is there twice counts once."""
    facts: dict[tuple[str, str], Touchpoint] = {}
    for part in parts:
        for fact in part.facts:
            known = facts.get((fact.source, fact.event_id))
            facts[fact.source, fact.event_id] = fact if known is None else better_copy(known, fact)
    lived = [each for part in parts for each in part.lived]
    broken = [each for part in parts for each in part.breakages]
    return Part(0, sorted(facts.values(), key=order_of), lived, broken)


def _moment(opened: Opened, address: str, redirects: int, clock: Clock, now_ms: int) -> Moment:
    return Moment(id_of(opened.person), id_of(address), opened.version, redirects, clock.ms, now_ms)


def _say(
    entry: Entry, instance: str, journey: Journey | None, broken: Iterable[Breakage], rows: Rows, moment: Moment, *, moved: bool
) -> None:
    """What goes with its journey, an episode that another one took in, has moved as the journey has."""
    gone = entry.journey is not None and journey is None
    _say_journey(entry, instance, journey, rows.journeys, moment)
    _say_breakages(entry, broken, rows.breakages, moment, moved=moved or gone)


def _say_breakages(entry: Entry, found: Iterable[Breakage], rows: list[Row], moment: Moment, *, moved: bool) -> None:
    """One that is withdrawn is kept: should it break again, its row says which one it replaces."""
    known = {(kept.row.rule, kept.row.occurrence): kept for kept in entry.breakages}
    kept = []
    for breakage in found:
        before = known.pop((breakage.rule, breakage.occurrence), None)
        kept.append(before if before is not None and before.row == breakage else _said(breakage, before, rows, moment))
    for before in known.values():
        if moved:
            _said(replace(before.row, state="moved"), before, rows, moment)
        elif before.row.state == WITHDRAWN:
            kept.append(before)
        else:
            kept.append(_said(replace(before.row, state=WITHDRAWN), before, rows, moment))
    entry.breakages = kept


def _said(row: Breakage, before: Standing | None, rows: list[Row], moment: Moment) -> Standing:
    broke_anew = before is None or (before.row.state == WITHDRAWN and row.state != "moved")
    detected_at = before.detected_at if before and not broke_anew else moment.now_ms
    rows.append(breakage_row(row, detected_at, before, moment))
    return Standing(row, moment.version, detected_at)


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
