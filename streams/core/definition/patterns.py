"""Text patterns whose cost grows with the text and nothing else: `*` in actions, and regular expressions of RE2."""

from collections.abc import Callable

import re2  # type: ignore[import-untyped]

Matches = Callable[[str], bool]


def wildcard(pattern: str) -> Matches:
    """`*` stands for any text, also none; everything else for itself."""
    start, star, rest = pattern.partition("*")
    if not star:
        return pattern.__eq__
    if not rest:
        return lambda text: text.startswith(start)
    whole = re2.compile("(?s)" + ".*".join(re2.escape(each) for each in pattern.split("*")), _quiet())
    return lambda text: whole.fullmatch(text) is not None


def expression(pattern: str) -> Matches:
    """Found anywhere in the text, unless anchored.  Raises ValueError for what RE2 does not take."""
    try:
        compiled = re2.compile(pattern, _quiet())
    except re2.error as error:
        said = error.args[0]
        raise ValueError(said.decode() if isinstance(said, bytes) else str(said)) from None
    return lambda text: compiled.search(text) is not None


def literal_length(pattern: str) -> tuple[bool, int]:
    """How specific an action pattern is: the greater, the more."""
    return "*" not in pattern, len(pattern.replace("*", ""))


def _quiet() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options
