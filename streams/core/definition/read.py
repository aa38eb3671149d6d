"""Paths, compiled to functions on a touchpoint."""

from collections.abc import Callable
from operator import attrgetter

from streams.core.touchpoint import Scalar, Touchpoint, attributes_of, identifiers_of

Read = Callable[[Touchpoint], Scalar | None]


def reader(path: str) -> Read:
    """What a touchpoint carries at a path; None if nothing.  Of several identifiers of a type the first counts."""
    kind, _, name = path.partition(".")
    if kind == "attributes":
        return lambda touchpoint: attributes_of(touchpoint).get(name)
    if kind == "identifiers":
        return lambda touchpoint: next((value for each, value in identifiers_of(touchpoint) if each == name), None)
    dimension = attrgetter(path)
    return lambda touchpoint: dimension(touchpoint) or None
