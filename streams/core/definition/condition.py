"""Conditions, compiled to functions on one value; None stands for a value that is absent."""

from collections.abc import Callable, Iterator

from streams.core.definition.patterns import expression, wildcard
from streams.core.definition.selector import ActionCond, Cond
from streams.core.touchpoint import Scalar

Holds = Callable[[Scalar | None], bool]


def condition(model: Cond) -> Holds:
    """All keys of a condition; each compares with values of its own kind only: text, number, or true and false."""
    return _all_of([*_comparisons(model, _equals), *_bounds(model)])


def action_condition(model: ActionCond) -> Holds:
    return _all_of([*_comparisons(model, _like), *_bounds(model)])


def _comparisons(model: Cond, same: Callable[[Scalar], Holds]) -> Iterator[Holds]:
    if model.is_ is not None:
        yield same(model.is_)
    if model.is_not is not None:
        yield _not(same(model.is_not))
    if model.in_ is not None:
        yield _any_of([same(each) for each in model.in_])
    if model.not_in is not None:
        yield _not(_any_of([same(each) for each in model.not_in]))


def _bounds(model: Cond) -> Iterator[Holds]:
    for bound, compare in (
        (model.at_least, lambda value, bound: value >= bound),
        (model.at_most, lambda value, bound: value <= bound),
        (model.above, lambda value, bound: value > bound),
        (model.below, lambda value, bound: value < bound),
    ):
        if bound is not None:
            yield _bounded(bound, compare)
    if model.exists is not None:
        yield (lambda value: value is not None) if model.exists else (lambda value: value is None)
    if model.matches is not None:
        found = expression(model.matches)
        yield lambda value: isinstance(value, str) and found(value)


def _bounded(bound: Scalar, compare: Callable[[Scalar, Scalar], bool]) -> Holds:
    kind = kind_of(bound)
    return lambda value: value is not None and kind_of(value) == kind and compare(value, bound)


def kind_of(value: Scalar) -> str:
    """Values of different kinds are never equal and have no order: `true` is not 1, `"5"` is not 5."""
    if isinstance(value, str):
        return "text"
    return "truth" if isinstance(value, bool) else "number"


def _equals(wanted: Scalar) -> Holds:
    truth = isinstance(wanted, bool)
    return lambda value: value == wanted and isinstance(value, bool) is truth


def _like(wanted: Scalar) -> Holds:
    matches = wildcard(str(wanted))
    return lambda value: isinstance(value, str) and matches(value)


def _not(holds: Holds) -> Holds:
    return lambda value: not holds(value)


def _any_of(conditions: list[Holds]) -> Holds:
    return lambda value: any(holds(value) for holds in conditions)


def _all_of(conditions: list[Holds]) -> Holds:
    if len(conditions) == 1:
        return conditions[0]
    return lambda value: all(holds(value) for holds in conditions)
