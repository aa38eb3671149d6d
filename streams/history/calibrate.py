"""At which threshold how many break: what was observed, and the rule judged at each setting.  Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from streams.core.definition.compile import known_calendars
from streams.core.definition.length import Length, length_of
from streams.core.definition.read import reader
from streams.core.definition.values import UNIT_MS, Span, span
from streams.core.touchpoint import Scalar
from streams.core.verdict import Breakage, Clock
from streams.history.dial import Dial
from streams.history.people import Person, judge_recorded

SHARES = (0.5, 0.75, 0.9, 0.95, 0.99)
COUNTS = (2, 3, 4, 5, 7, 10)
OBSERVED = "calibrated"  # name of a fact or a promise that only we ask for


class Calibration:
    """A rule's threshold over recorded people, as of a clock."""

    def __init__(self, dial: Dial, people: Sequence[Person], clock: Clock) -> None:
        self.dial, self.people, self.clock = dial, people, clock

    def broken(self, setting: Scalar | None) -> int:
        return sum(1 for _ in self._breakages(self.dial.at(setting)))

    def broken_now(self) -> int:
        """As it is set, which may differ by region."""
        return sum(1 for _ in self._breakages(self.dial.with_rule(_nothing)))

    def could(self) -> int:
        """How many could break at all: waits, promises made, counted or compared ones."""
        rule = self.dial.model
        if rule.promise is None:
            return self.broken(self.dial.everything)
        made = [
            (journey.definition, journey.instance, promise.occurrence if rule.per == "occurrence" else "")
            for journey in self._journeys()
            for promise in journey.promises
            if promise.name == rule.promise.of
        ]
        return len(set(made))

    def settings(self) -> list[Scalar]:
        """Those worth a look, ascending: at the quantiles of what was observed; for counts some small numbers."""
        if self.dial.kind == "count":
            return list(COUNTS)
        observed = sorted(self.observed())
        if not observed:
            return []
        if self.dial.kind == "number":
            low = self.dial.place[-1] in ("below", "at_most")
            found = [_quantile(observed, 1 - share if low else share) for share in SHARES]
            return sorted({round(each, 6) for each in found})
        found_ms = [_quantile(observed, share) for share in SHARES]
        unit = " working " if self._is_working() else ""
        return [_said(length_ms, unit) for length_ms in sorted({_round_ms(each) for each in found_ms})]

    def observed(self) -> Iterator[float]:
        """Waits that ended and spans in milliseconds of the rule's own kind of time, or the values that are compared."""
        rule = self.dial.model
        if self.dial.kind == "number":
            yield from self._values()
        elif rule.promise:
            measure = self._length().measure
            for journey in self._journeys():
                for promise in journey.promises:
                    if promise.name == rule.promise.of and promise.state in ("kept", "kept_late") and promise.settled_at:
                        yield measure(promise.made_at, promise.settled_at, journey.region)
        else:
            measure = self._length().measure
            for broken in self._breakages(self.dial.with_rule(self._each)):
                from_ms, to_ms = _span(broken, absence=rule.absence is not None)
                if to_ms is not None:
                    yield measure(from_ms, to_ms, broken.region)

    def _each(self, plain: dict[str, Any]) -> None:
        """Everything that could break, every occurrence on its own, healed by nothing but what was waited for."""
        rule = plain["breakages"][self.dial.rule]
        rule["per"] = "occurrence"
        for name in ("heals", "recovers_within"):
            rule.pop(name, None)
        self.dial.turn(plain, self.dial.everything)

    def _values(self) -> Iterator[float]:
        threshold = self.dial.model.threshold
        assert threshold is not None  # noqa: S101 - the dial is a number
        if threshold.take != "each":
            bundle = self.dial.with_rule(self._kept)
            facts = (fact for journey in self._journeys(bundle) for fact in journey.facts if fact.name == OBSERVED)
            yield from (float(fact.value) for fact in facts if _is_number(fact.value))
            return
        read, at = reader(threshold.value), self._touchpoints()
        for broken in self._breakages(self.dial.with_rule(self._each)):
            value = read(at[broken.evidence[0].source, broken.evidence[0].event_id])
            if _is_number(value):
                yield float(value)  # type: ignore[arg-type]  # a number

    def _kept(self, plain: dict[str, Any]) -> None:
        threshold = plain["breakages"][self.dial.rule]["threshold"]
        plain["keeps"][OBSERVED] = {"of": threshold["of"], "value": threshold["value"], "take": threshold["take"]}

    def _touchpoints(self) -> dict[tuple[str, str], Any]:
        everything = (one for person in self.people for some in (person.whole, *person.objects.values()) for one in some)
        return {(one.source, one.event_id): one for one in everything}

    def _breakages(self, bundle: Any) -> Iterator[Breakage]:
        definition, rule = self.dial.compiled.name, self.dial.rule
        for person in self.people:
            for each in judge_recorded(bundle, person, self.clock).breakages:
                if (each.definition, each.rule) == (definition, rule):
                    yield each

    def _journeys(self, bundle: Any = None) -> Iterator[Any]:
        judged = bundle or self.dial.at(self.dial.everything)
        for person in self.people:
            yield from (each for each in judge_recorded(judged, person, self.clock).journeys if each.definition == self._name)

    @property
    def _name(self) -> str:
        return self.dial.compiled.name

    def _is_working(self) -> bool:
        return any("working" in each for each in (self.dial.now or {}).values())

    def _length(self) -> Length:
        """The time that the threshold is counted in."""
        calendars = known_calendars(self.dial.bundle.calendars)
        unit = span("1 working hours" if self._is_working() else "1h")
        return length_of(unit, calendars[self.dial.compiled.definition.calendar])


def _nothing(_plain: dict[str, Any]) -> None:
    """Left as it is."""


def _span(broken: Breakage, *, absence: bool) -> tuple[int, int | None]:
    """From when to when: a wait to what ended it, else the first proof to the last."""
    if absence:
        return broken.evidence[0].occurred_at, broken.recovered_at
    times = [proof.occurred_at for proof in broken.evidence]
    return min(times), max(times)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _quantile(ascending: Sequence[float], share: float) -> float:
    return ascending[min(len(ascending) - 1, round(share * (len(ascending) - 1)))]


def _round_ms(length_ms: float) -> int:
    """Up to something that one would write: minutes below two hours, hours below three days, else days."""
    bounds = (("s", 2 * UNIT_MS["m"]), ("m", 2 * UNIT_MS["h"]), ("h", 3 * UNIT_MS["d"]))
    unit = next((unit for unit, bound_ms in bounds if length_ms < bound_ms), "d")
    return max(1, -(-round(length_ms) // UNIT_MS[unit])) * UNIT_MS[unit]


def _said(length_ms: int, working: str) -> str:
    names = {"h": "hours", "m": "minutes"}
    units = ("h", "m") if working else ("d", "h", "m", "s")
    unit = next((each for each in units if length_ms % UNIT_MS[each] == 0), "m")
    count = -(-length_ms // UNIT_MS[unit])
    return f"{count}{working}{names[unit]}" if working else f"{count}{unit}"


def in_order(settings: Iterable[Scalar]) -> list[Scalar]:
    """Ascending, lengths by their length; elapsed before working time."""
    return sorted(dict.fromkeys(settings), key=_order)


def _order(setting: Scalar) -> tuple[str, float]:
    if not isinstance(setting, str):
        return "", float(setting)
    found: Span = span(setting)
    return found.unit, float(found.length)
