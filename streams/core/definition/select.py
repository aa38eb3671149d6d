"""Selectors, compiled: what the cheap dimensions of a touchpoint decide is decided once, the rest stays a predicate."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from streams.core.definition.condition import Holds, action_condition, condition
from streams.core.definition.selector import Selector
from streams.core.definition.values import DIMENSIONS
from streams.core.touchpoint import Scalar, Touchpoint, attributes_of, identifiers_of

Read = Callable[[Touchpoint], Scalar | None]
Predicate = Callable[[Touchpoint], bool]

CHEAP = ("action", "origin", "channel", "direction", "region", "source")  # few values each: a memo by them stays small


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one value; `dimension` is empty where the value is an attribute."""

    dimension: str
    read: Read
    holds: Holds


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Never:
    part: "Node"


Node = Test | Every | Some | Never


def reader(path: str) -> Read:
    """What a touchpoint carries at a path; None if nothing.  Of several identifiers of a type the first counts."""
    kind, _, name = path.partition(".")
    if kind == "attributes":
        return lambda touchpoint: attributes_of(touchpoint).get(name)
    if kind == "identifiers":
        return lambda touchpoint: next((value for each, value in identifiers_of(touchpoint) if each == name), None)
    dimension = attrgetter(path)
    return lambda touchpoint: dimension(touchpoint) or None


def selector(model: Selector) -> Node:
    """The tree of a selector: all of its keys must hold."""
    parts: list[Node] = []
    if model.action:
        parts.append(Test("action", reader("action"), action_condition(model.action)))
    asked = {dimension: getattr(model, dimension) for dimension in DIMENSIONS}
    parts += [Test(dimension, reader(dimension), condition(each)) for dimension, each in asked.items() if each]
    parts += [Test("", reader(f"attributes.{name}"), condition(each)) for name, each in (model.where or {}).items()]
    if model.any:
        parts.append(Some(tuple(selector(each) for each in model.any)))
    if model.not_:
        parts.append(Never(selector(model.not_)))
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def dimensions(node: Node) -> Iterator[str]:
    """The cheap dimensions that a selector asks for."""
    match node:
        case Test():
            if node.dimension in CHEAP:
                yield node.dimension
        case Never():
            yield from dimensions(node.part)
        case Every() | Some():
            for part in node.parts:
                yield from dimensions(part)


def narrow(node: Node, known: Mapping[str, str]) -> bool | Predicate:
    """What is left of a selector when some dimensions are known: an answer, or a predicate on the touchpoint."""
    match node:
        case Test(dimension, read, holds):
            if dimension in known:
                return holds(known[dimension] or None)
            return lambda touchpoint: holds(read(touchpoint))
        case Never(part):
            return _opposite(narrow(part, known))
        case Every(parts):
            return _opposite(_one_of([_opposite(narrow(part, known)) for part in parts]))
        case Some(parts):
            return _one_of([narrow(part, known) for part in parts])


def _opposite(answer: bool | Predicate) -> bool | Predicate:
    return not answer if isinstance(answer, bool) else lambda touchpoint: not answer(touchpoint)


def _one_of(answers: list[bool | Predicate]) -> bool | Predicate:
    if True in answers:
        return True
    open_ = [answer for answer in answers if not isinstance(answer, bool)]
    if len(open_) < 2:
        return open_[0] if open_ else False
    return lambda touchpoint: any(answer(touchpoint) for answer in open_)
