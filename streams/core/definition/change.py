"""`changes`: a value against the one before it, among the touchpoints that carry it."""

from collections.abc import Callable, Sequence

from streams.core.definition.condition import Holds, condition, kind_of
from streams.core.definition.read import Read, reader
from streams.core.definition.selector import Change, Cond
from streams.core.touchpoint import Scalar, Touchpoint

ChangesSeen = int  # a bit for each numbered change that happens with a touchpoint
Value = tuple[str, Scalar]
Asked = tuple[ChangesSeen, Change, Holds, Holds]  # its bit, as it is written, what must hold of the value before and behind


class Changes:
    """The changes that a definition's selectors ask for.  Equal ones share their number."""

    __slots__ = ("_numbers", "_paths")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._paths: dict[str, tuple[Read, list[Asked]]] = {}

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

    def history(self) -> "History":
        return History(list(self._paths.values()))


class History:
    """What a journey's touchpoints have carried so far, at the paths whose changes are asked for."""

    __slots__ = ("_lines",)

    def __init__(self, paths: Sequence[tuple[Read, list[Asked]]]) -> None:
        self._lines = [_Line(read, asked) for read, asked in paths]

    def take(self, touchpoints: Sequence[Touchpoint]) -> list[ChangesSeen]:
        """Touchpoints behind all before.  -> which changes happen with each."""
        found = [0] * len(touchpoints)
        for line in self._lines:
            for position, touchpoint in enumerate(touchpoints):
                found[position] |= line.take(touchpoint)
        return found


class _Line:
    """The values at one path."""

    __slots__ = ("_asked", "_before", "_known", "_read")

    def __init__(self, read: Read, asked: list[Asked]) -> None:
        self._read, self._asked = read, asked
        self._before: Value | None = None
        self._known: set[Value] = set()

    def take(self, touchpoint: Touchpoint) -> ChangesSeen:
        value, before = self._read(touchpoint), self._before
        if value is None or value != value or (now := (kind_of(value), value)) == before:
            return 0
        self._before = now
        bits = _happening(before, now, self._known, self._asked)
        self._known.add(now)
        return bits


def _happening(before: Value | None, now: Value, known: set[Value], asked: list[Asked]) -> ChangesSeen:
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
