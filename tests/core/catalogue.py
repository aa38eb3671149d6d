"""The definitions that ship, their cases, and what a partition of the stream says of a case."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import structs

from streams.core.definition import Bundle, Compiled
from streams.core.definition.model import Case, Given, Rule
from streams.core.identifiers import load_identifiers
from streams.core.journey.cases import told
from streams.core.journey.story import judge_story
from streams.core.log import Activation, IdentityClock, IntakeClock, Touchpoints, pack
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.store import MemoryStore
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Clock
from streams.definitions import load_bundle, shipped

Found = Counter[tuple[str, str, str, int]]  # (definition, rule, state, broken at)


@cache
def alone(name: str) -> tuple[Bundle, Compiled]:
    bundle = load_bundle([shipped()[name]], load_identifiers().kinds)
    return bundle, bundle.definitions[0]


def rules() -> Iterator[tuple[str, str]]:
    """(name of the file, name of the rule) of the whole catalogue."""
    for name in shipped():
        for rule in alone(name)[1].definition.breakages:
            yield name, rule


def cases() -> Iterator[tuple[str, int]]:
    """(name of the file, number of the case)."""
    for name in shipped():
        for number in range(len(alone(name)[1].definition.cases)):
            yield name, number


def case_of(name: str, number: int) -> tuple[Bundle, Compiled, Case]:
    bundle, definition = alone(name)
    return bundle, definition, definition.definition.cases[number]


def has_deadline(rule: Rule) -> bool:
    """Whether it waits for something that may come in time, late or never, for some stretch of time."""
    if rule.absence:
        return rule.absence.within != "journey"
    return rule.promise is not None and rule.promise.revised is None


def has_window(rule: Rule) -> bool:
    return bool((rule.count and rule.count.within) or (rule.sequence and rule.sequence.within))


def states(name: str, rule: str) -> Iterator[str]:
    """What the cases expect of a rule: `none`, `broken`, or the state that they name."""
    for case in alone(name)[1].definition.cases:
        if rule in case.expect:
            expected = case.expect[rule]
            yield expected if isinstance(expected, str) else "broken" if expected else "none"


def at_the_limit(name: str, rule: str) -> Iterator[bool]:
    """For every case in which it is not clear: whether the rule breaks, and would not if one touchpoint came a millisecond later,
    or the other way round."""
    bundle, definition = alone(name)
    for case in definition.definition.cases:
        if rule not in case.expect:
            continue
        breaks = _breaks(bundle, definition, case, rule)
        for number in range(len(case.given)):
            if _breaks(bundle, definition, _later(case, number), rule) != breaks:
                yield breaks


def _later(case: Case, number: int) -> Case:
    one = case.given[number]
    later = Given.model_construct(at_ms=one.at_ms + 1, action=one.action, fields=one.fields, arrives_ms=one.arrives_ms)
    given = [later if each is one else each for each in case.given]
    return Case.model_construct(name=case.name, given=given, at=case.at, expect=case.expect)


def _breaks(bundle: Bundle, definition: Compiled, case: Case, rule: str) -> bool:
    arrivals, end_ms = told(bundle, definition, case)
    found = judge_story(bundle, "person", [each for _, each in arrivals], Clock(end_ms, NEVER))
    return any(each.rule == rule and each.definition == definition.name for each in found.breakages)


def judged(bundle: Bundle, touchpoints: Iterable[Touchpoint], clock_ms: int) -> Found:
    found = judge_story(bundle, "person", list(touchpoints), Clock(clock_ms, NEVER))
    return Counter((each.definition, each.rule, each.state, each.broken_at) for each in found.breakages)


def stranger() -> Touchpoint:
    """Something that no definition asks for."""
    bundle, definition = alone("order")
    one = told(bundle, definition, definition.definition.cases[0])[0][0][1]
    return structs.replace(one, action="page.viewed", direction="inbound", origin="human")


class Stream:
    """One partition that hears of everything; a case's person is its object, or customer `c`."""

    def __init__(self, bundle: Bundle, kind: str) -> None:
        self._pair = (kind, "case") if kind else ("customer", "c")
        self._part = Partition(0, 1, MemoryStore(), Judge(lambda _: bundle))
        self._part.restore("life")
        self._rows: dict[str, tuple[str, str, str, int]] = {}
        self._offset = 0
        self._take(pack(Activation(bundle.content_hash, NEVER)))

    def happen(self, touchpoint: Touchpoint) -> None:
        address = ":".join(self._pair)
        self._take(pack(Touchpoints([structs.replace(touchpoint, identifiers=(self._pair,), address=address)])))

    def clock(self, ms: int) -> None:
        self._take(pack(IntakeClock(1, {0: ms}, {0: NEVER})))
        self._take(pack(IdentityClock(ms, NEVER, 0)))

    def _take(self, record: bytes) -> None:
        while self._part.position.offset <= self._offset:
            outcome = self._part.step([(self._offset, record)], now_ms=0)
            for row in outcome.rows.breakages:
                self._rows[row["cause_key"]] = (row["definition"], row["rule"], row["state"], row["broken_at"])
        self._offset += 1

    def standing(self) -> Found:
        return Counter(row for row in self._rows.values() if row[2] not in ("withdrawn", "moved"))

    def withdrawn(self) -> set[str]:
        """Rules of which something was said that does not stand any more."""
        return {rule for _, rule, state, _ in self._rows.values() if state == "withdrawn"}
