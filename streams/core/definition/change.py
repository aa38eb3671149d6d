"""`changes`: a value against the one before it, among the touchpoints that carry it."""

from collections.abc import Callable, Sequence

from streams.core.definition.condition import Holds, condition, kind_of
from streams.core.definition.read import Read, reader
from streams.core.definition.selector import Change, Cond
from streams.core.touchpoint import Scalar, Touchpoint

ChangesSeen = int  # a bit for each numbered change that happens with a touchpoint
Value = tuple[str, Scalar]


class Changes:
    """The changes that a definition's selectors ask for.  Equal ones share their number."""

    __slots__ = ("_numbers", "_paths")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._paths: dict[str, tuple[Read, list[tuple[int, Change, Holds, Holds]]]] = {}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def ask(self, path: str, change: Change) -> Callable[[Touchpoint, ChangesSeen], bool]:
        text = f"{path} {change.model_dump_json(by_alias=True, exclude_none=True)}"
        number = self._numbers.setdefault(text, len(self._numbers))
        bit = 1 << number
        _, asked = self._paths.setdefault(path, (reader(path), []))
        if all(bit != each[0] for each in asked):
            asked.append((bit, change, _holds(change.from_), _holds(change.to)))
        return lambda _, seen: bool(seen & bit)

    def carries(self, touchpoint: Touchpoint) -> bool:
        """Whether a touchpoint matters for what changes, though nothing else may select it."""
        return any(read(touchpoint) is not None for read, _ in self._paths.values())

    def of(self, touchpoints: Sequence[Touchpoint]) -> list[ChangesSeen]:
        """Which changes happen with each touchpoint, which are in order."""
        found = [0] * len(touchpoints)
        for read, asked in self._paths.values():
            before: Value | None = None
            last: Scalar | None = None
            known: set[Value] = set()
            for position, touchpoint in enumerate(touchpoints):
                value = read(touchpoint)
                if value is None or value != value or (value == last and type(value) is type(last)):
                    continue
                last, now = value, (kind_of(value), value)
                if now != before:
                    found[position] |= _happening(before, now, known, asked)
                    known.add(now)
                before = now
        return found


def _happening(before: Value | None, now: Value, known: set[Value], asked: list[tuple[int, Change, Holds, Holds]]) -> ChangesSeen:
    """Entering counts at the start as well, unless it is asked from where."""
    bits = 0
    for bit, change, from_, to in asked:
        if change.from_ is not None and (before is None or not from_(before[1])):
            continue
        if change.to is not None and change.to.seen is not None and (now in known) is not change.to.seen:
            continue
        if to(now[1]):
            bits |= bit
    return bits


def _holds(model: Cond | None) -> Holds:
    return condition(model) if model is not None and model.model_fields_set - {"seen"} else lambda _: True
