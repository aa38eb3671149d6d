"""Selectors, compiled: what the cheap dimensions of a touchpoint decide is decided once, the rest stays a predicate."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from streams.core.calendar import Calendar
from streams.core.definition.change import Changes, ChangesSeen
from streams.core.definition.condition import Holds, action_condition, condition
from streams.core.definition.patterns import wildcard
from streams.core.definition.read import Read, reader
from streams.core.definition.selector import Selector
from streams.core.definition.values import DIMENSIONS
from streams.core.touchpoint import Touchpoint

Predicate = Callable[[Touchpoint, ChangesSeen], bool]

CHEAP = ("action", "origin", "channel", "direction", "region", "source")  # few values each: a memo by them stays small
BREAKS = "breaks"  # the dimension that only an echo has: the name of its breakage


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one value; `dimension` is empty where the value is an attribute."""

    dimension: str
    read: Read
    holds: Holds


@dataclass(frozen=True, slots=True)
class Ask:
    """What only the touchpoint itself, at its place among the others, can answer."""

    holds: Predicate


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Never:
    part: "Node"


Node = Test | Ask | Every | Some | Never


@dataclass(frozen=True, slots=True)
class Words:
    """What selectors of one definition refer to."""

    journey: str
    calendars: Mapping[str, Calendar]
    changes: Changes
    calendars_used: set[str]

    def selector(self, model: Selector) -> Node:
        """The tree of a selector: all of its keys must hold."""
        parts: list[Node] = []
        if model.action:
            parts.append(Test("action", reader("action"), action_condition(model.action)))
        asked = {dimension: getattr(model, dimension) for dimension in DIMENSIONS}
        parts += [Test(dimension, reader(dimension), condition(each)) for dimension, each in asked.items() if each]
        parts += [Test("", reader(f"attributes.{name}"), condition(each)) for name, each in (model.where or {}).items()]
        parts += [Ask(self.changes.ask(path, change)) for path, change in (model.changes or {}).items()]
        if model.time:
            self.calendars_used.add(model.time.calendar)
            parts.append(Ask(_in_time(self.calendars[model.time.calendar], inside=model.time.inside)))
        if model.breaks:
            parts.append(Test(BREAKS, _nothing, _named(full_name(model.breaks, self.journey))))
        if model.any:
            parts.append(Some(tuple(self.selector(each) for each in model.any)))
        if model.not_:
            parts.append(Never(self.selector(model.not_)))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))


def full_name(breaks: str, journey: str) -> str:
    """`JOURNEY.RULE` of what is written in a definition of `journey`; `*` stays."""
    return breaks if breaks == "*" or "." in breaks else f"{journey}.{breaks}"


def dimensions(node: Node) -> Iterator[str]:
    """The cheap dimensions that a selector asks for; an echo is told by its origin."""
    match node:
        case Test():
            if node.dimension in CHEAP:
                yield node.dimension
            elif node.dimension == BREAKS:
                yield from ("origin", "action")
        case Never():
            yield from dimensions(node.part)
        case Every() | Some():
            for part in node.parts:
                yield from dimensions(part)


def means_breakages(node: Node | None) -> bool:
    match node:
        case Test(dimension):
            return dimension == BREAKS
        case Every(parts) | Some(parts):
            return any(means_breakages(part) for part in parts)
        case Never(part):
            return means_breakages(part)
    return False


def of_echo(node: Node) -> Node | None:
    """What of a selector may select an echo: only what speaks of breakages."""
    match node:
        case Some(parts):
            found = tuple(kept for part in parts if (kept := of_echo(part)))
            return Some(found) if found else None
        case Every(parts):
            return node if any(means_breakages(part) for part in parts if not isinstance(part, Never)) else None
        case Test(dimension):
            return node if dimension == BREAKS else None
    return None


def narrow(node: Node, known: Mapping[str, str]) -> bool | Predicate:
    """What is left of a selector when some dimensions are known: an answer, or a predicate on the touchpoint."""
    match node:
        case Test(dimension, read, holds):
            if dimension in known or dimension == BREAKS:
                return holds(known.get(dimension) or None)
            return lambda touchpoint, _: holds(read(touchpoint))
        case Ask():
            return node.holds
        case Never(part):
            return _opposite(narrow(part, known))
        case Every(parts):
            return _opposite(_one_of([_opposite(narrow(part, known)) for part in parts]))
        case Some(parts):
            return _one_of([narrow(part, known) for part in parts])


def _opposite(answer: bool | Predicate) -> bool | Predicate:
    return not answer if isinstance(answer, bool) else lambda touchpoint, seen: not answer(touchpoint, seen)


def _one_of(answers: list[bool | Predicate]) -> bool | Predicate:
    if True in answers:
        return True
    open_ = [answer for answer in answers if not isinstance(answer, bool)]
    if len(open_) < 2:
        return open_[0] if open_ else False
    return lambda touchpoint, seen: any(answer(touchpoint, seen) for answer in open_)


def _in_time(calendar: Calendar, *, inside: bool) -> Predicate:
    is_open = calendar.is_open
    return lambda touchpoint, _: is_open(touchpoint.occurred_at, touchpoint.region) is inside


def _nothing(_: Touchpoint) -> None:
    return None


def _named(name: str) -> Holds:
    matches = wildcard(name)
    return lambda value: isinstance(value, str) and matches(value)
